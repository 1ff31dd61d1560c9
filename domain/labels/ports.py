from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.labels.model import Label
from domain.labels.queries import LabelQuery
from domain.shared.actor import Actor
from domain.shared.batches import BatchUow
from domain.shared.errors import Conflict
from domain.shared.pages import Page, PageRequest
from domain.shared.projections import Projection
from domain.shared.replacements import References
from domain.shared.repositories import Repository
from domain.workspaces.model import Workspace


class LabelRepository(Repository[Label], Protocol):
    async def add_new(self, labels: Sequence[Label]) -> Mapping[str, Conflict]:
        """Stores those of the labels whose names are free; of labels with one name, the first.

        Returns the conflicts of the others by their ids.
        """
        ...


class LabelUow(BatchUow, Protocol):
    @property
    def workspaces(self) -> Repository[Workspace]: ...
    @property
    def labels(self) -> LabelRepository: ...
    @property
    def label_references(self) -> References[Label]: ...


class LabelReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Label]:
        """The labels that the actor may see, by id."""
        ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: LabelQuery, request: PageRequest
    ) -> Sequence[Page[Label]]:
        """A page of the labels of each workspace."""
        ...
