"""Writes wait for a connection in the order in which they came, up to their deadline."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import func, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.errors import Unavailable
from infra.db.engine import Engines, database_errors, open_engines
from infra.db.read import ReadSession
from infra.db.write_connection import WriteConnections
from infra.db.write_pool import WaitingLine
from tests import defaults

NOW = select(literal_column("1"))


@asynccontextmanager
async def opened(database_url: str, **options: Any) -> AsyncIterator[Engines]:
    """Engines with one connection to write and one to read; a reader waits at most 50 ms for its connection."""
    async with open_engines(database_url, defaults.engine(pool_size=1, pool_wait=0.05, **options)) as engines:
        yield engines


def line_of(engines: Engines) -> WaitingLine:
    pool: Any = engines.write.pool
    return pool.line


async def write(engines: Engines, done: list[Any], name: Any, statement: str = "SELECT 1") -> None:
    with database_errors():
        async with WriteConnections(engines.write).connect() as connection:
            await connection.execute(text(statement))
            done.append(name)


async def in_line(engines: Engines, *writes: Any) -> list[asyncio.Task[None]]:
    """The writes as tasks, once each of them is waiting."""
    before = line_of(engines).waiting
    tasks = []
    for each in writes:
        tasks.append(asyncio.create_task(each))
        while line_of(engines).waiting < before + len(tasks):
            assert not tasks[-1].done(), tasks[-1].result()
            await asyncio.sleep(0)
    return tasks


async def test_many_writers_are_served_one_after_another_in_their_order(database_url: str) -> None:
    """Proves the order of writers, the last of which wait longer than a reader may."""
    done: list[int] = []
    async with opened(database_url) as engines:
        async with engines.write.connect() as connection:
            await connection.execute(NOW)
            tasks = await in_line(engines, *(write(engines, done, n, "SELECT pg_sleep(0.002)") for n in range(48)))
        await asyncio.gather(*tasks)
    assert done == list(range(48))


async def test_a_later_task_does_not_take_the_connection_of_a_waiting_one(database_url: str) -> None:
    done: list[str] = []
    async with opened(database_url) as engines:
        async with engines.write.connect() as connection:
            await connection.execute(NOW)
            tasks = await in_line(engines, write(engines, done, "first"))
        # The first has been woken and has not run yet.
        await write(engines, done, "second")
        await asyncio.gather(*tasks)
    assert done == ["first", "second"]


async def test_an_idle_connection_is_lent_without_a_greenlet(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    async with opened(database_url) as engines:
        await write(engines, done, "first")
        monkeypatch.setattr(AsyncEngine, "raw_connection", None)
        await write(engines, done, "second")
    assert done == ["first", "second"]


async def test_closed_connections_are_opened_again_one_by_one(database_url: str) -> None:
    async def pids(number: int) -> list[int]:
        async with AsyncExitStack() as stack:
            lent = [await stack.enter_async_context(connections.connect()) for _ in range(number)]
            return [await each.scalar(select(func.pg_backend_pid())) for each in lent]

    async with open_engines(database_url, defaults.engine(pool_size=3)) as engines:
        connections = WriteConnections(engines.write)
        before = await pids(3)
        async with opened(database_url) as others, others.write.connect() as other:
            for pid in before[:2]:
                await other.execute(select(func.pg_terminate_backend(pid)))
        await asyncio.sleep(0.05)
        one_by_one = [await pids(1) for _ in range(6)]
        assert not {*before[:2]} & {pid for each in one_by_one for pid in each}
        after = await pids(3)
        assert set(after) & set(before) == {before[2]}
        assert (len(set(after)), line_of(engines).waiting) == (3, 0)


async def test_a_full_line_refuses_at_once(database_url: str) -> None:
    done: list[str] = []
    async with opened(database_url, write_queue=2) as engines:
        async with engines.write.connect() as connection:
            await connection.execute(NOW)
            tasks = await in_line(engines, write(engines, done, "first"), write(engines, done, "second"))
            third = asyncio.create_task(write(engines, done, "third"))
            await asyncio.sleep(0)
            assert third.done()
            with pytest.raises(Unavailable, match="Too many requests"):
                await third
            assert line_of(engines).waiting == 2
        await asyncio.gather(*tasks)
        await write(engines, done, "fourth")
    assert done == ["first", "second", "fourth"]


async def test_a_canceled_task_leaves_the_waiting_line(database_url: str) -> None:
    done: list[str] = []
    async with opened(database_url, write_queue=2) as engines:
        async with engines.write.connect() as connection:
            await connection.execute(NOW)
            first, second = await in_line(engines, write(engines, done, "first"), write(engines, done, "second"))
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            assert line_of(engines).waiting == 1
            third = (await in_line(engines, write(engines, done, "third")))[0]
        # Woken, and gone before it ran: its turn goes to the next.
        second.cancel()
        await third
        assert line_of(engines).waiting == 0
        await write(engines, done, "fourth")
    assert done == ["third", "fourth"]


async def test_a_request_keeps_no_connection_from_readers_while_it_waits_to_write(database_url: str) -> None:
    async with opened(database_url) as engines:
        reads = ReadSession(engines.read)
        async with reads.scope() as tally:
            await reads.fetch(NOW)
            reads.make_way()
            assert engines.read.in_use == 0
            async with ReadSession(engines.read).scope():
                await ReadSession(engines.read).fetch(NOW)
            await reads.fetch(NOW)
            assert (engines.read.in_use, tally.rows_read) == (1, 2)
        assert engines.read.in_use == 0


async def test_a_read_after_a_write_waits_as_long_as_the_write(database_url: str) -> None:
    """Proves that a committed change is not answered with an error because its read finds no free connection."""
    async with opened(database_url) as engines:
        reads = ReadSession(engines.read)
        connection = await engines.read.acquire()
        async with reads.scope():
            with pytest.raises(Unavailable):
                await reads.fetch(NOW)  # after 50 ms
            reads.make_way()
            reading = asyncio.create_task(reads.fetch(NOW))
            with pytest.raises(Unavailable):
                await ReadSession(engines.read).fetch(NOW)
            assert not reading.done()
            engines.read.release(connection)
            assert len(await reading) == 1


async def test_waiting_ends_with_a_timeout(database_url: str) -> None:
    async with opened(database_url, write_wait=0.02) as engines:
        async with engines.write.connect() as connection:
            await connection.execute(NOW)
            with pytest.raises(Unavailable, match="Too many requests"):
                await write(engines, [], "late")
            assert line_of(engines).waiting == 0
        await write(engines, [], "in time")


async def test_waiting_tasks_fail_at_once_when_the_server_is_unreachable() -> None:
    """A connection that cannot be opened makes way for the next in the line."""
    url = "postgresql+asyncpg://nobody@/nothing?host=/nonexistent"
    async with open_engines(url, defaults.engine(pool_size=1, write_wait=60)) as engines:
        async with asyncio.timeout(30):
            results = await asyncio.gather(*(write(engines, [], n) for n in range(5)), return_exceptions=True)
    assert [type(each) for each in results] == [Unavailable] * 5


async def test_a_connection_that_breaks_gives_its_turn_back(database_url: str) -> None:
    done: list[str] = []
    async with opened(database_url) as engines:
        with pytest.raises(Unavailable):
            await write(engines, done, "broken", "SELECT pg_terminate_backend(pg_backend_pid())")
        for name in ("second", "third"):
            await write(engines, done, name)
    assert done == ["second", "third"]
