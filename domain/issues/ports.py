from collections.abc import Collection, Sequence
from typing import Protocol

from domain.accounts.model import User
from domain.issues.model import Issue
from domain.issues.queries import IssueQuery
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project
from domain.projects.ports import ProjectRepository, StateRepository
from domain.shared.actor import Actor
from domain.shared.pages import Page, PageRequest
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork
from domain.workspaces.model import Workspace
from domain.workspaces.ports import MemberRepository


class IssueRepository(Repository[Issue], Protocol):
    async def assignee_ids(self, issue: Issue) -> frozenset[str]:
        """The people assigned to an issue."""
        ...

    async def label_ids(self, issue: Issue) -> frozenset[str]:
        """The labels of an issue."""
        ...

    async def assign(self, issue: Issue, *, add: Collection[str], remove: Collection[str]) -> None:
        """Assigns and unassigns people."""
        ...

    async def label(self, issue: Issue, *, add: Collection[str], remove: Collection[str]) -> None:
        """Adds and removes labels of an issue."""
        ...

    async def lock_tree(self, workspace_id: str) -> None:
        """Locks the issue hierarchy of the workspace against other changes until the transaction ends."""
        ...

    async def ancestor_ids(self, issue: Issue) -> frozenset[str]:
        """The issue's parent, its parent, and so on."""
        ...

    async def purge(self, issue: Issue) -> None:
        """Deletes the issue with its links; raises Conflict if it has children."""
        ...


class IssueComments(Protocol):
    async def purge_of(self, issue: Issue) -> Sequence[str]:
        """Deletes the comments of an issue and returns their IDs."""
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
        """The issues that the actor may see, trashed ones included, by id."""
        ...

    async def by_identifier(self, actor: Actor, workspace: Workspace, identifier: str) -> Issue | None:
        """The issue of the workspace with that identifier, in any letter case, if the actor may see it.

        Former identifiers find the issue too, if no other issue has them: those with a former key of its project, and
        those that it had before it was moved to this project. Guests have to see the former project as well.
        """
        ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        """A page of the issues that the actor may see in each workspace."""
        ...

    async def of_projects(
        self, actor: Actor, projects: Sequence[Project], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        """A page of the issues of each project."""
        ...

    async def of_milestones(
        self, actor: Actor, milestones: Sequence[Milestone], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        """A page of the issues planned for each milestone."""
        ...

    async def children_of_issues(
        self, actor: Actor, issues: Sequence[Issue], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        """A page of the children of each issue that the actor may see."""
        ...

    async def assignees_of_issues(self, actor: Actor, issues: Sequence[Issue]) -> Sequence[Sequence[User]]:
        """The people assigned to each issue, by name."""
        ...

    async def labels_of_issues(self, actor: Actor, issues: Sequence[Issue]) -> Sequence[Sequence[Label]]:
        """The labels of each issue, by name."""
        ...

    async def previous_identifiers_of_issues(self, actor: Actor, issues: Sequence[Issue]) -> Sequence[Sequence[str]]:
        """Former identifiers of each issue, newest first, at most 20, in projects that the actor may see."""
        ...
