"""Connections of write transactions run SQLAlchemy's statements on the driver itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from asyncpg.prepared_stmt import PreparedStatement
from sqlalchemy import bindparam, func, insert, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.shared.errors import InvalidInput, Unavailable
from infra.db.engine import Engines, database_errors, open_engines
from infra.db.prepared import MOST_PREPARED, PreparedStatements
from infra.db.statement_trace import ContextStatementTrace
from infra.db.statements import WriteStatements
from infra.db.write_connection import WriteConnection, WriteConnections
from infra.jobs.tables import ScheduleRow
from tests import defaults
from tests.connections import meet_closing
from tests.factories.moments import MADE
from tests.transactions import transaction

PID = select(literal_column("pg_backend_pid()"))
NAMES = select(ScheduleRow.name).order_by(ScheduleRow.name)
ADD = insert(ScheduleRow)
PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql")


@pytest.fixture
async def engines(database: str) -> AsyncIterator[Engines]:
    """Engines with one connection to write."""
    async with open_engines(database, defaults.engine(pool_size=1, statement_timeout=20)) as opened:
        yield opened


@pytest.fixture
def connections(engines: Engines) -> WriteConnections:
    return WriteConnections(engines.write)


def row(name: str) -> dict[str, Any]:
    return {"name": name, "due_at": MADE}


async def names(connections: WriteConnections) -> list[str]:
    async with connections.connect() as connection:
        return list(await connection.scalars(NAMES))


async def test_only_what_is_committed_stays(connections: WriteConnections) -> None:
    async with transaction(connections) as connection:
        await connection.execute(ADD, row("committed at the end"))
    async with connections.connect() as connection:
        await connection.execute(ADD, row("committed"))
        await connection.commit()
        await connection.execute(ADD, row("left out"))
    async with connections.connect() as connection:
        await connection.execute(ADD, row("rolled back"))
        await connection.rollback()
    with suppress(KeyError):
        async with transaction(connections) as connection:
            await connection.execute(ADD, row("before an error"))
            raise KeyError
    assert await names(connections) == ["committed", "committed at the end"]


async def test_a_transaction_reads_what_others_have_committed_meanwhile(database: str, engines: Engines) -> None:
    """Whatever isolation the server has by default."""
    async with WriteConnections(engines.write).connect() as connection:
        await connection.run("SET default_transaction_isolation = 'serializable'")
        await connection.commit()
        assert await connection.scalars(NAMES) == []
        async with open_engines(database, defaults.engine()) as others, others.write.begin() as other:
            await other.execute(ADD, row("new"))
        assert await connection.scalars(NAMES) == ["new"]
        await connection.rollback()
        await connection.run("RESET default_transaction_isolation")
        await connection.commit()


async def test_rows_are_counted_and_converted(connections: WriteConnections) -> None:
    async with transaction(connections) as connection:
        await connection.execute(ADD, [row(name) for name in "abc"])
        found = await connection.execute(NAMES)
        assert ([*found.scalars()], found.rowcount, found.first()) == (["a", "b", "c"], 3, ("a",))
        moved = update(ScheduleRow).where(ScheduleRow.name > bindparam("than"))
        later = {"than": "a", "due_at": MADE.replace(year=2030)}
        assert (await connection.execute(moved, later)).rowcount == 2
        assert (await connection.execute(moved.returning(ScheduleRow.name), later)).scalars() == ["b", "c"]
        assert await connection.scalar(NAMES.where(ScheduleRow.name == "z")) is None
        assert (await connection.execute(NAMES.where(ScheduleRow.name == "z"))).scalar_one_or_none() is None
        with pytest.raises(ValueError, match="unpack"):
            (await connection.execute(NAMES)).one()
        assert (await connection.execute(text("SET LOCAL work_mem = '4MB'"))).rowcount == -1


async def test_many_values_are_sent_together_and_copied(connections: WriteConnections) -> None:
    async with transaction(connections) as connection:
        await connection.copy("schedule", ["name", "due_at"], [("copied", MADE)])
        await connection.execute(ADD, [row(f"{number:03}") for number in range(200)])
        await connection.execute(ADD, [])
        with pytest.raises(ValueError, match="same names"):
            await connection.execute(ADD, [row("x"), {"name": "y"}])
    found = await names(connections)
    assert (len(found), found[0], found[-1]) == (201, "000", "copied")


async def test_a_savepoint_undoes_a_failure_alone(connections: WriteConnections) -> None:
    async with transaction(connections) as connection:
        await connection.execute(ADD, row("a"))

        async def fail() -> None:
            async with connection.savepoint():
                await connection.execute(ADD, row("b"))
                await connection.execute(ADD, row("a"))

        with pytest.raises(asyncpg.UniqueViolationError) as failure:
            await fail()
        async with connection.savepoint():
            await connection.execute(ADD, row("c"))
    assert failure.value.constraint_name == "pk_schedule"
    assert await names(connections) == ["a", "c"]


async def test_a_statement_is_prepared_once_for_each_connection(connections: WriteConnections) -> None:
    async with transaction(connections) as connection:
        await connection.execute(PREPARED)
        before = await connection.scalar(PREPARED)
    for name in "abc":
        async with transaction(connections) as connection:
            await connection.execute(ADD, row(name))
            assert await connection.scalar(PREPARED) == before + 1
    async with transaction(connections) as connection:
        for number in range(MOST_PREPARED + 10):
            await connection.execute(select(literal_column(str(number))))
        assert await connection.scalar(PREPARED) <= MOST_PREPARED + before


async def test_a_canceled_transaction_ends_on_the_server_and_its_connection_is_used_again(
    connections: WriteConnections,
) -> None:
    async with connections.connect() as connection:
        pid = await connection.scalar(PID)

    async def write() -> None:
        async with transaction(connections) as connection:
            await connection.execute(ADD, row("canceled"))
            running.set()
            await connection.execute(select(func.pg_sleep(20)))

    running = asyncio.Event()
    writing = asyncio.create_task(write())
    await running.wait()
    await asyncio.sleep(0.01)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    async with connections.connect() as connection, asyncio.timeout(10):
        assert await connection.scalar(PID) == pid
        assert list(await connection.scalars(NAMES)) == []


async def test_a_task_canceled_at_any_moment_leaves_a_usable_connection(connections: WriteConnections) -> None:
    """One after another, the messages of a transaction are cut off by a cancellation."""
    for moment in range(40):

        async def write() -> None:
            async with transaction(connections) as connection:
                await connection.execute(ADD, row(f"moment {moment}"))  # noqa: B023  ends before the next moment

        writing = asyncio.create_task(write())
        for _ in range(moment):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        async with connections.connect() as connection, asyncio.timeout(20):
            assert await connection.scalar(select(literal_column("txid_current_if_assigned()"))) is None


async def test_a_connection_that_the_server_closed_while_idle_is_replaced(
    database: str, connections: WriteConnections
) -> None:
    async with connections.connect() as connection:
        pid = await connection.scalar(PID)
    async with open_engines(database, defaults.engine()) as others, others.write.begin() as other:
        await _terminate(other, pid)
    await asyncio.sleep(0.05)
    async with transaction(connections) as connection:
        assert await connection.scalar(PID) != pid


async def test_a_connection_that_breaks_in_a_transaction_is_unavailable_and_replaced(
    database: str, connections: WriteConnections
) -> None:
    async def lose(others: Engines) -> None:
        with database_errors():
            async with transaction(connections) as connection:
                pid = await connection.scalar(PID)
                async with others.write.begin() as other:
                    await _terminate(other, pid)
                await connection.execute(ADD, row("lost"))

    async with open_engines(database, defaults.engine()) as others:
        with pytest.raises(Unavailable):
            await lose(others)
    assert await names(connections) == []


@pytest.mark.parametrize("is_closing_later", [False, True], ids=["at a statement", "at its rollback, too"])
async def test_a_connection_that_the_server_is_closing_is_unavailable_and_replaced(
    connections: WriteConnections, monkeypatch: pytest.MonkeyPatch, is_closing_later: bool
) -> None:
    async def lose(patch: pytest.MonkeyPatch) -> None:
        with database_errors():
            async with connections.connect() as connection:
                await connection.scalar(PID)
                patch.setattr(PreparedStatements, "run", meet_closing)
                if is_closing_later:
                    patch.setattr(WriteConnection, "rollback", meet_closing)
                await connection.execute(ADD, row("lost"))

    async with connections.connect() as connection:
        pid = await connection.scalar(PID)
    with monkeypatch.context() as patch, pytest.raises(Unavailable):
        await lose(patch)
    assert await names(connections) == []
    async with connections.connect() as connection:
        assert (await connection.scalar(PID) != pid) == is_closing_later


async def _terminate(connection: AsyncConnection, pid: int) -> None:
    await connection.execute(select(func.pg_terminate_backend(pid)))


@pytest.mark.parametrize("value", ["a\0b", "\ud800"], ids=["NUL", "surrogate"])
async def test_a_value_that_cannot_be_stored_is_invalid_input(connections: WriteConnections, value: str) -> None:
    async with connections.connect() as connection:
        with pytest.raises(InvalidInput), database_errors():
            await connection.execute(ADD, row(value))
    assert await names(connections) == []


async def test_a_migration_costs_one_refusal_whatever_the_number_of_connections(database: str) -> None:
    everything = text("SELECT * FROM migrated")

    async def read(connection: WriteConnection) -> list[tuple[Any, ...]]:
        return [tuple(found) for found in await connection.execute(everything)]

    async def read_on_any() -> None:
        with database_errors():
            async with connections.connect() as connection:
                await read(connection)

    async with open_engines(database, defaults.engine(pool_size=3)) as engines:
        connections = WriteConnections(engines.write)
        async with transaction(connections) as connection:
            await connection.run("CREATE TABLE migrated (one integer); INSERT INTO migrated VALUES (1)")
        try:
            async with connections.connect() as a, connections.connect() as b, connections.connect() as c:
                assert [await read(each) for each in (a, b, c)] == [[(1,)]] * 3
            async with engines.write.begin() as other:
                await other.execute(text("ALTER TABLE migrated ADD COLUMN two text DEFAULT 'b'"))
            with pytest.raises(Unavailable, match="migrated"):
                await read_on_any()
            async with connections.connect() as a, connections.connect() as b, connections.connect() as c:
                assert [await read(each) for each in (a, b, c)] == [[(1, "b")]] * 3
        finally:
            async with engines.write.begin() as other:
                await other.execute(text("DROP TABLE migrated"))


async def test_a_statement_passes_no_layer_of_the_driver_above_its_protocol(
    connections: WriteConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("PreparedStatement executes")

    async with connections.connect() as connection:
        await connection.scalar(PID)  # opens the connection
        for name in ("fetch", "_PreparedStatement__bind_execute", "get_statusmsg"):
            monkeypatch.setattr(PreparedStatement, name, refuse)
        assert (await connection.execute(ADD, row("a"))).rowcount == 1
        assert await connection.scalars(NAMES) == ["a"]


async def test_a_migration_of_a_type_costs_one_refusal(database: str) -> None:
    pairs = text("SELECT pair FROM migrated")

    async def read() -> tuple[Any, ...]:
        with database_errors():
            async with connections.connect() as connection:
                return tuple(await connection.scalar(pairs))

    async with open_engines(database, defaults.engine()) as engines:
        connections = WriteConnections(engines.write)
        async with transaction(connections) as connection:
            await connection.run("CREATE TYPE pair AS (one integer); CREATE TABLE migrated (pair pair)")
            await connection.run("INSERT INTO migrated VALUES (ROW(1))")
        try:
            assert await read() == (1,)
            async with engines.write.begin() as other:
                await other.execute(text("ALTER TYPE pair ADD ATTRIBUTE two text"))
                await other.execute(text("UPDATE migrated SET pair = ROW(1, 'b')"))
            with pytest.raises(Unavailable):
                await read()
            assert await read() == (1, "b")
        finally:
            async with engines.write.begin() as other:
                await other.execute(text("DROP TABLE migrated"))
                await other.execute(text("DROP TYPE pair"))


async def test_statements_of_transactions_are_traced(database: str) -> None:
    trace = ContextStatementTrace()
    async with open_engines(database, defaults.engine()) as engines:
        connections = WriteConnections(engines.write, trace.writing())
        with trace() as sent:
            async with transaction(connections) as connection:
                await connection.execute(ADD, [row("a"), row("secret word")])
                await connection.execute(NAMES)
                with suppress(asyncpg.PostgresError):
                    async with connection.savepoint():
                        await connection.execute(text("SELECT 1 / 0"))
        async with transaction(connections) as connection:
            await connection.execute(NAMES)
    assert [(each.rows, each.is_write) for each in sent] == [(2, True), (2, True)]
    assert sent[0].text.startswith("INSERT INTO schedule")
    assert all(each.milliseconds > 0 and "secret" not in each.text for each in sent)


def test_columns_named_like_parameters_are_written() -> None:
    statements = WriteStatements(dialect.dialect())
    renamed = update(ScheduleRow).where(ScheduleRow.name == bindparam("key"))
    both = statements.query(renamed, {"key": "a", "name": "b", "due_at": MADE})
    one = statements.query(renamed, {"key": "a", "due_at": MADE})
    assert [both.text.count("="), one.text.count("=")] == [3, 2]
    assert (sorted(map(str, both.arguments)), sorted(map(str, one.arguments))) == (
        sorted(["a", "b", str(MADE)]),
        sorted(["a", str(MADE)]),
    )
    assert statements.query(renamed, {"key": "z", "due_at": MADE}).text is one.text
