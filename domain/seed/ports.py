from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.accounts.ports import PasswordRepository, UserRepository
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.projects.model import Project, ProjectMember, State
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork
from domain.workspaces.model import Member, Workspace


class SeedRepository(Protocol):
    async def has_workspace(self, slug: str | None) -> bool:
        """Whether there is a workspace with that slug; with any, for None."""
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
