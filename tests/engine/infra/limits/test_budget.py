import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from redis.asyncio import Redis

from domain.shared.budget import Allowance, Budget, OverBudget
from infra.limits.budget import AHEAD, LocalBudget, RedisBudget
from infra.shared.clock import SystemClock
from tests.engine.infra.shared.redis_relay import RedisRelay

SLOW = Allowance("user:ada", 1000, 0.001)
"""Allowance that refunds almost nothing during a test."""


class Clock:
    """A monotonic clock that only tests move."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def local(monotonic: Clock | None = None) -> LocalBudget:
    return LocalBudget(SystemClock(), monotonic or Clock())


@pytest.fixture
async def processes(redis_database: str) -> AsyncIterator[Sequence[RedisBudget]]:
    """Budgets of four processes that share one Redis."""
    clients = [Redis.from_url(redis_database, socket_timeout=2.0, socket_connect_timeout=2.0) for _ in range(4)]
    yield [RedisBudget(client, local(), SystemClock()) for client in clients]
    for client in clients:
        await client.aclose()


@pytest.fixture(params=["local", "redis"])
def budget(request: pytest.FixtureRequest, processes: Sequence[RedisBudget]) -> Budget:
    return local() if request.param == "local" else processes[0]


async def spent(budget: Budget, allowance: Allowance, points: int, tries: int) -> int:
    total = 0
    for _ in range(tries):
        try:
            await budget.take(allowance, points)
            total += points
        except OverBudget:
            pass
    return total


async def test_a_bucket_gives_what_it_holds_and_no_more(budget: Budget) -> None:
    assert await spent(budget, SLOW, 7, 300) == 994
    assert await spent(budget, SLOW, 1, 20) == 6
    assert await spent(budget, Allowance("user:bob", 50, 0.001), 7, 20) == 49


async def test_at_once_too(budget: Budget) -> None:
    assert sum(await asyncio.gather(*(spent(budget, SLOW, 9, 4) for _ in range(64)))) == 999


async def test_none_of_many_requests_at_once_is_refused_while_points_are_left(budget: Budget) -> None:
    allowance = Allowance("user:ada", 250_000, 70.0)
    await asyncio.gather(*(budget.take(allowance, 14) for _ in range(200)))
    assert 250_000 - 200 * 14 <= budget.balance(allowance).remaining <= 250_000


async def test_the_balance_says_what_is_left_and_when_all_is_back(budget: Budget) -> None:
    allowance = Allowance("user:ada", 1000, 1.0)
    await budget.take(allowance, 600)
    balance = budget.balance(allowance)
    assert balance.remaining in (400, 401)
    wait = (balance.reset_at - SystemClock().now()).total_seconds()
    assert 595 < wait <= 601
    with pytest.raises(OverBudget) as refusal:
        await budget.take(allowance, 700)
    assert refusal.value.retry_after in (299, 300)
    assert "700 points" in refusal.value.message


async def test_returned_points_can_be_taken_again(budget: Budget) -> None:
    await budget.take(SLOW, 1000)
    assert budget.balance(SLOW).remaining == 0
    budget.give_back(SLOW, 990)
    assert budget.balance(SLOW).remaining == 990
    assert await spent(budget, SLOW, 10, 200) == 990


async def test_points_come_back_with_time() -> None:
    clock = Clock()
    budget = local(clock)
    allowance = Allowance("user:ada", 100, 2.0)
    assert await spent(budget, allowance, 10, 20) == 100
    clock.seconds += 7.5
    assert await spent(budget, allowance, 1, 20) == 15
    clock.seconds += 10_000
    assert await spent(budget, allowance, 10, 20) == 100


async def test_points_come_back_in_redis(processes: Sequence[RedisBudget]) -> None:
    fast = Allowance("user:ada", 100, 500.0)
    assert await spent(processes[0], fast, 100, 1) == 100
    with pytest.raises(OverBudget):
        await processes[0].take(fast, 100)
    await asyncio.sleep(0.21)  # Redis has a clock of its own, that no test moves
    assert await spent(processes[1], fast, 100, 1) == 100


async def test_processes_together_give_no_more_than_the_bucket_holds(processes: Sequence[RedisBudget]) -> None:
    takers = [spent(process, SLOW, 3, 400) for process in processes for _ in range(8)]
    total = sum(await asyncio.gather(*takers))
    held_back = len(processes) * SLOW.capacity // AHEAD
    assert SLOW.capacity - held_back <= total <= SLOW.capacity


async def test_most_requests_need_no_round_trip(processes: Sequence[RedisBudget], redis_database: str) -> None:
    client = Redis.from_url(redis_database)
    allowance = Allowance("user:ada", 250_000, 70.0)
    before = (await client.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})["calls"]
    for _ in range(1000):
        await processes[0].take(allowance, 4552)
        processes[0].give_back(allowance, 4400)
    after = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    await client.aclose()
    assert after - before < 50
    with pytest.raises(OverBudget):
        await processes[0].take(allowance, 250_000)


async def test_without_redis_each_process_counts_for_itself(redis_database: str, tmp_path: Path) -> None:
    relay = RedisRelay(redis_database, tmp_path)
    await relay.mend()
    client = Redis.from_url(relay.url, socket_timeout=0.5, socket_connect_timeout=0.5)
    clock = Clock()
    budget = RedisBudget(client, local(clock), SystemClock(), clock)
    assert await spent(budget, SLOW, 10, 1) == 10
    await relay.cut()
    assert await spent(budget, SLOW, 100, 30) == 1000
    other = Allowance("user:bob", 1000, 1.0)
    bucket = await budget.take(other, 600)
    # What is left is told of the bucket that was taken from, and what is given back goes there.
    assert bucket.balance(other).remaining == 400
    assert 595 < (bucket.balance(other).reset_at - SystemClock().now()).total_seconds() <= 601
    bucket.give_back(other, 590)
    assert bucket.balance(other).remaining == 990
    assert await spent(budget, other, 10, 200) == 990
    clock.seconds += 2
    await relay.mend()
    assert await spent(budget, SLOW, 100, 30) == 900
    await client.aclose()
    await relay.cut()
