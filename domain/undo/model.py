"""Results of undos."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.shared.errors import DomainError
from domain.shared.events import Event
from domain.shared.many import RowResult
from domain.shared.uow import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoneObject(RowResult[Any]):
    """Result of an undo for one object: the changes that it made, and errors for what it left as it was."""

    subject_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoResult(Outcome):
    """Result of an undo. The counts are None if a run makes the changes later.

    `errors` are those that kept everything from being changed, `planned` the events that a dry run would have written.
    """

    rows: tuple[UndoneObject, ...] = ()
    changed_count: int | None = None
    skipped_count: int | None = None
    batch_run_id: str | None = None
    errors: tuple[DomainError, ...] = ()
    planned: tuple[Event, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether nothing was changed because of errors."""
        return bool(self.errors)

    def stored(self) -> Mapping[str, Any]:
        return {name: getattr(self, name) for name in ("changed_count", "skipped_count", "batch_run_id")}

    def previewed(self, events: Iterable[Event]) -> "UndoResult":
        return replace(self, planned=tuple(events))
