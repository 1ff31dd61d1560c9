import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from domain.shared.usage import OverTime
from infra.limits.time_budget import LocalTimeBudget, RedisTimeBudget
from tests import defaults
from tests.engine.infra.limits.test_budget import Clock
from tests.engine.infra.shared.redis_relay import RedisRelay

ADA, BOB = "user:ada", "user:bob"
OPTIONS = defaults.time(seconds=60.0, period=600.0, free=0.02)

TimeBudgets = LocalTimeBudget | RedisTimeBudget


class CountedRedis(Redis):
    """Client that counts its commands by name: those of the server include what other workers of xdist send."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.sent = Counter[str]()

    async def execute_command(self, *arguments: Any, **options: Any) -> Any:
        self.sent[arguments[0]] += 1
        return await super().execute_command(*arguments, **options)


@pytest.fixture
async def client(redis_database: str) -> AsyncIterator[CountedRedis]:
    opened = CountedRedis.from_url(redis_database, socket_timeout=2.0, socket_connect_timeout=2.0)
    yield opened
    await opened.aclose()


@pytest.fixture
def processes(client: Redis) -> Sequence[RedisTimeBudget]:
    """Budgets of two processes that share one Redis."""
    return [RedisTimeBudget(client, OPTIONS) for _ in range(2)]


@pytest.fixture(params=["local", "redis"])
async def budget(request: pytest.FixtureRequest, processes: Sequence[RedisTimeBudget]) -> AsyncIterator[TimeBudgets]:
    yield LocalTimeBudget(OPTIONS) if request.param == "local" else processes[0]
    await processes[0].aclose()


def wait_of(budget: TimeBudgets, account: str) -> int:
    """Seconds until the account may send requests again, 0 at once."""
    try:
        budget.check(account)
    except OverTime as refusal:
        return refusal.retry_after
    return 0


async def stored(*budgets: TimeBudgets) -> None:
    """Waits until the charges are in Redis."""
    for budget in budgets:
        if isinstance(budget, RedisTimeBudget):
            await budget.aclose()


async def test_an_account_is_refused_when_its_time_is_used(budget: TimeBudgets) -> None:
    for _ in range(11):
        budget.charge(ADA, 5.02)
        assert wait_of(budget, ADA) == 0
    budget.charge(ADA, 5.02)
    assert wait_of(budget, ADA) in (0, 1)  # exactly 60 s, and some of it is back
    budget.charge(ADA, 1.02)
    assert 9 <= wait_of(budget, ADA) <= 10  # a second of database time comes back within ten
    await stored(budget)
    assert 9 <= wait_of(budget, ADA) <= 10
    assert wait_of(budget, BOB) == 0


async def test_a_request_may_exceed_what_is_left(budget: TimeBudgets) -> None:
    budget.charge(ADA, 59.02)
    assert wait_of(budget, ADA) == 0
    budget.charge(ADA, 11.02)
    await stored(budget)
    assert 99 <= wait_of(budget, ADA) <= 100


async def test_the_first_milliseconds_of_a_request_are_free(budget: TimeBudgets) -> None:
    for _ in range(10_000):
        budget.charge(ADA, 0.02)
    assert wait_of(budget, ADA) == 0
    for _ in range(3_100):
        budget.charge(ADA, 0.04)
    await stored(budget)
    assert 15 <= wait_of(budget, ADA) <= 20


async def test_fast_requests_need_no_round_trip(client: CountedRedis, processes: Sequence[RedisTimeBudget]) -> None:
    for _ in range(100):
        processes[0].check(ADA)
        processes[0].charge(ADA, 0.019)
    await processes[0].aclose()
    assert client.sent.total() == 0
    processes[0].charge(ADA, 0.021)
    await processes[0].aclose()
    assert client.sent["EVALSHA"] == 1


async def test_slow_requests_share_a_round_trip(client: CountedRedis, processes: Sequence[RedisTimeBudget]) -> None:
    processes[0].charge(ADA, 0.03)
    await processes[0].aclose()  # Redis knows the script now
    client.sent.clear()
    for _ in range(10):
        processes[0].charge(ADA, 7.02)
    processes[0].charge(BOB, 0.03)
    assert 99 <= wait_of(processes[0], ADA) <= 101  # this process does not wait for Redis
    await asyncio.sleep(0.06)  # timers fire in order, so Redis has been told meanwhile
    processes[0].charge(ADA, 0.03)
    await processes[0].aclose()
    assert client.sent["EVALSHA"] == 3
    processes[1].charge(ADA, 0.03)
    await processes[1].aclose()
    assert 99 <= wait_of(processes[1], ADA) <= 101


async def test_time_comes_back() -> None:
    clock = Clock()
    budget = LocalTimeBudget(OPTIONS, clock)
    budget.charge(ADA, 66.02)
    assert wait_of(budget, ADA) == 60
    clock.seconds += 59.9
    assert wait_of(budget, ADA) == 1
    clock.seconds += 0.2
    assert wait_of(budget, ADA) == 0
    clock.seconds += 600
    budget.charge(ADA, 59.02)
    assert wait_of(budget, ADA) == 0


async def test_a_process_learns_with_a_charge_what_other_processes_have_charged(
    processes: Sequence[RedisTimeBudget],
) -> None:
    first, second = processes
    first.charge(ADA, 70.02)
    await stored(first)
    assert wait_of(second, ADA) == 0
    second.charge(ADA, 0.03)
    await stored(second)
    assert 99 <= wait_of(second, ADA) <= 101


async def test_concurrent_charges_add_up(processes: Sequence[RedisTimeBudget]) -> None:
    for process in processes * 10:
        process.charge(ADA, 5.02)
    await stored(*processes)
    processes[0].charge(ADA, 0.03)
    await stored(*processes)
    assert 399 <= wait_of(processes[0], ADA) <= 401  # 100 s were used


async def test_without_redis_each_process_counts_for_itself(redis_database: str, tmp_path: Path) -> None:
    relay = RedisRelay(redis_database, tmp_path)
    await relay.mend()
    client = Redis.from_url(relay.url, socket_timeout=0.5, socket_connect_timeout=0.5)
    clock = Clock()
    budget = RedisTimeBudget(client, OPTIONS, clock)
    await relay.cut()
    budget.charge(ADA, 30.02)
    await budget.aclose()
    budget.charge(ADA, 36.02)
    assert wait_of(budget, ADA) == 60
    clock.seconds += 2
    await relay.mend()
    budget.charge(ADA, 1.02)
    await budget.aclose()
    assert wait_of(budget, ADA) == 68  # more than Redis knows
    await client.aclose()
    await relay.cut()


async def test_the_log_names_an_exhausted_account_once(budget: TimeBudgets, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            budget.charge(ADA, 61.02)
            await stored(budget)
    assert [record.getMessage() for record in caplog.records] == [
        "No database time is left for user:ada; its requests are refused for 10 s."
    ]


async def test_a_canceled_charge_of_a_stopping_process_is_stored(processes: Sequence[RedisTimeBudget]) -> None:
    """Proves that a process that stops has told Redis of its last requests."""
    processes[0].charge(ADA, 61.02)
    async with asyncio.timeout(10):
        await processes[0].aclose()
    processes[1].charge(ADA, 0.03)
    await processes[1].aclose()
    assert wait_of(processes[1], ADA) > 0
