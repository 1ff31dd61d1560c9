import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import pytest
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import BigInteger, Executable, Text, bindparam, literal_column, select, text

from domain.shared.errors import InvalidInput, Unavailable
from infra.db.engine import Engines, open_engines
from infra.db.read import ReadSession
from tests import defaults
from tests.patience import PATIENCE

PID = select(literal_column("pg_backend_pid()"))


@pytest.fixture
async def engines(database_url: str) -> AsyncIterator[Engines]:
    async with open_engines(
        database_url, defaults.engine(pool_size=1, pool_wait=0.05, statement_timeout=0.2)
    ) as opened:
        yield opened


@pytest.fixture
async def patient(database_url: str) -> AsyncIterator[Engines]:
    """Engines whose long limits let a test act while a statement runs."""
    async with open_engines(database_url, defaults.engine(pool_size=1, pool_wait=5, statement_timeout=30)) as opened:
        yield opened


async def write(engines: Engines, *statements: str) -> None:
    async with engines.write.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def started(engines: Engines, mark: str) -> None:
    """Waits until a statement with that text is running."""
    await _until_running(engines, mark, count=1)


async def ended(engines: Engines, mark: str) -> None:
    await _until_running(engines, mark, count=0)


async def _until_running(engines: Engines, mark: str, *, count: int) -> None:
    running = text("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE :mark AND pid <> :own")
    end = monotonic() + PATIENCE
    async with engines.write.connect() as connection:
        own = await connection.scalar(PID)
        while await connection.scalar(running, {"mark": f"%{mark}%", "own": own}) != count:
            assert monotonic() < end, f"{mark} did not come to be running {count} times"
            await connection.rollback()


async def value(reads: ReadSession, statement: Executable, **params: Any) -> Any:
    return (await reads.fetch(statement, **params))[0][0]


@pytest.mark.parametrize(
    ("kind", "value"), [(Text, "a\0b"), (Text, "\ud800"), (BigInteger, 2**63)], ids=["NUL", "surrogate", "number"]
)
async def test_values_the_database_cannot_store_are_invalid_input(engines: Engines, kind: type, value: object):
    reads = ReadSession(engines.read)
    async with reads.scope():
        [[before]] = await reads.fetch(PID)
        with pytest.raises(InvalidInput):
            await reads.fetch(select(bindparam("value", type_=kind())), value=value)
        assert (await reads.fetch(PID))[0][0] == before


async def test_a_slow_statement_is_ended(engines: Engines):
    with pytest.raises(Unavailable, match="took too long"):
        await ReadSession(engines.read).fetch(select(literal_column("pg_sleep(5)")))


async def test_a_statement_that_reaches_its_own_limit_is_canceled_and_its_connection_used_again(patient: Engines):
    reads = ReadSession(patient.read)
    async with reads.scope():
        pid = await value(reads, PID)
        since = monotonic()
        assert await reads.fetch_within(0.05, select(literal_column("pg_sleep(22)"))) is None
        assert await value(reads, PID) == pid
        assert await reads.fetch_within(20, PID) == [(pid,)]
    assert monotonic() - since < 20
    await ended(patient, "pg_sleep(22)")


async def test_waiting_for_a_connection_is_ended(engines: Engines):
    connection = await engines.read.acquire()
    with pytest.raises(Unavailable, match="Too many requests"):
        await ReadSession(engines.read).fetch(PID)
    engines.read.release(connection)
    assert await value(ReadSession(engines.read), PID) == connection.pid


async def test_a_released_connection_goes_to_a_waiting_task(patient: Engines):
    reads = ReadSession(patient.read)
    connection = await patient.read.acquire()
    waiting = asyncio.create_task(value(reads, PID))
    await asyncio.sleep(0)
    patient.read.release(connection)
    assert await waiting == connection.pid
    assert patient.read.in_use == 0


async def test_a_scope_reads_on_one_connection_and_gives_it_back(engines: Engines):
    reads = ReadSession(engines.read)
    async with reads.scope():
        assert len({await value(reads, PID) for _ in range(3)}) == 1
        assert engines.read.in_use == 1
    assert engines.read.in_use == 0


async def test_siblings_in_a_scope_take_turns(patient: Engines):
    reads = ReadSession(patient.read)
    async with reads.scope():
        pids = await asyncio.gather(*(value(reads, PID) for _ in range(5)))
    assert len(set(pids)) == 1


@pytest.mark.parametrize("is_scoped", [True, False])
async def test_a_read_survives_the_end_of_its_pooled_connection(engines: Engines, is_scoped: bool):
    reads = ReadSession(engines.read)
    pid = await value(reads, PID)
    async with engines.write.connect() as connection:
        await connection.execute(select(literal_column(f"pg_terminate_backend({pid})")))
    if is_scoped:
        async with reads.scope():
            other = await value(reads, PID)
    else:
        other = await value(reads, PID)
    assert other != pid


async def test_a_read_whose_connection_ends_meanwhile_is_repeated(patient: Engines):
    reads = ReadSession(patient.read)
    async with reads.scope():
        pid = await value(reads, PID)
        slow_once = f"pg_sleep(CASE pg_backend_pid() WHEN {pid} THEN 22 ELSE 0 END)"
        reading = asyncio.create_task(
            reads.fetch(select(literal_column(slow_once), literal_column("pg_backend_pid()")))
        )
        await started(patient, "THEN 22")
        async with patient.write.connect() as connection:
            await connection.execute(select(literal_column(f"pg_terminate_backend({pid})")))
        [[_, other]] = await reading
        assert other not in (pid, None)
        assert await value(reads, PID) == other
    assert patient.read.in_use == 0


async def test_a_canceled_read_is_ended_on_the_server_and_its_connection_not_used_again(patient: Engines):
    reads = ReadSession(patient.read)
    async with reads.scope():
        pid = await value(reads, PID)
        reading = asyncio.create_task(reads.fetch(select(literal_column("pg_sleep(20)"))))
        await started(patient, "pg_sleep(20)")
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        # The pool holds one connection: the next read waits until the old one is closed.
        assert await value(reads, PID) != pid
    await ended(patient, "pg_sleep(20)")
    assert patient.read.in_use == 0


async def test_a_scope_that_ends_under_a_sibling_discards_its_connection(patient: Engines):
    reads = ReadSession(patient.read)
    async with reads.scope():
        pid = await value(reads, PID)
        left = asyncio.create_task(reads.fetch(select(literal_column("pg_sleep(21)"))))
        await started(patient, "pg_sleep(21)")
    assert await value(reads, PID) != pid
    with pytest.raises(Unavailable):
        await left
    await ended(patient, "pg_sleep(21)")
    assert patient.read.in_use == 0


async def test_a_connection_that_is_had_when_its_scope_is_over_goes_back_to_the_pool(patient: Engines):
    reads = ReadSession(patient.read)
    async with reads.scope():
        left = asyncio.create_task(value(reads, PID))
        await asyncio.sleep(0)  # it has begun, and opens the pool's only connection
        assert not left.done()
    pid = await left
    assert patient.read.in_use == 0
    assert await value(reads, PID) == pid


async def test_reads_that_outlive_their_scope_use_their_own_connection(patient: Engines):
    reads = ReadSession(patient.read)
    gate = asyncio.Event()

    async def late() -> Any:
        await gate.wait()
        return await value(reads, PID)

    async with reads.scope():
        task = asyncio.create_task(late())
        pid = await value(reads, PID)
    gate.set()
    assert await task == pid
    assert patient.read.in_use == 0


async def test_a_migration_under_a_prepared_statement_is_not_noticed(patient: Engines):
    reads = ReadSession(patient.read)
    everything = text("SELECT * FROM migrated")
    await write(patient, "CREATE TABLE migrated (one integer)", "INSERT INTO migrated VALUES (1)")
    try:
        async with reads.scope():
            pid = await value(reads, PID)
            assert [tuple(row) for row in await reads.fetch(everything)] == [(1,)]
            await write(patient, "ALTER TABLE migrated ADD COLUMN two text DEFAULT 'b'")
            assert [tuple(row) for row in await reads.fetch(everything)] == [(1, "b")]
            assert await value(reads, PID) == pid
    finally:
        await write(patient, "DROP TABLE migrated")


async def test_a_migration_of_a_type_of_read_values_is_not_noticed(patient: Engines):
    reads = ReadSession(patient.read)
    pairs = text("SELECT pair FROM migrated")
    await write(patient, "CREATE TYPE pair AS (one integer)", "CREATE TABLE migrated (pair pair)")
    await write(patient, "INSERT INTO migrated VALUES (ROW(1))")
    try:
        async with reads.scope():
            pid = await value(reads, PID)
            assert tuple(await value(reads, pairs)) == (1,)
            await write(patient, "ALTER TYPE pair ADD ATTRIBUTE two text", "UPDATE migrated SET pair = ROW(1, 'b')")
            assert tuple(await value(reads, pairs)) == (1, "b")
            assert await value(reads, PID) == pid
    finally:
        await write(patient, "DROP TABLE migrated", "DROP TYPE pair")


async def test_a_read_passes_no_layer_of_the_driver_above_its_protocol(
    patient: Engines, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a read takes the slow way")

    reads = ReadSession(patient.read)
    before = await value(reads, PID)
    monkeypatch.setattr(PreparedStatement, "fetch", refuse)
    assert await value(reads, PID) == before
    with pytest.raises(InvalidInput):
        await reads.fetch(select(bindparam("value", type_=Text())), value="a\0b")
    async with reads.scope():
        assert await reads.fetch_within(0.05, select(literal_column("pg_sleep(20)"))) is None
        assert await value(reads, PID) == before


async def test_a_server_that_is_away_is_unavailable():
    url = "postgresql+asyncpg://nobody@/nothing?host=/nonexistent"
    async with open_engines(url, defaults.engine(pool_size=1)) as engines:
        for _ in range(2):
            with pytest.raises(Unavailable):
                await ReadSession(engines.read).fetch(PID)
        assert engines.read.in_use == 0


async def test_reads_cannot_write(engines: Engines):
    with pytest.raises(Exception, match="read-only"):
        await ReadSession(engines.read).fetch(text("DELETE FROM account"))


async def test_statements_do_not_occupy_parallel_workers(engines: Engines):
    shown = text("SELECT current_setting('max_parallel_workers_per_gather')")
    async with engines.write.connect() as connection:
        assert await connection.scalar(shown) == "0"
    assert await value(ReadSession(engines.read), shown) == "0"
