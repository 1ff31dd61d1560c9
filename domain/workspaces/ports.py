from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from domain.accounts.model import User
from domain.accounts.ports import PasswordRepository
from domain.accounts.ports import UserRepository as AccountRepository
from domain.auth.ports import AuthUow
from domain.shared.actor import Actor
from domain.shared.events import Event
from domain.shared.pages import Page, PageRequest
from domain.shared.projections import Projection
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork
from domain.workspaces.model import Invitation, Member, Workspace
from domain.workspaces.queries import MemberQuery


class MemberRepository(Repository[Member], Protocol):
    async def owners(self, workspace_id: str) -> list[Member]:
        """The owners of a workspace, locked until the end of the transaction."""
        ...

    async def places_of(self, user_id: str) -> list[Member]:
        """A user's memberships in all workspaces."""
        ...

    async def of(self, workspace_id: str) -> list[Member]:
        """Every member of a workspace, in id order."""
        ...

    async def are_in(self, workspace_id: str, user_ids: Sequence[str]) -> bool:
        """Whether all these people are members of the workspace."""
        ...

    async def among(self, workspace_id: str, user_ids: Collection[str]) -> frozenset[str]:
        """Returns those of these people who are members of the workspace."""
        ...

    async def who_see(
        self, workspace_id: str, area_ids: Collection[str], user_ids: Collection[str]
    ) -> Mapping[str, frozenset[str]]:
        """For each of these areas, those of the people who are members of the workspace and no guests outside it."""
        ...

    async def has_address(self, workspace_id: str, email: str) -> bool:
        """Whether a member of the workspace has that address, in constant time for every address."""
        ...

    async def of_user(self, workspace_id: str, user_id: str) -> Member | None:
        """A user's membership in the workspace, locked until the end of the transaction."""
        ...


class InvitationRepository(Repository[Invitation], Protocol):
    async def by_digest(self, digest: str) -> Invitation | None:
        """The invitation whose last secret has that digest, locked until the end of the transaction."""
        ...

    async def open_for(self, workspace_id: str, email: str) -> Invitation | None:
        """The open invitation for the address, expired or not, locked until the end of the transaction."""
        ...


class UserRepository(AccountRepository, Protocol):
    async def by_id(self, entity_id: str, *, for_update: bool = False) -> User | None:
        """The user with the ID, placeholders included."""
        ...


class Areas(Protocol):
    """The parts of a workspace to which guests get access one by one. A later slice defines them."""

    async def require(self, actor: Actor, workspace_id: str, area_ids: Sequence[str]) -> None:
        """Raises NotFound unless all are areas of the workspace that the actor sees, WrongId for other ids."""
        ...

    async def let_in(self, guest: Member, area_ids: Sequence[str], *, now: datetime) -> Sequence[Event]:
        """Puts a new guest into those of the areas that still exist, and returns the events to record."""
        ...

    async def leave_all(self, member: Member) -> Sequence[Event]:
        """Removes the member from all areas, and returns the events to record."""
        ...


class WorkspaceUow(UnitOfWork, Protocol):
    @property
    def workspaces(self) -> Repository[Workspace]: ...
    @property
    def members(self) -> MemberRepository: ...
    @property
    def invitations(self) -> InvitationRepository: ...
    @property
    def users(self) -> UserRepository: ...
    @property
    def passwords(self) -> PasswordRepository: ...
    @property
    def areas(self) -> Areas: ...


class WorkspaceContents(Protocol):
    async def hide(self, workspace: Workspace, *, now: datetime) -> None:
        """Takes the workspace from everyone: frees its slug and deletes its memberships and invitations."""
        ...

    async def delete_some(self, workspace_id: str, position: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Deletes a bounded number of rows of a hidden workspace, which is deleted with the last one.

        Returns the position to go on from, with the number of deleted rows as `done` and a `share` from 0 to 1; None
        at the end. An empty position is the beginning.
        """
        ...


class WorkspaceFiles(Protocol):
    """The stored files of workspaces. A later slice has them."""

    async def forget(self, workspace_id: str) -> Sequence[str]:
        """Deletes the rows of the workspace's files, and returns the ids of all files that the workspace names."""
        ...


class CascadeUow(WorkspaceUow, Protocol):
    @property
    def workspace_contents(self) -> WorkspaceContents: ...
    @property
    def workspace_files(self) -> WorkspaceFiles: ...

    async def end_jobs(self, workspace_id: str) -> None:
        """Ends the jobs of the workspace; those that run cannot commit any more."""
        ...


class SecurityLog(Protocol):
    async def forget_origins(self, user_id: str) -> None:
        """Erases IP addresses and devices from log entries about the user and from those that the user caused."""
        ...


class DeletionUow(WorkspaceUow, AuthUow, Protocol):
    @property
    def security_log(self) -> SecurityLog: ...


class WorkspaceReader(Protocol):
    async def by_slug(self, actor: Actor, slug: str) -> Workspace | None:
        """The workspace with that slug, in any letter case, if the actor is a member."""
        ...

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Workspace]:
        """The workspaces that the actor is a member of, by id."""
        ...

    async def page(self, actor: Actor, request: PageRequest) -> Page[Workspace]:
        """The workspaces that the actor is a member of, by slug."""
        ...

    async def revisions_of_workspaces(self, actor: Actor, workspaces: Sequence[Workspace]) -> Sequence[int]:
        """The last revision of each workspace, 0 before the first."""
        ...


class MemberReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Member]:
        """The members that the actor may see, by id."""
        ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: MemberQuery, request: PageRequest
    ) -> Sequence[Page[Member]]:
        """A page of the members whom the actor may see in each workspace."""
        ...


class InvitationReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Invitation]:
        """The invitations to workspaces that the actor belongs to, by id."""
        ...

    async def open_of_workspaces(
        self, workspaces: Sequence[Workspace], request: PageRequest
    ) -> Sequence[Page[Invitation]]:
        """A page of the invitations to each workspace that are neither accepted nor revoked, the newest first."""
        ...
