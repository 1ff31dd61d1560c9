from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.milestones.model import Milestone
from domain.milestones.queries import MilestoneQuery
from domain.projects.model import Project
from domain.shared.actor import Actor
from domain.shared.batches import BatchUow
from domain.shared.pages import Page, PageRequest
from domain.shared.projections import Projection
from domain.shared.replacements import References
from domain.shared.repositories import Repository


class MilestoneUow(BatchUow, Protocol):
    @property
    def projects(self) -> Repository[Project]: ...
    @property
    def milestones(self) -> Repository[Milestone]: ...
    @property
    def milestone_references(self) -> References[Milestone]: ...


class MilestoneReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Milestone]:
        """The milestones that the actor may see, by id."""
        ...

    async def of_projects(
        self, actor: Actor, projects: Sequence[Project], query: MilestoneQuery, request: PageRequest
    ) -> Sequence[Page[Milestone]]:
        """A page of the milestones of each project."""
        ...
