"""Choice between primary and replica; tests/e2e/test_replica.py has a real one.

Two pools of one database differ in the time limit of their statements, which tells where a read went.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from sqlalchemy import Executable, func, literal_column, select, text

from domain.shared.actor import Actor, Cause
from domain.shared.budget import user_key
from domain.shared.errors import InvalidInput
from domain.shared.security import SecurityEventKind
from infra.db.engine import Engines, open_engines
from infra.db.read import ReadSession
from infra.db.recent_writers import RecentWriters
from infra.db.replica import Lag, Replica, open_replica
from infra.db.usage import RequestUsage
from infra.shared.clock import SystemClock
from infra.shared.health import ServerHealth
from infra.shared.ids import Uuid7IdFactory
from infra.shared.redis import redis_client
from infra.uow import SqlUowFactory
from tests import defaults

PERSON, OTHER_PERSON = "usr_one", "usr_two"
ACCOUNT, OTHER = user_key(PERSON), user_key(OTHER_PERSON)
PLACE = select(func.current_setting("statement_timeout"))
PRIMARY, REPLICA = "30s", "29s"


@dataclass
class Places:
    engines: Engines
    replica: Replica
    writers: RecentWriters
    lag: Lag
    reads: ReadSession

    async def of(self, account: str = ACCOUNT, statement: Executable = PLACE) -> str:
        with RequestUsage(account):
            return str((await self.reads.fetch(statement))[0][0])


def close(lag: Lag) -> None:
    """Tells the lag that the replica has everything now."""
    lag.written(1, at=time.monotonic())
    lag.replayed(1)


@pytest.fixture
async def places(database_url: str, redis_database: str) -> AsyncIterator[Places]:
    async with AsyncExitStack() as stack:
        options = {"pool_size": 2, "pool_wait": 20}
        engines = await stack.enter_async_context(
            open_engines(database_url, defaults.engine(statement_timeout=30, **options))
        )
        other = await stack.enter_async_context(
            open_engines(database_url, defaults.engine(statement_timeout=29, **options))
        )
        redis = redis_client(redis_database)
        stack.push_async_callback(redis.aclose)
        writers, lag = RecentWriters(redis), Lag()
        session = ReadSession(engines.read)
        replica = Replica(other.read, writers, lag, primary=session, replica=session)
        replica._problem = ""
        close(lag)
        yield Places(engines, replica, writers, lag, ReadSession(engines.read, replica))
        await writers.aclose()


async def test_requests_read_from_the_replica_and_all_else_from_the_primary(places: Places) -> None:
    assert await places.of() == REPLICA
    assert (await places.reads.fetch(PLACE))[0][0] == PRIMARY, "sign-ins, jobs and streams have no account"
    with RequestUsage(ACCOUNT):
        async with places.reads.scope(is_current=True):
            assert (await places.reads.fetch(PLACE))[0][0] == PRIMARY
    without = ReadSession(places.engines.read)
    assert without.on_primary is without


async def test_a_scope_that_reads_the_log_stays_on_the_primary(places: Places) -> None:
    with RequestUsage(ACCOUNT):
        async with places.reads.scope():
            found = [(await each.fetch(PLACE))[0][0] for each in (places.reads, places.reads.on_primary, places.reads)]
        assert found == [REPLICA, PRIMARY, PRIMARY]
        assert (await places.reads.on_primary.fetch(PLACE))[0][0] == PRIMARY
    assert (places.engines.read.in_use, places.replica.pool.in_use) == (0, 0)


async def test_a_request_that_writes_reads_from_the_primary_afterwards(places: Places) -> None:
    with RequestUsage(ACCOUNT):
        async with places.reads.scope():
            before = (await places.reads.fetch(PLACE))[0][0]
            places.reads.make_way()
            assert places.replica.pool.in_use == 0
            assert [before, (await places.reads.fetch(PLACE))[0][0]] == [REPLICA, PRIMARY]


async def test_accounts_that_commit_or_sign_in_read_from_the_primary(places: Places) -> None:
    clock = SystemClock()
    uow = SqlUowFactory(
        places.engines.write, clock, Uuid7IdFactory(clock), lambda committed: None, remember=places.writers.add
    )
    for account, actor in ((ACCOUNT, Actor(user_id=PERSON, cause=Cause.SEED)), (OTHER, Actor(cause=Cause.SEED))):
        assert await places.of(account) == REPLICA
        async with uow(actor) as opened:
            if actor.user_id is None:
                opened.note(SecurityEventKind.SIGNED_IN, user_id=OTHER_PERSON)
            await opened.commit(None)
        assert await places.of(account) == PRIMARY
    assert await places.of(user_key("usr_three")) == REPLICA
    async with places.engines.write.begin() as connection:
        await connection.execute(text("DELETE FROM security_event"))


async def test_accounts_are_forgotten_after_six_seconds(places: Places, redis_database: str) -> None:
    await places.writers.add([ACCOUNT])
    redis = redis_client(redis_database)
    [key] = await redis.keys()
    assert 5_000 < await redis.pttl(key) <= 6_000
    await redis.aclose()


async def test_without_redis_all_reads_use_the_primary(places: Places) -> None:
    blind = RecentWriters(redis_client("redis://127.0.0.1:1"))
    places.replica._writers = blind
    assert await places.of() == PRIMARY
    await blind.add([ACCOUNT])
    assert await blind.has(OTHER)
    await blind.aclose()


async def test_a_replica_that_is_behind_is_left_out_and_ready_says_so(places: Places, redis_database: str) -> None:
    redis = redis_client(redis_database)
    health = ServerHealth(places.engines.write, redis, places.replica)

    async def checked() -> tuple[bool, bool, str]:
        check = (await health.check())[-1]
        assert check.name == "replica"
        return check.is_ok, check.is_required, check.detail

    assert await checked() == (True, False, "")
    places.lag.forget()
    assert await checked() == (False, False, "more than 5 seconds behind the primary")
    assert await places.of() == PRIMARY
    close(places.lag)
    assert await places.of() == REPLICA
    await places.replica.look()
    assert await checked() == (False, False, "not a replica of the primary")
    assert await places.of() == PRIMARY
    await redis.aclose()


def test_lag_counts_from_the_last_time_that_was_reached() -> None:
    now = 100.0
    lag = Lag(lambda: now)
    assert lag.seconds is None
    for second, position in ((100.0, 10), (101.0, 10), (102.0, 30)):
        lag.written(position, at=second)
    now = 103.0
    lag.replayed(9)
    assert lag.seconds is None
    lag.replayed(29)
    assert lag.seconds == 2.0
    lag.replayed(30)
    assert lag.seconds == 1.0
    now = 110.0
    assert lag.seconds == 8.0, "a replica that receives nothing is behind, although it has replayed all that it got"


async def test_a_replica_that_is_away_is_replaced_by_the_primary_at_once(places: Places, database_url: str) -> None:
    nowhere = "postgresql+asyncpg://nobody@/nothing?host=/nonexistent"
    options = defaults.engine(statement_timeout=30, pool_size=2)
    async with open_replica(nowhere, options, places.engines.write, places.writers) as replica:
        assert replica.problem == "FileNotFoundError"
        replica._problem = ""
        close(replica._lag)
        places.reads = ReadSession(places.engines.read, replica)
        assert await places.of() == PRIMARY
        assert replica.problem == "FileNotFoundError"


async def test_a_read_that_only_the_replica_refuses_is_repeated_on_the_primary(places: Places) -> None:
    conflict = text(
        "SELECT CASE current_setting('statement_timeout') WHEN '29s' "
        "THEN (SELECT count(*)::text FROM pg_sleep(0) WHERE current_setting('unknown.name') = '') ELSE 'primary' END"
    )
    assert await places.of(statement=conflict) == "primary"
    with pytest.raises(InvalidInput):  # a fault of the value is not repeated
        await places.of(
            statement=select(
                literal_column(
                    "CASE current_setting('statement_timeout') WHEN '29s' THEN 'x'::integer::text ELSE 'primary' END"
                )
            )
        )
    assert places.replica.pool.in_use == 0


async def test_a_pinned_scope_is_not_moved_by_a_read_in_progress(places: Places) -> None:
    with RequestUsage(ACCOUNT):
        async with places.reads.scope():
            slow = asyncio.create_task(places.reads.fetch(text("SELECT pg_sleep(0.1)")))
            await asyncio.sleep(0.02)
            assert (await places.reads.on_primary.fetch(PLACE))[0][0] == PRIMARY
            await slow
    assert (places.engines.read.in_use, places.replica.pool.in_use) == (0, 0)
