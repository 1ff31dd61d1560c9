from collections.abc import Collection, Sequence
from typing import Protocol

from domain.accounts.model import User
from domain.issues.model import Issue
from domain.issues.queries import IssueParent, IssueQuery
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.ports import ProjectRepository, StateRepository
from domain.shared.actor import Actor
from domain.shared.pages import Page, PageRequest
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork
from domain.workspaces.ports import MemberRepository


class IssueRepository(Repository[Issue], Protocol):
    async def assignee_ids(self, issue_id: str) -> frozenset[str]:
        """The people assigned to an issue."""
        ...

    async def label_ids(self, issue_id: str) -> frozenset[str]:
        """The labels of an issue."""
        ...

    async def assign(self, issue_id: str, *, add: Collection[str], remove: Collection[str]) -> None:
        """Assigns and unassigns people."""
        ...

    async def label(self, issue_id: str, *, add: Collection[str], remove: Collection[str]) -> None:
        """Puts labels on and takes labels off."""
        ...

    async def lock_tree(self, workspace_id: str) -> None:
        """Lets one transaction at a time change which issue is under which, until it ends."""
        ...

    async def ancestor_ids(self, issue_id: str) -> frozenset[str]:
        """The issue's parent, its parent, and so on."""
        ...

    async def purge(self, issue: Issue) -> None:
        """Deletes the issue with its links; raises Conflict if other issues are under it."""
        ...


class IssueComments(Protocol):
    async def purge_of(self, issue_id: str) -> int:
        """Deletes the comments of an issue and returns their number."""
        ...


class IssueUow(UnitOfWork, Protocol):
    @property
    def issues(self) -> IssueRepository: ...
    @property
    def comments(self) -> IssueComments: ...
    @property
    def projects(self) -> ProjectRepository: ...
    @property
    def states(self) -> StateRepository: ...
    @property
    def milestones(self) -> Repository[Milestone]: ...
    @property
    def labels(self) -> Repository[Label]: ...
    @property
    def members(self) -> MemberRepository: ...


class IssueReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Issue]:
        """Those of the issues that the actor may see, trashed ones included, by id."""
        ...

    async def by_identifier(self, actor: Actor, workspace_id: str, identifier: str) -> Issue | None:
        """The issue with that identifier in a workspace that is proved visible, if the actor may see it."""
        ...

    async def pages_of(
        self, actor: Actor, parent: IssueParent, parent_ids: Sequence[str], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        """One page of what the actor may see under each parent, in the order of the ids; the parents are visible."""
        ...

    async def assignees_of(self, issue_ids: Sequence[str]) -> Sequence[Sequence[User]]:
        """The people assigned to each issue by name, in the order of the ids."""
        ...

    async def labels_of(self, issue_ids: Sequence[str]) -> Sequence[Sequence[Label]]:
        """The labels of each issue by name, in the order of the ids."""
        ...
