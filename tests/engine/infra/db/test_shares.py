"""One account holds at most a third of the read connections; its further reads wait in a queue of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import literal_column, select

from domain.shared.errors import RateLimited
from infra.db.engine import Engines, open_engines
from infra.db.read import ReadSession
from infra.db.shares import Shares
from infra.db.usage import RequestUsage
from tests import defaults

ONE = select(literal_column("1"))
ADA, BOB = "user:ada", "user:bob"
PATIENCE = 60.0  # seconds that no test waits


@pytest.fixture
async def engines(database_url: str) -> AsyncIterator[Engines]:
    """Six connections to read, so that the share of an account is two; three of its reads may wait."""
    options = defaults.engine(pool_size=6, pool_wait=PATIENCE, account_queue=3)
    async with open_engines(database_url, options) as opened:
        yield opened


async def read(reads: ReadSession, account: str, release: asyncio.Event) -> None:
    """Reads once, and holds the connection until `release` is set."""
    with RequestUsage(account):
        async with reads.scope():
            await reads.fetch(ONE)
            await release.wait()


async def held_by(engines: Engines, count: int) -> None:
    """Waits until that many connections are in use."""
    end = monotonic() + PATIENCE
    while engines.read.in_use != count:
        assert monotonic() < end, f"{engines.read.in_use} connections are in use instead of {count}"
        await asyncio.sleep(0.001)


async def test_an_account_holds_a_third_of_the_connections(engines: Engines) -> None:
    reads, release, bobs = ReadSession(engines.read), asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(read(reads, ADA, release))
        await held_by(engines, 2)
        # Two hold, three wait, and the sixth is refused without waiting.
        with pytest.raises(RateLimited) as refused:
            await read(reads, ADA, release)
        assert refused.value.retry_after == 1
        for _ in range(2):
            tasks.create_task(read(reads, BOB, bobs))
        await held_by(engines, 4)
        await reads.fetch(ONE)  # a read of the server itself
        release.set()
        await held_by(engines, 2)
        bobs.set()
    assert engines.read.in_use == 0
    await read(reads, ADA, release)


async def test_a_refused_request_waits_once(database_url: str) -> None:
    async with open_engines(database_url, defaults.engine(pool_size=3, pool_wait=0.05)) as engines:
        reads, release = ReadSession(engines.read), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(read(reads, ADA, release))
            await held_by(engines, 1)
            with RequestUsage(ADA):
                async with reads.scope():
                    with pytest.raises(RateLimited) as first:
                        await reads.fetch(ONE)
                    with pytest.raises(RateLimited) as second:
                        await reads.fetch(ONE)
            assert first.value is second.value
            release.set()


async def test_a_read_after_a_write_waits_even_if_the_queue_is_full(engines: Engines) -> None:
    """Proves that a committed change is not answered with an error because other reads of the account wait."""
    reads, release = ReadSession(engines.read), asyncio.Event()

    async def write_and_read() -> Any:
        with RequestUsage(ADA):
            async with reads.scope():
                with pytest.raises(RateLimited):
                    await reads.fetch(ONE)
                reads.make_way()
                return await reads.fetch(ONE)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(read(reads, ADA, release))
        await held_by(engines, 2)
        answer = tasks.create_task(write_and_read())
        await asyncio.sleep(0)
        assert not answer.done()
        release.set()
    assert len(answer.result()) == 1


async def test_tasks_of_a_request_use_its_share(engines: Engines) -> None:
    reads, release = ReadSession(engines.read), asyncio.Event()

    async def unscoped() -> Any:
        return await reads.fetch(ONE)

    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        for _ in range(2):
            tasks.create_task(read(reads, ADA, release))
        await held_by(engines, 2)
        with RequestUsage(ADA):
            waiting = tasks.create_task(unscoped())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        release.set()
    assert len(waiting.result()) == 1


class TestShares:
    @pytest.mark.parametrize(("connections", "share"), [(1, 1), (2, 1), (3, 1), (10, 3), (12, 4)])
    def test_a_share_is_a_third_and_at_least_one(self, connections: int, share: int) -> None:
        assert Shares(connections, most_waiting=1).size == share

    async def test_waiting_reads_are_admitted_in_their_order_and_canceled_ones_leave(self) -> None:
        shares = Shares(3, most_waiting=3)
        await shares.enter(ADA, wait=PATIENCE, is_patient=False)
        admitted: list[int] = []

        async def wait(number: int) -> None:
            await shares.enter(ADA, wait=PATIENCE, is_patient=False)
            admitted.append(number)

        tasks = [asyncio.create_task(wait(number)) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks[1]
        tasks.append(asyncio.create_task(wait(3)))
        await asyncio.sleep(0)
        for expected in ([0], [0, 2], [0, 2, 3]):
            shares.leave(ADA)
            await asyncio.sleep(0.001)
            assert admitted == expected
        shares.leave(ADA)
        # Woken by the release and canceled before it ran, so the account holds nothing.
        await shares.enter(ADA, wait=PATIENCE, is_patient=False)
        last = asyncio.create_task(wait(4))
        await asyncio.sleep(0)
        shares.leave(ADA)
        last.cancel()
        with pytest.raises(asyncio.CancelledError):
            await last
        async with asyncio.timeout(PATIENCE):
            await shares.enter(ADA, wait=PATIENCE, is_patient=False)
        shares.leave(ADA)
        assert not shares.accounts
