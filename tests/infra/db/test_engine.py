from collections.abc import AsyncIterator

import pytest
from sqlalchemy import BigInteger, Text, bindparam, literal_column, select, text

from domain.shared.errors import InvalidInput, Unavailable
from infra.db.engine import EngineOptions, Engines, open_engines
from infra.db.read import Reads


@pytest.fixture
async def engines(database_url: str) -> AsyncIterator[Engines]:
    async with open_engines(database_url, EngineOptions(pool_size=1, pool_wait=0.05, statement_timeout=0.2)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("kind", "value"), [(Text, "a\0b"), (Text, "\ud800"), (BigInteger, 2**63)], ids=["NUL", "surrogate", "number"]
)
async def test_what_the_database_cannot_keep_is_the_callers_fault(engines: Engines, kind: type, value: object):
    with pytest.raises(InvalidInput):
        await Reads(engines.read).fetch(select(bindparam("value", type_=kind())), value=value)


async def test_a_slow_statement_is_ended(engines: Engines):
    with pytest.raises(Unavailable, match="took too long"):
        await Reads(engines.read).fetch(select(literal_column("pg_sleep(5)")))


async def test_waiting_for_a_connection_is_ended(engines: Engines):
    async with engines.read.connect():
        with pytest.raises(Unavailable, match="Too many requests"):
            await Reads(engines.read).fetch(select(literal_column("1")))


async def test_a_scope_reads_on_one_connection_and_gives_it_back(engines: Engines):
    reads = Reads(engines.read)
    statement = select(literal_column("pg_backend_pid()"))
    async with reads.scope():
        assert len({(await reads.fetch(statement))[0][0] for _ in range(3)}) == 1
        assert engines.read.pool.checkedout() == 1
    assert engines.read.pool.checkedout() == 0


async def test_a_read_survives_the_end_of_its_pooled_connection(engines: Engines):
    reads = Reads(engines.read)
    [[pid]] = await reads.fetch(select(literal_column("pg_backend_pid()")))
    async with engines.write.connect() as connection:
        await connection.execute(select(literal_column(f"pg_terminate_backend({pid})")))
    async with reads.scope():
        [[other]] = await reads.fetch(select(literal_column("pg_backend_pid()")))
    assert other != pid


async def test_reads_cannot_write(engines: Engines):
    with pytest.raises(Exception, match="read-only"):
        await Reads(engines.read).fetch(text("DELETE FROM account"))
