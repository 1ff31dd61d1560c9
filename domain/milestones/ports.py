from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.milestones.model import Milestone
from domain.milestones.queries import MilestoneQuery
from domain.projects.model import Project
from domain.shared.actor import Actor
from domain.shared.pages import Page, PageRequest
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork


class MilestoneIssues(Protocol):
    async def replan(self, source: Milestone, target: Milestone, *, now: datetime) -> int:
        """Moves every issue from one milestone to the other and returns their number."""
        ...


class MilestoneUow(UnitOfWork, Protocol):
    @property
    def projects(self) -> Repository[Project]: ...
    @property
    def milestones(self) -> Repository[Milestone]: ...
    @property
    def issues(self) -> MilestoneIssues: ...


class MilestoneReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Milestone]:
        """The milestones that the actor may see, by id."""
        ...

    async def of_projects(
        self, actor: Actor, projects: Sequence[Project], query: MilestoneQuery, request: PageRequest
    ) -> Sequence[Page[Milestone]]:
        """A page of the milestones of each project."""
        ...
