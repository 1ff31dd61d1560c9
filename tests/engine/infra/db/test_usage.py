"""Database time of a request: the time of its reads, without the time in which the process was busy."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import literal_column, select

from domain.shared.errors import Unavailable
from infra.db.engine import open_engines
from infra.db.read import ReadSession
from infra.db.usage import RequestUsage, current_usage
from tests import defaults

SLEEP = select(literal_column("pg_sleep(0.2)"))
ENDLESS = select(literal_column("pg_sleep(60)"))
FAST = select(literal_column("1"))


@pytest.fixture
async def reads(database_url: str) -> AsyncIterator[ReadSession]:
    async with open_engines(database_url, defaults.engine(pool_size=2, statement_timeout=0.2)) as engines:
        yield ReadSession(engines.read)


async def test_reads_of_a_request_add_up_with_and_without_a_scope(database_url: str) -> None:
    async with open_engines(database_url, defaults.engine(pool_size=2)) as engines:
        reads = ReadSession(engines.read)
        with RequestUsage("user:ada") as usage:
            await reads.fetch(SLEEP)
            async with reads.scope():
                await reads.fetch(SLEEP)
                await reads.fetch_aside(SLEEP)
        assert usage.seconds > 0.5
        assert current_usage() is None


async def test_a_statement_that_times_out_counts(reads: ReadSession) -> None:
    with RequestUsage("user:ada") as usage, pytest.raises(Unavailable):
        await reads.fetch(ENDLESS)
    assert usage.seconds > 0.15


async def test_a_canceled_statement_counts(database_url: str) -> None:
    async with open_engines(database_url, defaults.engine(pool_size=2)) as engines:
        with RequestUsage("user:ada") as usage, pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2), ReadSession(engines.read).scope():
                await ReadSession(engines.read).fetch(ENDLESS)
        assert usage.seconds > 0.15


async def test_the_time_in_which_the_process_is_busy_does_not_count(reads: ReadSession) -> None:
    async def be_busy() -> None:
        for _ in range(10):
            time.sleep(0.03)  # noqa: ASYNC251  blocks the event loop as the work of other requests does
            await asyncio.sleep(0)

    with RequestUsage("user:ada") as usage:
        async with reads.scope():
            await reads.fetch(FAST)
            before = usage.seconds
            busy = asyncio.create_task(be_busy())
            started = time.perf_counter()
            await reads.fetch(FAST)
            assert time.perf_counter() - started > 0.03
            assert usage.seconds - before < 0.02
            await busy
