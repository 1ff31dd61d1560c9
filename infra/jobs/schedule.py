"""Periodic maintenance. A row lock keeps two workers from the same work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Delete, delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.expression import cast

from domain.auth.policies import API_KEYS_KEPT, SESSIONS_KEPT
from domain.shared.batches import RUNS_KEPT
from domain.shared.errors import Unavailable
from domain.shared.jobs import DONE_JOBS_KEPT, PARKED_JOBS_KEPT
from domain.shared.uow import IDEMPOTENCY_KEYS_KEPT
from domain.workspaces.policies import INVITATIONS_KEPT
from infra.accounts.tables import OneTimeLinkRow
from infra.audit.tables import SecurityEventRow
from infra.auth.tables import ApiKeyRow, SessionRow
from infra.batches.tables import BatchRunRow
from infra.db.engine import database_errors
from infra.jobs.log_cleaning import change_log_cleaning, forget_deleted_texts
from infra.jobs.tables import IdempotencyRow, JobRow, ScheduleRow
from infra.workspaces.tables import InvitationRow

BATCH = 1000  # rows deleted per transaction
LOOK_SECONDS = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """Periodic work. `step` does a bounded part in the given transaction, and returns whether more is left."""

    name: str
    every: timedelta
    step: Callable[[AsyncConnection], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Rows that are deleted a while after the time in one of their columns, which needs an index."""

    column: Any
    kept: timedelta
    condition: str = ""
    """Further condition in SQL, without parameters, so that a partial index serves the generic plan too."""

    def batch(self) -> Delete:
        """Statement that deletes the oldest expired rows, at most BATCH."""
        table = self.column.class_.__table__
        key = tuple(table.primary_key.columns)
        expired = select(*key).where(self.column < func.now() - cast(self.kept, INTERVAL))
        if self.condition:
            expired = expired.where(text(self.condition))
        batch = expired.order_by(self.column).limit(BATCH).with_for_update(skip_locked=True).cte("batch")
        return delete(table).where(tuple_(*key).in_(select(batch)))


DONE_JOBS = Expiry(column=JobRow.updated_at, kept=DONE_JOBS_KEPT, condition="state = 'DONE'")
PARKED_JOBS = Expiry(column=JobRow.updated_at, kept=PARKED_JOBS_KEPT, condition="state = 'PARKED'")
IDEMPOTENCY_KEYS = Expiry(column=IdempotencyRow.created_at, kept=IDEMPOTENCY_KEYS_KEPT)
LINKS = Expiry(column=OneTimeLinkRow.expires_at, kept=timedelta())
SESSIONS = tuple(Expiry(column=end, kept=SESSIONS_KEPT) for end in (SessionRow.ended_at, SessionRow.expires_at))
API_KEYS = tuple(Expiry(column=end, kept=API_KEYS_KEPT) for end in (ApiKeyRow.revoked_at, ApiKeyRow.expires_at))
INVITATIONS = tuple(
    Expiry(column=end, kept=INVITATIONS_KEPT)
    for end in (InvitationRow.accepted_at, InvitationRow.revoked_at, InvitationRow.expires_at)
)
BATCH_RUNS = Expiry(column=BatchRunRow.finished_at, kept=RUNS_KEPT)


def security_log_of(kept: timedelta) -> Expiry:
    """Entries of the security log older than `kept`."""
    return Expiry(column=SecurityEventRow.occurred_at, kept=kept)


def periodic_work(*, security_log_kept: timedelta, change_log_kept: timedelta | None) -> tuple[Periodic, ...]:
    """All periodic work of Workgraph; None keeps all events of existing workspaces."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    return (
        _cleaning("delete done jobs", DONE_JOBS, every=hour),
        _cleaning("delete parked jobs", PARKED_JOBS, every=day),
        _cleaning("delete idempotency keys", IDEMPOTENCY_KEYS, every=hour),
        _cleaning("delete expired links", LINKS, every=hour),
        _cleaning("delete ended sessions", *SESSIONS, every=day),
        _cleaning("delete ended API keys", *API_KEYS, every=day),
        _cleaning("delete settled invitations", *INVITATIONS, every=day),
        _cleaning("delete ended batch runs", BATCH_RUNS, every=day),
        _cleaning("delete old security log entries", security_log_of(security_log_kept), every=day),
        Periodic(name="remove texts of deleted comments from events", every=hour, step=forget_deleted_texts),
        Periodic(name="delete old events", every=hour, step=change_log_cleaning(change_log_kept)),
    )


def _cleaning(name: str, *expiries: Expiry, every: timedelta) -> Periodic:
    """Work that deletes one batch of each kind of expired rows per step."""
    statements = [expiry.batch() for expiry in expiries]

    async def step(connection: AsyncConnection) -> bool:
        deleted = [(await connection.execute(statement)).rowcount for statement in statements]
        return BATCH in deleted

    return Periodic(name=name, every=every, step=step)


class Schedule:
    """Runs periodic work when it is due, each in one of the workers."""

    def __init__(self, engine: AsyncEngine, periodic: Sequence[Periodic]) -> None:
        self._engine = engine
        self._periodic = periodic

    async def run(self) -> None:
        """Runs due work every minute until canceled."""
        while True:
            try:
                await self.run_due()
            except Unavailable as error:
                _log.warning("Periodic work is delayed: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    async def run_due(self) -> None:
        """Runs all work that is due and not running elsewhere. New work is due immediately."""
        if self._periodic:
            await self._register()
        for periodic in self._periodic:
            while await self._step(periodic):
                _log.debug("Periodic work %r is not finished.", periodic.name)

    async def _register(self) -> None:
        rows = [{"name": periodic.name, "due_at": func.now()} for periodic in self._periodic]
        with database_errors():
            async with self._engine.begin() as connection:
                await connection.execute(upsert(ScheduleRow).values(rows).on_conflict_do_nothing())

    async def _step(self, periodic: Periodic) -> bool:
        """Runs one step in one transaction; returns whether more is left."""
        mine = (ScheduleRow.name == periodic.name) & (ScheduleRow.due_at <= func.now())
        # SKIP LOCKED: a locked row means that another worker is running this work.
        locked = select(ScheduleRow.name).where(mine).with_for_update(skip_locked=True)
        with database_errors():
            async with self._engine.begin() as connection:
                if (await connection.execute(locked)).first() is None:
                    return False
                if await periodic.step(connection):
                    return True
                due_next = update(ScheduleRow).where(ScheduleRow.name == periodic.name)
                await connection.execute(due_next.values(due_at=func.now() + cast(periodic.every, INTERVAL)))
        return False
