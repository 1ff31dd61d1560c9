"""Batches: a request changes up to 1,000 objects in one Unit of Work, and each row is decided by itself.

A service reads set-based what all rows need, decides row by row without I/O inside `Rows.row`, and writes set-based
what `Rows.decided` holds.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Generic, Protocol, Self, TypeVar

from domain.shared.batches import MOST_AT_ONCE
from domain.shared.errors import DomainError, InvalidInput, LimitExceeded, Rejected
from domain.shared.events import TIMES, Event, FieldChange
from domain.shared.stored_errors import read_errors, stored_errors

E = TypeVar("E", bound=Any)
E_co = TypeVar("E_co", covariant=True)
D = TypeVar("D", bound="Decision[Any]")

DRY_RUN_SECONDS = 2.0
MOST_KEPT = 65_536  # characters of JSON
MOST_REPEATED = 20
"""Errors of rows that a refused batch repeats for all of them."""
_INDEX = "*"
"""The index of a row in the path of an error that rows share."""


class OnError(StrEnum):
    """Whether a batch changes nothing, or leaves out some rows, if there are rows with errors."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCommand:
    """Base of the commands of batches. A dry run is carried out and rolled back."""

    on_error: OnError = OnError.ALL_OR_NOTHING
    dry_run: bool = False


class Decision(Protocol[E_co]):
    """The entity of a row before and after the batch; `before` is None for a new one."""

    @property
    def before(self) -> E_co | None: ...
    @property
    def after(self) -> E_co: ...
    @property
    def is_changed(self) -> bool: ...
    @property
    def changes(self) -> Mapping[str, FieldChange]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(Generic[E]):
    """The decision to create an entity."""

    after: E
    event: Event

    @property
    def before(self) -> None:
        return None

    @property
    def is_changed(self) -> bool:
        return True

    @property
    def changes(self) -> Mapping[str, FieldChange]:
        return self.event.changes


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult(Generic[E]):
    """Result of one row: the stored entity, what the batch changed of it, and why the row was refused.

    `subject_id` is None for a new entity that is not stored.
    """

    index: int
    subject_id: str | None
    entity: E | None = None
    changes: Mapping[str, FieldChange] = field(default_factory=dict)
    errors: tuple[DomainError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult(Generic[E]):
    """Result of a batch, its rows in the order of the input. The counts are None if a run changes the rows later.

    `errors` are those that kept all rows from being changed, `planned` the events that a dry run would have written.
    """

    rows: tuple[RowResult[E], ...] = ()
    changed_count: int | None = None
    skipped_count: int | None = None
    batch_run_id: str | None = None
    errors: tuple[DomainError, ...] = ()
    planned: tuple[Event, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether nothing was changed because of errors."""
        return bool(self.errors)

    def kept(self) -> Mapping[str, Any]:
        """The result as it is kept with an idempotency key for retries: ids, refusals and counts, at most 64 KB.

        Refusals that rows share are kept once, and left out if they do not fit. Changes are not kept, because they have
        texts of users.
        """
        known: dict[str, int] = {}
        errors = []
        for row in self.rows:
            for found in stored_errors(row.errors):
                shared = json.dumps(_renamed(found, str(row.index), _INDEX))
                errors.append([row.index, known.setdefault(shared, len(known))])
        kept: dict[str, Any] = {
            "ids": [row.subject_id for row in self.rows],
            "changed": self.changed_count,
            "skipped": self.skipped_count,
            "run": self.batch_run_id,
        }
        whole = kept | {"errors": errors, "refusals": [json.loads(each) for each in known]}
        return whole if len(json.dumps(whole)) <= MOST_KEPT else kept

    @classmethod
    def replayed(cls, kept: Mapping[str, Any], entities: Mapping[str, E], codes: Iterable[StrEnum]) -> Self:
        """The result for a retry, with the entities as they are now, by id; `codes` are those of all slices."""
        codes = list(codes)
        errors: dict[int, list[DomainError]] = {}
        for index, number in kept.get("errors", ()):
            found = _renamed(kept["refusals"][number], _INDEX, str(index))
            errors.setdefault(index, []).extend(read_errors([found], codes))
        rows: Iterable[RowResult[E]] = (
            RowResult(index=index, subject_id=id_, entity=entities.get(id_), errors=tuple(errors.get(index, ())))
            for index, id_ in enumerate(kept["ids"])
        )
        return cls(
            rows=tuple(rows),
            changed_count=kept["changed"],
            skipped_count=kept["skipped"],
            batch_run_id=kept["run"],
        )

    def previewed(self, events: Iterable[Event]) -> Self:
        return replace(self, planned=tuple(events))


@dataclass(slots=True, kw_only=True)
class Row(Generic[E, D]):
    """A row while the service works: the stored entity if there is one, then the decision or the errors."""

    index: int
    subject_id: str | None
    path: tuple[str, ...] = ()
    """Field of the command that has the row's draft."""
    stored: E | None = None
    decision: D | None = None
    errors: tuple[DomainError, ...] = ()

    @property
    def id(self) -> str | None:
        """ID of the row's entity, whether stored or new."""
        return self.subject_id if self.decision is None else str(self.decision.after.id)

    def refuse(self, error: DomainError | Rejected) -> None:
        self.errors = error.errors if isinstance(error, Rejected) else (error,)
        self.decision = None


class Rows(Generic[E, D]):
    """Collects the decisions of a batch, or the errors of its rows."""

    def __init__(self, command: BatchCommand) -> None:
        self._command = command
        self._rows: list[Row[E, D]] = []

    @classmethod
    def of_drafts(cls, command: BatchCommand, field: str, decide: Callable[[Any], D]) -> Self:
        """The rows of the drafts in that field of the command, each decided by itself."""
        rows = cls(command)
        for index, draft in enumerate(getattr(command, field)):
            with rows.row(index) as row, below(field, str(index)):
                row.path = (field, str(index))
                row.decision = decide(draft)
        return rows

    @contextmanager
    def row(self, index: int, subject_id: str | None = None) -> Iterator[Row[E, D]]:
        """The row at that index of the input; errors that are raised inside refuse only this row."""
        row = Row[E, D](index=index, subject_id=subject_id)
        self._rows.append(row)
        try:
            yield row
        except (DomainError, Rejected) as error:
            row.refuse(error)

    def refuse(self, errors: Mapping[str, DomainError], *path: str) -> None:
        """Refuses the rows with these errors, by id, whose paths are below `path` or below the draft."""
        for row in self._rows:
            error = None if row.id is None else errors.get(row.id)
            if error is not None:
                error.path = (*path, *row.path, *error.path)
                row.refuse(error)

    @property
    def decided(self) -> list[D]:
        """Decisions of the rows without errors."""
        return [row.decision for row in self._rows if row.decision is not None]

    def replace(self, decided: Iterable[D]) -> None:
        """Puts these decisions in the place of those of the rows without errors."""
        for row, decision in zip([row for row in self._rows if row.decision is not None], decided, strict=True):
            row.decision = decision

    @property
    def are_refused(self) -> bool:
        """Whether nothing may be written, because a row has an error and the batch is to change all or nothing."""
        return self._command.on_error is OnError.ALL_OR_NOTHING and any(row.errors for row in self._rows)

    def result(self) -> BatchResult[E]:
        is_refused = self.are_refused
        changed = 0 if is_refused else sum(decision.is_changed for decision in self.decided)
        skipped = 0 if is_refused else sum(bool(row.errors) for row in self._rows)
        return BatchResult(
            rows=tuple(self._result(row, is_refused=is_refused) for row in self._rows),
            changed_count=changed,
            skipped_count=skipped,
            errors=tuple(distinct_errors(row.errors for row in self._rows)) if is_refused else (),
        )

    def _result(self, row: Row[E, D], *, is_refused: bool) -> RowResult[E]:
        decision = row.decision
        if decision is None or is_refused:
            return RowResult(index=row.index, subject_id=row.subject_id, entity=row.stored, errors=row.errors)
        changes = {name: change for name, change in decision.changes.items() if name not in TIMES}
        entity = row.stored if self._command.dry_run else decision.after
        subject_id = row.subject_id if entity is None else str(entity.id)
        return RowResult(index=row.index, subject_id=subject_id, entity=entity, changes=changes)


@asynccontextmanager
async def in_time(command: BatchCommand) -> AsyncIterator[None]:
    """Stops a dry run after two seconds, because it locks the rows and changes nothing; raises LimitExceeded."""
    if not command.dry_run:
        yield
        return
    try:
        async with asyncio.timeout(DRY_RUN_SECONDS):
            yield
    except TimeoutError as error:
        message = f"The dry run was stopped after {DRY_RUN_SECONDS:g} seconds. Select fewer objects."
        raise LimitExceeded(message, path=("dry_run",)) from error


@contextmanager
def below(*names: str) -> Iterator[None]:
    """Errors that are raised inside have paths below these fields."""
    try:
        yield
    except DomainError as error:
        error.path = (*names, *error.path)
        raise
    except Rejected as error:
        for each in error.errors:
            each.path = (*names, *each.path)
        raise


def check_number(rows: Sequence[object], path: tuple[str, ...]) -> None:
    """Raises LimitExceeded for more than 1,000 rows."""
    if len(rows) > MOST_AT_ONCE:
        raise LimitExceeded(f"{{field}} must have at most {MOST_AT_ONCE} items.", path=path)


def check_rows(ids: Sequence[str], path: tuple[str, ...]) -> None:
    """Raises LimitExceeded for more than 1,000 rows, InvalidInput for an id that occurs twice."""
    check_number(ids, path)
    if len(set(ids)) < len(ids):
        raise InvalidInput("{field} must not contain an ID twice.", path=path)


def merged_changes(events: Iterable[Event]) -> dict[str, FieldChange]:
    """Changes of several events of one object together, such as the two of an issue that moves to another project."""
    merged: dict[str, FieldChange] = {}
    for event in events:
        for name, change in event.changes.items():
            known = merged.get(name)
            merged[name] = change if known is None else FieldChange(before=known.before, after=change.after)
    return merged


def _renamed(stored: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """The stored error with another field in its path and in its message."""
    path = [new if each == old else each for each in stored["path"]]
    return {
        **stored,
        "path": path,
        "named": {key: new if each == old else each for key, each in stored["named"].items()},
    }


def distinct_errors(errors: Iterable[tuple[DomainError, ...]]) -> list[DomainError]:
    """The first errors of rows, those that many rows share once."""
    found: dict[tuple[Any, ...], DomainError] = {}
    for each in (error for of_row in errors for error in of_row):
        found.setdefault((each.path, each.failure, each.message), each)
        if len(found) == MOST_REPEATED:
            break
    return list(found.values())
