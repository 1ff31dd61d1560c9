"""Periodic maintenance. A row lock keeps two workers from the same work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Table, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.expression import cast

from domain.auth.policies import API_KEYS_KEPT, SESSIONS_KEPT
from domain.shared.errors import Unavailable
from domain.shared.jobs import DONE_JOBS_KEPT, JobState
from domain.shared.uow import IDEMPOTENCY_KEYS_KEPT
from domain.workspaces.policies import INVITATIONS_KEPT
from infra.accounts.tables import OneTimeLinkRow
from infra.audit.tables import SecurityEventRow
from infra.auth.tables import ApiKeyRow, SessionRow
from infra.db.engine import database_errors
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


async def delete_done_jobs(connection: AsyncConnection) -> bool:
    old = (JobRow.state == JobState.DONE) & (JobRow.updated_at < func.now() - cast(DONE_JOBS_KEPT, INTERVAL))
    return await _delete_batch(connection, JobRow.__table__, old)


async def delete_idempotency_keys(connection: AsyncConnection) -> bool:
    old = IdempotencyRow.created_at < func.now() - cast(IDEMPOTENCY_KEYS_KEPT, INTERVAL)
    return await _delete_batch(connection, IdempotencyRow.__table__, old)


async def delete_expired_links(connection: AsyncConnection) -> bool:
    return await _delete_batch(connection, OneTimeLinkRow.__table__, OneTimeLinkRow.expires_at < func.now())


async def delete_ended_sessions(connection: AsyncConnection) -> bool:
    """Deletes sessions that ended long ago, with their refresh tokens."""
    past = func.now() - cast(SESSIONS_KEPT, INTERVAL)
    return await _delete_batch(
        connection, SessionRow.__table__, (SessionRow.ended_at < past) | (SessionRow.expires_at < past)
    )


async def delete_ended_api_keys(connection: AsyncConnection) -> bool:
    past = func.now() - cast(API_KEYS_KEPT, INTERVAL)
    return await _delete_batch(
        connection, ApiKeyRow.__table__, (ApiKeyRow.revoked_at < past) | (ApiKeyRow.expires_at < past)
    )


async def delete_settled_invitations(connection: AsyncConnection) -> bool:
    """Deletes accepted, revoked and expired invitations; memberships remain."""
    past = func.now() - cast(INVITATIONS_KEPT, INTERVAL)
    ends = (InvitationRow.accepted_at, InvitationRow.revoked_at, InvitationRow.expires_at)
    return await _delete_batch(connection, InvitationRow.__table__, or_(*(end < past for end in ends)))


def security_log_cleaning(kept: timedelta) -> Callable[[AsyncConnection], Awaitable[bool]]:
    """Step that deletes entries of the security log older than `kept`."""

    async def delete_old_lines(connection: AsyncConnection) -> bool:
        old = SecurityEventRow.occurred_at < func.now() - cast(kept, INTERVAL)
        return await _delete_batch(connection, SecurityEventRow.__table__, old)

    return delete_old_lines


def periodic_work(*, security_log_kept: timedelta) -> tuple[Periodic, ...]:
    """All periodic work of Workgraph."""
    clean_security_log = security_log_cleaning(security_log_kept)
    return (
        Periodic(name="delete done jobs", every=timedelta(hours=1), step=delete_done_jobs),
        Periodic(name="delete idempotency keys", every=timedelta(hours=1), step=delete_idempotency_keys),
        Periodic(name="delete expired links", every=timedelta(hours=1), step=delete_expired_links),
        Periodic(name="delete ended sessions", every=timedelta(days=1), step=delete_ended_sessions),
        Periodic(name="delete ended API keys", every=timedelta(days=1), step=delete_ended_api_keys),
        Periodic(name="delete settled invitations", every=timedelta(days=1), step=delete_settled_invitations),
        Periodic(name="delete old security log entries", every=timedelta(days=1), step=clean_security_log),
    )


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


async def _delete_batch(connection: AsyncConnection, table: Any, condition: Any) -> bool:
    assert isinstance(table, Table)
    key = tuple(table.primary_key.columns)
    batch = select(*key).where(condition).limit(BATCH).with_for_update(skip_locked=True).cte("batch")
    result = await connection.execute(delete(table).where(tuple_(*key).in_(select(batch))))
    return result.rowcount == BATCH
