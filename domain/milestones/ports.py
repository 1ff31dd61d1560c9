from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.milestones.model import Milestone
from domain.milestones.queries import MilestoneQuery
from domain.projects.model import Project
from domain.shared.actor import Actor
from domain.shared.batches import BatchRun, BatchUow
from domain.shared.pages import Page, PageRequest
from domain.shared.repositories import Repository


class MilestoneIssues(Protocol):
    async def exceed_in_milestone(self, milestone: Milestone, *, most: int) -> bool:
        """Whether more than that many issues are planned for the milestone."""
        ...

    async def fix_in_milestone(self, run: BatchRun) -> int:
        """Stores the ids of the issues of the milestone that the run replaces, as its rows; returns their number."""
        ...

    async def replan_some(self, ids: Sequence[str], source: Milestone, target: Milestone, *, now: datetime) -> int:
        """Moves those of the issues that are planned for the first milestone to the other; returns their number."""
        ...

    async def replan(self, source: Milestone, target: Milestone, *, now: datetime) -> int:
        """Moves every issue from one milestone to the other and returns their number."""
        ...


class MilestoneUow(BatchUow, Protocol):
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
