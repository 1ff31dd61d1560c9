from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from infra.db.engine import read_pool
from infra.db.read import ReadSession
from tests import defaults
from tests.engine.infra.db.keyset_items import ItemRow, OwnBase, run


@pytest.fixture(scope="module")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.run_sync(OwnBase.metadata.create_all)
    yield engine
    async with engine.connect() as connection:
        await connection.run_sync(OwnBase.metadata.drop_all)
    await engine.dispose()


@pytest.fixture(scope="module")
async def reads(engine: AsyncEngine) -> AsyncIterator[ReadSession]:
    pool = read_pool(engine, defaults.engine())
    yield ReadSession(pool)
    await pool.aclose()


@pytest.fixture(scope="module")
async def crowd(engine: AsyncEngine) -> None:
    """200,000 rows: half of them created at the same moment, a third without a due date."""
    await run(
        engine,
        delete(ItemRow),
        text(
            "INSERT INTO keyset_item (id, parent, created_at, due, rank, name, number) "
            "SELECT 'i' || lpad(n::text, 9, '0'), 'p' || n % 100, "
            "timestamptz '2024-02-29 12:00Z' + CASE WHEN n % 2 = 0 THEN 0 ELSE n END * interval '1 s', "
            "CASE WHEN n % 3 > 0 THEN date '2024-01-01' + n % 5 END, n % 2 + 1, md5(n::text), n "
            "FROM generate_series(1, 200000) AS n"
        ),
        text("CREATE INDEX ON keyset_item (created_at, id)"),
        text("CREATE INDEX ON keyset_item (due, id)"),
        text("CREATE INDEX ON keyset_item (rank, created_at, id)"),
        text("CREATE INDEX ON keyset_item (parent, created_at, id)"),
        text("ANALYZE keyset_item"),
    )
