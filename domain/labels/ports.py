from collections.abc import Sequence
from typing import Protocol

from domain.labels.model import Label
from domain.labels.queries import LabelQuery
from domain.shared.actor import Actor
from domain.shared.pages import Page, PageRequest
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork
from domain.workspaces.model import Workspace


class LabeledIssues(Protocol):
    async def detach_label(self, label: Label) -> int:
        """Removes the label from all issues and returns their number."""
        ...


class LabelUow(UnitOfWork, Protocol):
    @property
    def workspaces(self) -> Repository[Workspace]: ...
    @property
    def labels(self) -> Repository[Label]: ...
    @property
    def issues(self) -> LabeledIssues: ...


class LabelReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Label]:
        """The labels that the actor may see, by id."""
        ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: LabelQuery, request: PageRequest
    ) -> Sequence[Page[Label]]:
        """A page of the labels of each workspace."""
        ...
