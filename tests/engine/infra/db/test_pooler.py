"""Connections for a pooler in transaction mode, on PostgreSQL itself; tests/e2e/test_pgbouncer.py has the pooler."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Executable, bindparam, func, literal_column, select, text

from domain.shared.errors import Unavailable
from infra.accounts.tables import UserRow
from infra.db.engine import Engines, open_engines
from infra.db.pooler import TransactionReads
from infra.db.read import ReadSession
from infra.db.statement_trace import ContextStatementTrace
from tests import defaults
from tests.transactions import transaction

TRANSACTION = select(literal_column("pg_current_snapshot()::text"), literal_column("now()::text"))
LIMITS = select(
    func.current_setting("statement_timeout"),
    func.current_setting("lock_timeout"),
    func.current_setting("idle_in_transaction_session_timeout"),
    func.current_setting("jit"),
    func.current_setting("max_parallel_workers_per_gather"),
)
PREPARED = "SELECT count(*) FROM pg_prepared_statements"


@pytest.fixture
async def engines(database: str) -> AsyncIterator[Engines]:
    options = defaults.engine(pool_size=1, pool_wait=5, statement_timeout=2, is_pooled=True)
    async with open_engines(database, options) as opened:
        yield opened


async def begun(reads: ReadSession) -> str:
    """The time of the transaction's begin."""
    return str((await reads.fetch(TRANSACTION))[0][1])


async def test_reads_of_a_request_share_a_transaction_which_ends_with_it(engines: Engines) -> None:
    reads = ReadSession(engines.read)
    async with reads.scope():
        assert await begun(reads) == await begun(reads)
        first = await begun(reads)
    assert await begun(reads) != first
    connection = await engines.read.acquire()
    assert isinstance(connection, TransactionReads)
    assert not connection._connection.is_in_transaction()
    engines.read.release(connection)


async def test_limits_hold_in_each_transaction_and_end_with_it(engines: Engines) -> None:
    wanted = ("2s", "3s", "30s", "off", "0")
    reads = ReadSession(engines.read)
    assert tuple((await reads.fetch(LIMITS))[0]) == wanted
    async with engines.write.begin() as connection:
        assert tuple((await connection.execute(LIMITS)).one()) == wanted
        driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    # Without BEGIN, so that the session's own values are seen.
    assert await driver.fetchval("SELECT current_setting('statement_timeout')") == "0"


async def test_a_type_that_the_driver_looks_up_leaves_no_setting_behind(engines: Engines) -> None:
    async with engines.write.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        assert await driver.fetchval("SELECT ARRAY[NULL::account]") == [None]
    changed = "SELECT name FROM pg_settings WHERE source = 'session' AND name = 'jit'"
    assert await driver.fetch(changed) == []


async def test_no_statement_is_named(engines: Engines) -> None:
    reads = ReadSession(engines.read)
    given = select(bindparam("value", type_=UserRow.name.type))
    for _ in range(2):
        async with reads.scope():
            assert (await reads.fetch(given, value="Ada"))[0][0] == "Ada"
            assert (await reads.fetch(given, value="Grace"))[0][0] == "Grace"
            assert (await reads.fetch(text(PREPARED)))[0][0] == 0
    async with transaction(engines.write) as connection:
        assert tuple((await connection.execute(LIMITS)).one()) == ("2s", "3s", "30s", "off", "0")
        await connection.execute(text("CREATE TEMPORARY TABLE copied (name text) ON COMMIT DROP"))
        await connection.execute(text("INSERT INTO copied VALUES (:name)"), [{"name": "Ada"}, {"name": "Grace"}])
        await connection.copy("copied", ["name"], [("Edsger",)])
        assert await connection.scalar(text("SELECT count(*) FROM copied")) == 3
        assert await connection.scalar(text(PREPARED)) == 0


@pytest.mark.parametrize(
    ("statement", "failure"),
    [(select(literal_column("1/0")), Exception), (select(literal_column("pg_sleep(20)")), Unavailable)],
    ids=["failed", "canceled"],
)
async def test_a_failed_read_leaves_the_others_of_its_request(
    engines: Engines, statement: Executable, failure: type[Exception]
) -> None:
    reads = ReadSession(engines.read)
    async with reads.scope():
        await begun(reads)
        with pytest.raises(failure):
            await reads.fetch(statement)
        assert await begun(reads)


async def test_a_read_that_reaches_its_own_limit_leaves_the_others_of_its_request(engines: Engines) -> None:
    reads = ReadSession(engines.read)
    async with reads.scope():
        before = await begun(reads)
        assert await reads.fetch_within(0.05, select(literal_column("pg_sleep(1)"))) is None
        assert await begun(reads) != before


async def test_a_pool_closes_right_after_a_connection_was_released(engines: Engines) -> None:
    for turns in range(3):
        engines.read.release(await engines.read.acquire())
        for _ in range(turns):
            await asyncio.sleep(0)
        await asyncio.wait_for(engines.read.aclose(), 20)


async def test_reads_cannot_write(engines: Engines) -> None:
    with pytest.raises(Exception, match="read-only"):
        await ReadSession(engines.read).fetch(text("DELETE FROM account"))


async def test_a_transaction_that_waits_gets_the_connection_of_the_request(engines: Engines) -> None:
    reads = ReadSession(engines.read)
    async with reads.scope():
        await begun(reads)
        waiting = asyncio.create_task(asyncio.wait_for(ReadSession(engines.read).fetch(TRANSACTION), 5))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        reads.make_way()
        await waiting


async def test_statements_of_transactions_are_traced(database: str) -> None:
    trace = ContextStatementTrace()
    async with open_engines(database, defaults.engine(is_pooled=True), trace) as opened:
        with trace() as sent:
            await ReadSession(opened.read).fetch(TRANSACTION)
    assert [each.text for each in sent] == ["SELECT pg_current_snapshot()::text, now()::text"]
