from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from domain.shared.batches import BatchRun, BatchUow
from domain.shared.net_changes import StoredEvent
from domain.shared.repositories import Repository
from domain.shared.undoing import UndoKind
from domain.workspaces.model import Workspace
from domain.workspaces.ports import MemberRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class LastChange:
    """Author and time of the last change of a field."""

    actor_id: str | None
    occurred_at: datetime


class UndoStore(Protocol):
    """The event log inside a Unit of Work."""

    async def events(
        self, workspace_id: str, change_set: int, *, subject_ids: Collection[str] | None = None
    ) -> Sequence[StoredEvent]:
        """The events of the change set in order, with long texts; only those of the given objects, if given."""
        ...

    async def select(self, run: BatchRun, change_set: int, places: Mapping[str, int]) -> int:
        """Stores the objects of the change set as rows of the run, and returns their number.

        `places` has the place of each type of event. An object is at the place of its creation or deletion, or else at
        that of its other events.
        """
        ...

    async def count(self, workspace_id: str, change_set: int, places: Mapping[str, int]) -> int:
        """The number of objects that `select` would store."""
        ...

    async def touched(self, workspace_id: str, change_set: int, types: Collection[str], *, most: int) -> Sequence[str]:
        """Objects of the change set with events of these types, and those with fields that changed later."""
        ...

    async def last_changes(
        self, workspace_id: str, subject_ids: Collection[str], fields: Collection[str], *, change_set: int
    ) -> Mapping[tuple[str, str], LastChange]:
        """The last change of each of the fields of each object after the change set, by object and field."""
        ...


class UndoUow(BatchUow, Protocol):
    @property
    def undo_kinds(self) -> Sequence[UndoKind[Any]]:
        """The kinds of objects of the application whose changes can be undone."""
        ...

    @property
    def workspaces(self) -> Repository[Workspace]: ...
    @property
    def members(self) -> MemberRepository: ...
    @property
    def undo_store(self) -> UndoStore: ...
