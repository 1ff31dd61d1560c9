"""Port: the Unit of Work, one transaction per use case."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Generic, Protocol, Self, TypeVar

from domain.shared.actor import Actor
from domain.shared.conflicts import ChangedMeanwhile
from domain.shared.events import Event, FieldChange
from domain.shared.jobs import Job, Progress
from domain.shared.security import SecurityEventKind
from domain.shared.unset import Changes

T = TypeVar("T")
V = TypeVar("V")
R = TypeVar("R")
U_co = TypeVar("U_co", covariant=True)
P = TypeVar("P", bound="Previewed")

NO_LINKS: Mapping[str, FieldChange] = MappingProxyType({})
IDEMPOTENCY_KEYS_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Generic[T]):
    """Result of a write, with the last revision of the workspace (None if no workspace changed)."""

    value: T
    revision: int | None

    def of(self, value: V) -> "Written[V]":
        """The result with another value and an unchanged revision."""
        return Written(value=value, revision=self.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A result that is neither an entity nor an id. Its fields are kept with the actor's idempotency key, so that a
    retry gets an identical result: ids, numbers and flags, never a secret or text of a user."""


class Replayed(Exception):
    """The request was executed before with this idempotency key, and is not executed again."""

    def __init__(self, subject_id: str | None, revision: int | None, outcome: Mapping[str, Any]) -> None:
        super().__init__("This request has been carried out before.")
        self.subject_id = subject_id
        self.revision = revision
        self.outcome = outcome


class Previewed(Protocol):
    """The result of a use case that can end without a commit."""

    def previewed(self, events: Iterable[Event]) -> Self:
        """The result with the events that a commit would have written."""
        ...


class UnitOfWork(Protocol):
    """A transaction of one use case, rolled back unless it is committed."""

    @property
    def now(self) -> datetime:
        """The time of the transaction, which all that it changes and its events carry."""
        ...

    async def check_unchanged(
        self, before: Any, after: Any, changes: Changes, *, links: Mapping[str, FieldChange] = NO_LINKS
    ) -> None:
        """Raises ChangedMeanwhile if a later revision than the expected one changed a field that `changes` changes.

        Does nothing without an expected revision. `before` is the locked entity, and `links` are the changes of its
        collections. Raises InvalidInput for a revision that the workspace does not have yet, and RevisionGone for one
        before the log begins.
        """
        ...

    async def changed_meanwhile(
        self, workspace_id: str, edits: Iterable[tuple[Any, Any, Mapping[str, FieldChange]]], changes: Changes
    ) -> Mapping[str, ChangedMeanwhile]:
        """The conflicts that `check_unchanged` raises, by ID, for many entities in one statement.

        `edits` are the locked entities before and after, with the changes of their collections.
        """
        ...

    async def check_order_unchanged(self, ordered: Sequence[Any], field: str, changes: Changes) -> None:
        """Raises ChangedMeanwhile if a later revision than the expected one changed the order of these entities.

        `ordered` are the locked entities of one container by position, at least one, and `field` of `changes` has the
        IDs in the new order. An entity that was added or deleted since changes the order too. Otherwise like
        `check_unchanged`.
        """
        ...

    def record(self, event: Event) -> None:
        """Adds the event to the workspace's log when the transaction commits."""
        ...

    def note(
        self,
        kind: SecurityEventKind,
        *,
        user_id: str | None,
        subject_id: str | None = None,
        workspace_id: str | None = None,
    ) -> None:
        """Adds an event of the user's account to the security log when the transaction commits."""
        ...

    def enqueue(self, job: Job, *, run_at: datetime | None = None, workspace_id: str | None = None) -> str:
        """Adds the job when the transaction commits, due now or at the given time, and returns its id."""
        ...

    def start(self, run: R, event: Event, add: Callable[[R], Awaitable[None]]) -> None:
        """Records the event, and adds the run of a job when the transaction commits.

        The commit sets the field `change_set` of the run to its revision, which the job's actor then passes on to all
        that it changes.
        """
        ...

    async def forget_texts(self, workspace_id: str, ids: Collection[str]) -> None:
        """Removes the texts of permanently deleted objects from their earlier events."""
        ...

    def checkpoint(self, state: Mapping[str, Any], *, progress: Progress) -> None:
        """Makes the commit of a job's actor store this state in place of marking the job done."""
        ...

    async def commit(self, value: T) -> Written[T]:
        """Commits the transaction. Called once, as the last step. Raises LeaseLost if the job's lease was lost."""
        ...

    async def preview(self, value: P) -> Written[P]:
        """Ends the transaction without changing anything. Called once, as the last step, in place of `commit`.

        The value gets the events that a commit would have written. No revision is given, and the idempotency key is not
        spent.
        """
        ...


class LeaseLost(Exception):
    """The job's lease was lost to another worker. The transaction is rolled back."""


class OpenUow(Protocol[U_co]):
    def __call__(self, actor: Actor) -> AbstractAsyncContextManager[U_co]:
        """Opens a Unit of Work; raises InsufficientScope for an API key that may only read, Replayed if the actor's
        idempotency key is spent."""
        ...


class RowCounter(Protocol):
    """Number of rows that a read scope has read so far."""

    rows_read: int


class ReadScope(Protocol):
    def __call__(self, *, is_current: bool = False) -> AbstractAsyncContextManager[RowCounter]:
        """Opens a scope whose reads share one connection, taken at the first read, and whose rows are counted.

        Reads with `is_current` see all that was committed; others may be some seconds behind other accounts.
        """
        ...
