from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from domain.accounts.model import User
from domain.issues.model import MOST_ASSIGNEES, MOST_LABELS, Issue
from domain.issues.queries import IssueFilter, IssueQuery
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project
from domain.projects.ports import ProjectRepository, StateRepository
from domain.shared.actor import Actor
from domain.shared.batches import BatchRun, BatchUow
from domain.shared.pages import Page, PageRequest
from domain.shared.projections import Projection
from domain.shared.repositories import Repository
from domain.workspaces.model import Workspace
from domain.workspaces.ports import MemberRepository


class LinkKind(StrEnum):
    """Collections of an issue that have rows of their own; the value is the name of the field."""

    ASSIGNEES = "assignees"
    LABELS = "labels"

    @property
    def most(self) -> int:
        return MOST_ASSIGNEES if self is LinkKind.ASSIGNEES else MOST_LABELS


LinkChange = tuple[frozenset[str], frozenset[str]]
"""Ids before and after a change."""


class IssueRepository(Repository[Issue], Protocol):
    async def links_of(
        self, issues: Sequence[Issue], kinds: Sequence[LinkKind]
    ) -> Mapping[LinkKind, Mapping[str, frozenset[str]]]:
        """Ids that each of the issues is linked to, by kind and id of the issue. The issues are of one workspace."""
        ...

    async def relink_all(self, workspace_id: str, changes: Mapping[LinkKind, Mapping[str, LinkChange]]) -> None:
        """Writes the links that differ, by kind and id of the issue, of issues of one workspace."""
        ...

    async def lock_tree(self, workspace_id: str) -> None:
        """Locks the issue hierarchy of the workspace against other changes until the transaction ends."""
        ...

    async def ancestor_ids(self, issue: Issue) -> frozenset[str]:
        """The issue's parent, its parent, and so on."""
        ...

    async def numbered(self, workspace_id: str, places: Collection[tuple[str, int]]) -> Collection[tuple[str, int]]:
        """Returns those of these projects and numbers that an issue has."""
        ...

    async def parents_above(self, workspace_id: str, issue_ids: Collection[str]) -> Mapping[str, str | None]:
        """The parent of each of these issues and of all of their ancestors, by issue."""
        ...

    async def purge(self, issue: Issue) -> None:
        """Deletes the issue with its links; raises Conflict if it has children."""
        ...


class MatchingIssues(Protocol):
    """The active issues of a workspace that match a filter and that the actor may see.

    Each method raises InvalidInput for a filter that breaks a rule, LimitExceeded for one that takes too long.
    """

    async def ids(self, actor: Actor, workspace_id: str, filter: IssueFilter, *, most: int) -> Sequence[str]:
        """Ids of at most that many of the issues, in id order."""
        ...

    async def count(self, actor: Actor, workspace_id: str, filter: IssueFilter) -> int:
        """The number of the issues."""
        ...

    async def store(self, actor: Actor, run: BatchRun, filter: IssueFilter) -> int:
        """Stores the ids of the issues as the rows of the run, in id order, and returns their number."""
        ...

    async def still_matching(
        self, actor: Actor, workspace_id: str, filter: IssueFilter, ids: Sequence[str]
    ) -> frozenset[str]:
        """The ids among these whose issues match the filter now."""
        ...


class IssueComments(Protocol):
    async def follow(self, issues: Sequence[Issue]) -> None:
        """Puts the comments of issues of one workspace into the projects that these issues have been moved to."""
        ...

    async def purge_of(self, issue: Issue) -> Sequence[str]:
        """Deletes the comments of an issue and returns their IDs."""
        ...


class IssueUow(BatchUow, Protocol):
    @property
    def issues(self) -> IssueRepository: ...
    @property
    def matching_issues(self) -> MatchingIssues: ...
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
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Issue]:
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

    async def assignees_of_issues(
        self, actor: Actor, issues: Sequence[Issue], projection: Projection = None
    ) -> Sequence[Sequence[User]]:
        """The people assigned to each issue, by name."""
        ...

    async def labels_of_issues(
        self, actor: Actor, issues: Sequence[Issue], projection: Projection = None
    ) -> Sequence[Sequence[Label]]:
        """The labels of each issue, by name."""
        ...

    async def previous_identifiers_of_issues(self, actor: Actor, issues: Sequence[Issue]) -> Sequence[Sequence[str]]:
        """Former identifiers of each issue, newest first, at most 20, in projects that the actor may see."""
        ...
