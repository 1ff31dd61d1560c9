"""Batch runs: changes of many rows, made by a job in batches with one Unit of Work each."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, NewType, Protocol

from domain.shared.actor import Actor, Cause
from domain.shared.deleted_objects import DeletedObjects
from domain.shared.errors import DomainError
from domain.shared.events import FieldChange
from domain.shared.jobs import Progress
from domain.shared.repositories import Repository
from domain.shared.uow import Outcome, UnitOfWork

BatchRunId = NewType("BatchRunId", str)
BatchKind = NewType("BatchKind", str)
"""Kind of a batch run, in capitals as in the API. Slices define kinds, and enter the work of each in their slice.py."""

MOST_AT_ONCE = 1_000
"""Rows that one request changes by itself; a batch run changes more."""
BATCH_SIZE = 500
"""Rows of one batch: few enough that writers of the same rows wait for less than a second."""
RUNS_KEPT = timedelta(days=7)


class BatchState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRun:
    """A run over rows that are fixed when it begins to work, or when it is started.

    `subject_id` is the object that is replaced or deleted, or the workspace whose objects are updated; `target_id` is
    the replacement. `done` counts the rows of finished batches: those that changed, those that were skipped, and those
    that needed no change. `position` counts finished batches; `total` is null until the rows are fixed. `change_set` is
    the revision of the commit that started the run.
    """

    prefix: ClassVar[str] = "bat"

    id: BatchRunId
    workspace_id: str
    kind: BatchKind
    subject_id: str
    target_id: str | None
    job_id: str
    state: BatchState
    failure: str | None
    done: int
    total: int | None
    position: int
    changed_count: int
    skipped_count: int
    change_set: int
    started_by_id: str | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None

    @classmethod
    def begun(
        cls,
        *,
        id: BatchRunId,
        workspace_id: str,
        kind: BatchKind,
        subject_id: str,
        target_id: str | None,
        job_id: str,
        started_by_id: str | None,
        now: datetime,
    ) -> "BatchRun":
        """A new run. Its commit sets `change_set`, because only then the revision is known."""
        return cls(
            id=id,
            workspace_id=workspace_id,
            kind=kind,
            subject_id=subject_id,
            target_id=target_id,
            job_id=job_id,
            state=BatchState.WAITING,
            failure=None,
            done=0,
            total=None,
            position=0,
            changed_count=0,
            skipped_count=0,
            change_set=0,
            started_by_id=started_by_id,
            created_at=now,
            updated_at=now,
            finished_at=None,
        )

    @property
    def progress(self) -> Progress:
        share = 1.0 if self.state is BatchState.DONE else self.done / self.total if self.total else 0.0
        return Progress(done=self.done, total=self.total, share=min(share, 1.0))

    @property
    def is_over(self) -> bool:
        return self.state in (BatchState.DONE, BatchState.FAILED, BatchState.CANCELED)

    def selected(self, rows: int) -> "BatchRun":
        """The run with its rows fixed before it works."""
        return replace(self, total=rows)

    def fixed(self, rows: int, *, now: datetime) -> "BatchRun":
        """The run with that many more rows to change."""
        return replace(self, state=BatchState.RUNNING, total=(self.total or 0) + rows, updated_at=now)

    def advanced(self, rows: int, worked: "Worked", *, now: datetime) -> "BatchRun":
        """The run after a batch of that many rows."""
        return replace(
            self,
            state=BatchState.RUNNING,
            done=self.done + rows,
            changed_count=self.changed_count + worked.changed_count,
            skipped_count=self.skipped_count + len(worked.skips),
            position=self.position + 1,
            updated_at=now,
        )

    def ended(self, state: BatchState, *, now: datetime, failure: str | None = None) -> "BatchRun":
        return replace(self, state=state, failure=failure, updated_at=now, finished_at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSkip:
    """A row that a run left as it was. `index` is its place among the rows of the run, from 0."""

    index: int
    subject_id: str
    errors: tuple[DomainError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """Result of one batch. Rows that needed no change count neither as changed nor as skipped."""

    changed_count: int
    skips: Sequence[BatchSkip] = ()


class BatchRuns(Repository[BatchRun], Protocol):
    async def rows(self, run: BatchRun) -> Sequence[str]:
        """Ids of the rows of the next batch, in id order; empty after the last batch."""
        ...

    async def options(self, run: BatchRun) -> Mapping[str, Any]:
        """The stored command of the run, in the form of `domain/shared/stored_commands.py`."""
        ...

    async def add_skips(self, run: BatchRun, skips: Sequence[BatchSkip]) -> None:
        """Stores rows that the run has skipped."""
        ...

    async def unfinished(self, workspace_id: str, kind: BatchKind) -> int:
        """The number of unfinished runs of that kind in the workspace."""
        ...

    async def have_subject(self, workspace_id: str, subject_id: str) -> bool:
        """Whether an unfinished run replaces or deletes that object."""
        ...

    async def have_target(self, workspace_id: str, target_id: str) -> bool:
        """Whether an unfinished run puts that object in the place of another."""
        ...


class BatchUow(UnitOfWork, Protocol):
    @property
    def batch_runs(self) -> BatchRuns: ...
    @property
    def deleted_objects(self) -> DeletedObjects: ...

    def begin_batch(
        self, kind: BatchKind, *, workspace_id: str, subject_id: str, target_id: str | None = None
    ) -> BatchRunId:
        """Adds a batch run with its job when the transaction commits, and returns the run's id."""
        ...

    async def begin_selected_batch(
        self,
        kind: BatchKind,
        *,
        workspace_id: str,
        options: Mapping[str, Any],
        select: Callable[[BatchRun], Awaitable[int]],
        logged: Mapping[str, FieldChange],
    ) -> BatchRun:
        """Adds a run whose subject is the workspace, with its job and with the rows that `select` stores.

        `options` are its stored command, which is deleted when the run ends, and `logged` is added to the changes of
        the event of its start.
        """
        ...


class BatchWork(ABC):
    """Work of the runs of one kind. Each method works inside the Unit of Work of one batch."""

    cause: ClassVar[Cause] = Cause.SYSTEM
    """Cause of the changes of a run."""

    @abstractmethod
    async def fix(self, uow: Any, run: BatchRun) -> int:
        """Stores the ids of the rows that are still to be changed, and returns their number."""

    @abstractmethod
    async def change(self, actor: Actor, uow: Any, run: BatchRun, ids: Sequence[str], *, now: datetime) -> Worked:
        """Changes the rows that still need it. Raises PermissionDenied if the actor may no longer do so."""

    @abstractmethod
    async def finish(self, actor: Actor, uow: Any, run: BatchRun, *, now: datetime) -> None:
        """Completes the run after the last row. Raises NotFound if its objects no longer exist."""

    @abstractmethod
    async def release(self, actor: Actor, uow: Any, run: BatchRun, *, now: datetime) -> None:
        """Opens the objects of a canceled or failed run to other changes again; changed rows stay changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion(Outcome):
    """A deletion that is complete, or one that a batch run completes.

    `detached_count` is the number of objects that referred to the deleted one.
    """

    id: str | None = None
    detached_count: int | None = None
    batch_run_id: str | None = None
