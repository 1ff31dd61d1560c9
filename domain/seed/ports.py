from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.accounts.ports import PasswordRepository, UserRepository
from domain.comments.model import Comment
from domain.issues.model import Issue, IssueId
from domain.labels.model import Label
from domain.projects.model import Project, ProjectMember, State
from domain.seed.model import SeedRun, StoredScene
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork
from domain.workspaces.model import Member, Workspace


class SeedRepository(Protocol):
    async def has_workspace(self, slug: str | None) -> bool:
        """Whether there is a workspace with that slug; with any, for None."""
        ...

    async def is_first_workspace(self) -> bool:
        """Whether the database has one workspace, such as the one that this transaction has added."""
        ...

    async def unfinished(self, slug: str) -> SeedRun | None:
        """The interrupted run for the workspace with that slug, locked."""
        ...

    async def begin(self, run: SeedRun, *, is_bulk: bool) -> None:
        """Stores the run; a bulk run drops the indexes that serve no constraint until all issues are stored."""
        ...

    async def advance(self, workspace_id: str, done: int) -> None:
        """Stores how many issues are stored."""
        ...

    async def build_next_index(self, workspace_id: str) -> int | None:
        """Rebuilds one dropped index and returns how many are left; None if there was none."""
        ...

    async def finish(self, workspace_id: str) -> None:
        """Deletes the run and collects the statistics of the tables."""
        ...

    async def stored_scene(self, workspace_id: str) -> StoredScene:
        """Objects of the workspace of a run, apart from issues and comments."""
        ...

    async def last_issues(self, project: Project, most: int) -> Mapping[int, IssueId]:
        """IDs of the last issues of the project by their numbers."""
        ...

    async def add_issues(
        self,
        issues: Sequence[Issue],
        *,
        assignees: Mapping[str, Sequence[str]],
        labels: Mapping[str, Sequence[str]],
        comments: Sequence[Comment],
    ) -> None:
        """Stores many issues with their comments and links, and counts their numbers as given out."""
        ...


class SeedUow(UnitOfWork, Protocol):
    @property
    def users(self) -> UserRepository: ...
    @property
    def passwords(self) -> PasswordRepository: ...
    @property
    def workspaces(self) -> Repository[Workspace]: ...
    @property
    def members(self) -> Repository[Member]: ...
    @property
    def project_members(self) -> Repository[ProjectMember]: ...
    @property
    def projects(self) -> Repository[Project]: ...
    @property
    def states(self) -> Repository[State]: ...
    @property
    def labels(self) -> Repository[Label]: ...
    @property
    def seed(self) -> SeedRepository: ...
