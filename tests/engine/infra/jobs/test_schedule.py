import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.workspaces.model import Invitation
from infra.audit.tables import SecurityEventRow
from infra.auth.tables import ApiKeyRow, RefreshTokenRow, SessionRow
from infra.jobs.schedule import (
    API_KEYS,
    BATCH,
    DONE_JOBS,
    IDEMPOTENCY_KEYS,
    INVITATIONS,
    LINKS,
    PARKED_JOBS,
    SESSIONS,
    Expiry,
    Periodic,
    Schedule,
    periodic_work,
    security_log_of,
)
from infra.jobs.tables import IdempotencyRow
from infra.workspaces.tables import InvitationRow
from tests.engine.infra.jobs.rows import change, rows
from tests.engine.infra.jobs.sample import CLOCK, IDS, PERIODIC, Walk, add_job
from tests.factories.accounts import UserFactory
from tests.factories.auth import ApiKeyFactory, SecurityEventFactory, SessionFactory, store_keys
from tests.factories.workspaces import InvitationFactory, WorkspaceFactory
from tests.stored_entities import store

HOUR = timedelta(hours=1)


def counted(done: list[int], *, steps: int = 1) -> Callable[[AsyncConnection], Awaitable[bool]]:
    async def step(connection: AsyncConnection) -> bool:
        await connection.execute(text("SELECT pg_sleep(0.05)"))
        done.append(len(done) + 1)
        return len(done) < steps

    return step


async def test_workers_that_look_at_once_do_it_once(engine: AsyncEngine) -> None:
    done: list[int] = []
    schedules = [Schedule(engine, [Periodic(name="count", every=HOUR, step=counted(done))]) for _ in range(4)]

    await asyncio.gather(*(schedule.run_due() for schedule in schedules))
    await schedules[0].run_due()

    assert done == [1]


async def test_a_scheduled_job_repeats_when_due(engine: AsyncEngine) -> None:
    done: list[int] = []
    schedule = Schedule(engine, [Periodic(name="count", every=HOUR, step=counted(done))])
    await schedule.run_due()

    await change(engine, "UPDATE schedule SET due_at = due_at - interval '1 hour 1 second'")
    await schedule.run_due()

    assert done == [1, 2]


async def test_work_in_several_steps_goes_on_until_it_is_done(engine: AsyncEngine) -> None:
    done: list[int] = []

    await Schedule(engine, [Periodic(name="count", every=HOUR, step=counted(done, steps=3))]).run_due()

    assert done == [1, 2, 3]


async def test_only_jobs_that_were_done_a_day_ago_are_deleted(engine: AsyncEngine) -> None:
    old, young = CLOCK.now() - timedelta(hours=25), CLOCK.now() - timedelta(hours=23)
    kept = [
        await add_job(engine, Walk(name="young"), state="DONE", updated_at=young),
        await add_job(engine, Walk(name="waiting"), updated_at=old),
        await add_job(engine, Walk(name="running"), state="RUNNING", lease_until=old, updated_at=old),
        await add_job(engine, Walk(name="parked"), state="PARKED", updated_at=old),
    ]
    for _ in range(3):
        await add_job(engine, Walk(name="old"), state="DONE", updated_at=old)

    await Schedule(engine, PERIODIC).run_due()

    assert [each.id for each in await rows(engine)] == kept


async def test_parked_jobs_are_deleted_after_90_days(engine: AsyncEngine) -> None:
    old, young = around(90)
    await add_job(engine, Walk(name="old"), state="PARKED", updated_at=old)
    kept = await add_job(engine, Walk(name="young"), state="PARKED", updated_at=young)

    await Schedule(engine, PERIODIC).run_due()

    assert [each.id for each in await rows(engine)] == [kept]


EXPIRIES = (
    DONE_JOBS,
    PARKED_JOBS,
    IDEMPOTENCY_KEYS,
    LINKS,
    *SESSIONS,
    *API_KEYS,
    *INVITATIONS,
    security_log_of(timedelta(days=1)),
)


@pytest.mark.parametrize("expiry", EXPIRIES, ids=lambda expiry: str(expiry.column))
async def test_an_index_finds_expired_rows(engine: AsyncEngine, expiry: Expiry) -> None:
    batch = expiry.batch().compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    async with engine.begin() as connection:
        for method in ("seqscan", "bitmapscan"):  # a small table would be read otherwise
            await connection.execute(text(f"SET LOCAL enable_{method} = off"))
        plan = "\n".join((await connection.execute(text(f"EXPLAIN {batch}"))).scalars())

    assert re.search(rf"Index Cond: \({expiry.column.key} < ", plan), plan
    assert "Sort" not in plan


async def test_keys_are_deleted_in_batches_once_they_are_a_day_old(engine: AsyncEngine) -> None:
    user_id = IDS.new("usr")
    ages = {f"old {number}": 25 for number in range(BATCH + 1)} | {"young": 23}
    async with engine.begin() as connection:
        await connection.execute(
            insert(IdempotencyRow),
            [
                {"user_id": user_id, "key": key, "fingerprint": "f", "created_at": CLOCK.now() - timedelta(hours=age)}
                for key, age in ages.items()
            ],
        )

    await Schedule(engine, PERIODIC).run_due()

    async with engine.connect() as connection:
        assert list((await connection.execute(text("SELECT key FROM idempotency_key"))).scalars()) == ["young"]


async def test_ended_sessions_and_old_lines_of_the_security_log_are_deleted(engine: AsyncEngine) -> None:
    user = UserFactory()
    old, young = CLOCK.now() - timedelta(days=31), CLOCK.now() - timedelta(days=29)
    sessions = {
        "ended long ago": SessionFactory(user_id=user.id, ended_at=old),
        "expired long ago": SessionFactory(user_id=user.id, expires_at=old),
        "ended lately": SessionFactory(user_id=user.id, ended_at=young),
        "expired lately": SessionFactory(user_id=user.id, expires_at=young),
        "alive": SessionFactory(user_id=user.id),
    }
    lines = [SecurityEventFactory(occurred_at=CLOCK.now() - timedelta(days=days)) for days in (101, 99)]
    await store(engine, user, *sessions.values())
    async with engine.begin() as connection:
        token = {"digest": "d", "session_id": sessions["ended long ago"].id, "expires_at": old}
        await connection.execute(insert(RefreshTokenRow).values(token))
        await connection.execute(insert(SecurityEventRow), [asdict(line) for line in lines])

    await Schedule(engine, periodic_work(security_log_kept=timedelta(days=100), change_log_kept=None)).run_due()

    async with engine.connect() as connection:
        left = set((await connection.execute(select(SessionRow.id))).scalars())
        assert left == {sessions[name].id for name in ("ended lately", "expired lately", "alive")}
        assert list((await connection.execute(select(RefreshTokenRow.digest))).scalars()) == []
        assert list((await connection.execute(select(SecurityEventRow.id))).scalars()) == [lines[1].id]


def around(days: int) -> tuple[datetime, datetime]:
    """Moments a day before and a day after the time `days` ago."""
    return CLOCK.now() - timedelta(days=days + 1), CLOCK.now() - timedelta(days=days - 1)


async def test_api_keys_are_deleted_a_while_after_their_end(engine: AsyncEngine) -> None:
    user = UserFactory()
    old, young = around(90)
    gone = [ApiKeyFactory(user_id=user.id, revoked_at=old), ApiKeyFactory(user_id=user.id, expires_at=old)]
    kept = [
        ApiKeyFactory(user_id=user.id, revoked_at=young),
        ApiKeyFactory(user_id=user.id, expires_at=young),
        ApiKeyFactory(user_id=user.id),
        ApiKeyFactory(user_id=user.id, created_at=old, expires_at=None),
    ]
    await store(engine, user)
    await store_keys(engine, *gone, *kept)

    await Schedule(engine, PERIODIC).run_due()

    async with engine.connect() as connection:
        assert set((await connection.execute(select(ApiKeyRow.id))).scalars()) == {key.id for key in kept}


async def test_invitations_are_deleted_a_while_after_their_end(engine: AsyncEngine) -> None:
    inviter, workspace = UserFactory(), WorkspaceFactory()
    old, young = around(30)

    def invitation(**ends: Any) -> Invitation:
        made: Invitation = InvitationFactory(workspace=workspace, created_by_id=inviter.id, **ends)
        return made

    gone = [
        invitation(accepted_at=old, accepted_by_id=inviter.id),
        invitation(revoked_at=old),
        invitation(expires_at=old),
    ]
    kept = [
        invitation(accepted_at=young, accepted_by_id=inviter.id),
        invitation(revoked_at=young),
        invitation(expires_at=young),
        invitation(),
    ]
    await store(engine, inviter, workspace, *gone, *kept)

    await Schedule(engine, PERIODIC).run_due()

    async with engine.connect() as connection:
        assert set((await connection.execute(select(InvitationRow.id))).scalars()) == {each.id for each in kept}
