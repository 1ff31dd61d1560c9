"""Leases of jobs, measured by the database's clock only, because the clocks of workers differ."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, case, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.expression import cast

from domain.shared.jobs import MOST_LOST_LEASES, JobState, LeasedJob, retry_delay
from infra.db.engine import database_errors
from infra.jobs.tables import JobRow

_log = logging.getLogger(__name__)

# Equal to the condition of the partial index, so that the planner can use it.
_OPEN = text("state IN ('WAITING', 'RUNNING')")
_IS_DUE = (JobRow.run_at <= func.now(), or_(JobRow.state == JobState.WAITING, JobRow.lease_until <= func.now()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A job that this worker holds until its lease runs out."""

    job: LeasedJob
    kind: str
    payload: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, int]:
        return (self.job.id, self.job.attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Number of failures since the last progress, and time until the retry; None if the job is parked."""

    count: int
    retry_in: timedelta | None


class SqlLeases:
    """Leases in PostgreSQL. Each method is one short transaction, and raises Unavailable without the database."""

    def __init__(self, engine: AsyncEngine, *, duration: timedelta, most_lost_leases: int = MOST_LOST_LEASES) -> None:
        """`most_lost_leases`: a job that loses this many leases without progress is parked."""
        self._most_lost_leases = most_lost_leases
        self._engine = engine
        self._duration = duration

    async def acquire(
        self, *, most: int, job_id: str | None = None, long_kinds: Collection[str] = (), most_long: int = 0
    ) -> Sequence[Lease]:
        """Up to `most` jobs that are due or have an expired lease, longest waiting first; or only the job `job_id`.

        At most `most_long` jobs of `long_kinds` are leased; other jobs do not wait behind them.
        """
        if not long_kinds:
            return await self._acquire(_due(most, job_id))
        leases: list[Lease] = []
        if most_long > 0:
            leases += await self._acquire(_due_with_long(most, job_id, long_kinds, most_long))
        if len(leases) < most and sum(lease.kind in long_kinds for lease in leases) >= most_long:
            # Long jobs that have to wait can be the oldest ones, so a second query looks for due jobs behind them.
            is_other = JobRow.kind.not_in(long_kinds) & JobRow.id.not_in([lease.job.id for lease in leases])
            leases += await self._acquire(_due(most - len(leases), job_id, is_other))
        return leases

    async def _acquire(self, due: CTE) -> list[Lease]:
        """Leases the jobs with the IDs of `due`. Parks jobs that lost too many leases without progress."""
        is_lost = JobRow.state == JobState.RUNNING
        is_hopeless = is_lost & (JobRow.lost_leases + 1 >= self._most_lost_leases)
        reason = f"The lease was lost {self._most_lost_leases} times without progress: no worker finished this job."
        lost = case((is_lost, 1), else_=0)
        statement = (
            update(JobRow)
            .where(JobRow.id == due.c.id)
            .values(
                state=case((is_hopeless, JobState.PARKED), else_=JobState.RUNNING),
                last_error=case((is_hopeless, reason), else_=JobRow.last_error),
                failures=JobRow.failures + lost,
                lost_leases=JobRow.lost_leases + lost,
                attempts=JobRow.attempts + 1,
                lease_until=func.now() + cast(self._duration, INTERVAL),
                updated_at=func.now(),
            )
            .returning(JobRow.id, JobRow.state, JobRow.kind, JobRow.payload, JobRow.attempts, JobRow.checkpoint)
        )
        with database_errors():
            async with self._engine.begin() as connection:
                rows = (await connection.execute(statement)).all()
        for row in rows:
            if row.state == JobState.PARKED:
                _log.error("Job %s (%s) is parked: %s", row.id, row.kind, reason)
        return [
            Lease(
                job=LeasedJob(id=row.id, attempt=row.attempts, checkpoint=row.checkpoint),
                kind=row.kind,
                payload=row.payload,
            )
            for row in rows
            if row.state == JobState.RUNNING
        ]

    async def extend(self, keys: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
        """Renews the leases, and returns the keys of leases that another worker has taken over."""
        # Skip locked rows: the job's own handler is committing, so its lease does not need a renewal now.
        free = select(JobRow.id).where(_held(keys)).with_for_update(skip_locked=True).cte("free")
        extended = update(JobRow).where(JobRow.id == free.c.id)
        with database_errors():
            async with self._engine.begin() as connection:
                await connection.execute(extended.values(lease_until=func.now() + cast(self._duration, INTERVAL)))
                is_mine = tuple_(JobRow.id, JobRow.attempts).in_(keys) & (
                    JobRow.state.in_((JobState.RUNNING, JobState.DONE))
                )
                mine = (await connection.execute(select(JobRow.id, JobRow.attempts).where(is_mine))).all()
        return set(keys) - {(row.id, row.attempts) for row in mine}

    async def finish(self, lease: Lease) -> bool:
        """Marks the job done unless its handler has; False if the lease was lost."""
        values = {"state": JobState.DONE, "lease_until": None, "last_error": None, "updated_at": func.now()}
        is_done = select(JobRow.id).where(
            JobRow.id == lease.job.id, JobRow.attempts == lease.job.attempt, JobRow.state == JobState.DONE
        )
        with database_errors():
            async with self._engine.begin() as connection:
                done = await connection.execute(update(JobRow).where(_held([lease.key])).values(**values))
                return done.rowcount == 1 or (await connection.execute(is_done)).first() is not None

    async def progress(self, job_id: str) -> tuple[JobState, int]:
        """State of the job, and the number of items that it has done."""
        with database_errors():
            async with self._engine.connect() as connection:
                row = await connection.execute(select(JobRow.state, JobRow.progress_done).where(JobRow.id == job_id))
                state, done = row.one()
        return state, done

    async def fail(self, lease: Lease, error: str, *, random: float) -> Failure | None:
        """Stores the error and schedules a retry or parks the job; None if the lease was lost."""
        failed = update(JobRow).where(_held([lease.key])).values(failures=JobRow.failures + 1, last_error=error)
        with database_errors():
            async with self._engine.begin() as connection:
                failures = (await connection.execute(failed.returning(JobRow.failures))).scalar_one_or_none()
                if failures is None:
                    return None
                retry_in = retry_delay(failures, random=random)
                values = {
                    "state": JobState.PARKED if retry_in is None else JobState.WAITING,
                    "run_at": func.now() + cast(retry_in or timedelta(), INTERVAL),
                    "lease_until": None,
                    # Another job may wait with this key by now, and the key of waiting jobs is unique.
                    "dedupe_key": None,
                    "updated_at": func.now(),
                }
                await connection.execute(update(JobRow).where(JobRow.id == lease.job.id).values(**values))
        return Failure(count=failures, retry_in=retry_in)

    async def release(self, leases: Collection[Lease]) -> None:
        """Returns jobs that this worker does not finish; they are due immediately."""
        values = {"state": JobState.WAITING, "lease_until": None, "dedupe_key": None, "updated_at": func.now()}
        with database_errors():
            async with self._engine.begin() as connection:
                await connection.execute(update(JobRow).where(_held([each.key for each in leases])).values(**values))


def _due(most: int, job_id: str | None, *conditions: ColumnElement[bool]) -> CTE:
    """Query that locks due jobs, longest waiting first."""
    due = select(JobRow.id, JobRow.kind, JobRow.run_at).where(_OPEN, *_IS_DUE, *conditions)
    if job_id is not None:
        due = due.where(JobRow.id == job_id)
    # As a WITH query it runs once; as a plain subquery a nested loop may repeat it and lock more than `most`.
    return due.order_by(JobRow.run_at).limit(most).with_for_update(skip_locked=True).cte("due")


def _due_with_long(most: int, job_id: str | None, long_kinds: Collection[str], most_long: int) -> CTE:
    """The rows without surplus long jobs, in one query because a surplus is rare."""
    due = _due(most, job_id)
    is_long = due.c.kind.in_(long_kinds)
    place = func.row_number().over(partition_by=is_long, order_by=due.c.run_at)
    ranked = select(due.c.id, is_long.label("is_long"), place.label("place")).cte("ranked")
    return select(ranked.c.id).where(or_(~ranked.c.is_long, ranked.c.place <= most_long)).cte("chosen")


def _held(keys: Collection[tuple[str, int]]) -> ColumnElement[bool]:
    return tuple_(JobRow.id, JobRow.attempts).in_(keys) & (JobRow.state == JobState.RUNNING)
