from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.projects.model import Project, ProjectMember, State
from domain.projects.queries import ProjectMemberQuery, ProjectQuery
from domain.shared.actor import Actor
from domain.shared.batches import BatchRun, BatchUow
from domain.shared.events import Event
from domain.shared.pages import Page, PageRequest
from domain.shared.projections import Projection
from domain.shared.replacements import References
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork
from domain.workspaces.model import Member, Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class StateInProject:
    """A workflow state with the project that it belongs to."""

    state: State
    project: Project


class ProjectRepository(Repository[Project], Protocol):
    """Stores projects with all keys that they have had, which no other project can take."""

    async def next_numbers(self, project: Project, count: int) -> Sequence[int]:
        """The next issue numbers of a project, never given out before; the counter stays locked until the end."""
        ...


class StateRepository(Repository[State], Protocol):
    async def of(self, project: Project, *, and_ids: Collection[str] = (), for_update: bool = False) -> list[State]:
        """The project's states, and those with these ids in its workspace, by position."""
        ...

    async def of_projects(self, workspace_id: str, project_ids: Sequence[str]) -> list[State]:
        """The states of these projects, by position and locked until the transaction ends."""
        ...

    async def place(self, states: Sequence[State]) -> None:
        """Writes the states' positions."""
        ...


class ProjectIssues(Protocol):
    async def ids_in(self, project: Project, *, most: int) -> Sequence[str]:
        """Ids of issues of the project, newest first, archived and trashed ones included."""
        ...

    async def fix_in_project(self, run: BatchRun) -> int:
        """Stores the ids of the issues of the project that the run deletes, as its rows, and returns their number."""
        ...

    async def delete(self, workspace_id: str, project_id: str, ids: Sequence[str], *, now: datetime) -> Sequence[Event]:
        """Deletes those of the issues that are in the project, with everything that refers to them.

        Sub-issues that stay lose their parent; returns their events.
        """
        ...

    async def clear(self, project: Project) -> None:
        """Deletes the states, milestones and guests' memberships of a project without issues."""
        ...

    async def purges(self, workspace_id: str, project_id: str, ids: Sequence[str]) -> Sequence[Event]:
        """Events for those of the issues that no longer exist and have no event of their deletion."""
        ...


class ProjectUow(BatchUow, Protocol):
    @property
    def workspaces(self) -> Repository[Workspace]: ...
    @property
    def projects(self) -> ProjectRepository: ...
    @property
    def states(self) -> StateRepository: ...
    @property
    def issues(self) -> ProjectIssues: ...
    @property
    def state_references(self) -> References[State]: ...


class ProjectMemberUow(UnitOfWork, Protocol):
    @property
    def members(self) -> Repository[Member]: ...
    @property
    def projects(self) -> ProjectRepository: ...
    @property
    def project_members(self) -> Repository[ProjectMember]: ...


class ProjectReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Project]:
        """The projects that the actor may see, by id."""
        ...

    async def by_key(self, actor: Actor, workspace: Workspace, key: str) -> Project | None:
        """The project of the workspace with that key, in any letter case, if the actor may see it."""
        ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: ProjectQuery, request: PageRequest
    ) -> Sequence[Page[Project]]:
        """A page of the projects that the actor may see in each workspace."""
        ...


class StateReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, State]:
        """The states that the actor may see, by id."""
        ...

    async def with_projects_by_ids(
        self, actor: Actor, ids: Sequence[str], projection: Projection = None
    ) -> Mapping[str, StateInProject]:
        """The states that the actor may see, each with its project, by the state's id."""
        ...

    async def of_projects(
        self, actor: Actor, projects: Sequence[Project], projection: Projection = None
    ) -> Sequence[Sequence[State]]:
        """The states of each project, by position."""
        ...


class ProjectMemberReader(Protocol):
    async def by_ids(
        self, actor: Actor, ids: Sequence[str], projection: Projection = None
    ) -> Mapping[str, ProjectMember]:
        """The project memberships that the actor may see, by id."""
        ...

    async def of_projects(
        self, actor: Actor, projects: Sequence[Project], query: ProjectMemberQuery, request: PageRequest
    ) -> Sequence[Page[ProjectMember]]:
        """A page of the guests of each project."""
        ...
