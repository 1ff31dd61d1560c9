"""Parts of the worlds that API tests begin with, whatever an application keeps in its workspaces."""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import strawberry
from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.accounts.model import User
from domain.app import App
from domain.auth.model import Session
from domain.shared.actor import Actor, Role
from domain.workspaces.model import Invitation, Member, Workspace
from infra.audit.tables import EventRow
from infra.db.list_sizes import ListSizes
from tests.client import Client
from tests.factories.accounts import UserFactory
from tests.factories.auth import SessionFactory
from tests.factories.workspaces import InvitationFactory, MemberFactory
from tests.patience import PATIENCE
from tests.stored_entities import Repositories, add_entities, opened
from tests.stored_rows import stored_rows


@dataclass(frozen=True, kw_only=True)
class Team:
    """A workspace with a person for each role, and an invitation that the owner has sent by a link."""

    workspace: Workspace
    people: dict[Role, User]
    members: dict[Role, Member]
    sessions: dict[Role, Session]
    invitation: Invitation

    @staticmethod
    def of(workspace: Workspace) -> "Team":
        people = {role: UserFactory(name=role.value.title()) for role in Role}
        return Team(
            workspace=workspace,
            people=people,
            members={
                role: MemberFactory(workspace=workspace, user_id=user.id, role=role) for role, user in people.items()
            },
            sessions={role: SessionFactory(user_id=user.id) for role, user in people.items()},
            invitation=InvitationFactory(workspace=workspace, created_by_id=people[Role.OWNER].id),
        )

    @property
    def entities(self) -> list[Any]:
        return [
            self.workspace,
            *self.people.values(),
            *self.members.values(),
            *self.sessions.values(),
            self.invitation,
        ]

    @property
    def area_id(self) -> str:
        """ID of the area that the guest sees."""
        raise NotImplementedError


P = TypeVar("P", bound=Team)


@dataclass(frozen=True, kw_only=True)
class TwoWorkspaces(Generic[P]):
    """Two workspaces that know nothing of each other."""

    schema: ClassVar[strawberry.Schema]
    repositories: ClassVar[Repositories]
    further: ClassVar[tuple[Table, ...]] = ()
    """Tables that the migrations do not create."""

    app: App
    engine: AsyncEngine
    here: P
    elsewhere: P

    def client(self, role: Role | None) -> Client:
        """A client with that role here, or of another workspace."""
        place = self.here if role else self.elsewhere
        chosen = role or Role.OWNER
        session = place.sessions[chosen]
        actor = Actor(
            user_id=session.user_id,
            session_id=session.id,
            expires_at=session.expires_at,
            roles={place.workspace.id: chosen},
            areas={place.workspace.id: frozenset({place.area_id})} if chosen is Role.GUEST else {},
        )
        return Client(self.app, actor, self.schema)

    @property
    def member(self) -> Client:
        return self.client(Role.MEMBER)

    @property
    def owner(self) -> Client:
        return self.client(Role.OWNER)

    async def store(self, *entities: Any) -> None:
        async with self.engine.begin() as connection:
            await add_entities(connection, self.repositories, entities)

    async def rows(self) -> dict[str, list[str]]:
        """Stored rows by table, to prove that nothing has changed."""
        return await stored_rows(self.engine, further=self.further)

    async def stored(self, kind: type, id: str) -> Any:
        """The entity as the database has it, None if it has not."""
        async with self.engine.connect() as connection:
            return await opened(self.repositories[kind], connection, ListSizes()).by_id(id)

    async def until_blocked(self, task: asyncio.Task[Any]) -> None:
        """Looks until some statement in this database waits for a lock that another transaction holds."""
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with asyncio.timeout(PATIENCE), self.engine.connect() as connection:
            while not (await connection.scalar(waiting)):
                assert not task.done(), task.result()
                await connection.rollback()
                await asyncio.sleep(0.01)

    async def events(self, workspace_id: str | None = None) -> list[tuple[int, str, str, dict[str, Any]]]:
        """Revision, type, subject and changes of every event of the workspace (this one), in order."""
        columns = (EventRow.revision, EventRow.type, EventRow.subject_id, EventRow.changes)
        workspace_id = workspace_id or self.here.workspace.id
        here = select(*columns).where(EventRow.workspace_id == workspace_id).order_by(EventRow.revision)
        async with self.engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(here)]
