from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

from infra.db.arrays import texts
from infra.db.engine import read_pool
from infra.db.read import ReadSession
from tests import defaults

ELEMENTS = select(func.unnest(texts("values")))
IS_NULL = select(texts("values").is_(None))
LISTS: list[list[str]] = [
    [],
    [""],
    ["", ""],
    ["a"],
    ["a", "b", "a"],
    ["NULL", "null"],
    [" a ", "a,b", "{}", "{", "a\nb", "ü", "😀", "'"],
    ['"'],
    ['"', "a", '","', '""'],
    ["\\"],
    ["a\\", '\\"b', "\\\\"],
    [chr(code) for code in range(1, 256)],
    [f"iss_{number}" for number in range(1000)],
]


@pytest.fixture(scope="module")
async def reads(database_url: str) -> AsyncIterator[ReadSession]:
    engine = create_async_engine(database_url)
    pool = read_pool(engine, defaults.engine())
    yield ReadSession(pool)
    await pool.aclose()
    await engine.dispose()


@pytest.mark.parametrize("values", LISTS, ids=repr)
async def test_the_database_reads_what_was_meant(reads: ReadSession, values: Sequence[str]):
    assert [row[0] for row in await reads.fetch(ELEMENTS, values=values)] == values
    assert [tuple(row) for row in await reads.fetch(IS_NULL, values=values)] == [(False,)]


async def test_null_is_no_list(reads: ReadSession):
    assert [tuple(row) for row in await reads.fetch(IS_NULL, values=None)] == [(True,)]
