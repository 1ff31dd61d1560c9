from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.db.engine import Engines, open_engines
from infra.uow import SqlUowFactory
from tests.engine.infra.jobs.sample import CLOCK, EFFECTS, IDS, nobody_listens
from tests.patience import PATIENT


@pytest.fixture
async def engines(database: str) -> AsyncIterator[Engines]:
    async with open_engines(database, PATIENT) as engines:
        async with engines.write.begin() as connection:
            await connection.execute(text(EFFECTS))
        yield engines
        async with engines.write.begin() as connection:
            await connection.execute(text("DROP TABLE job_effect"))


@pytest.fixture
def engine(engines: Engines) -> AsyncEngine:
    return engines.write


@pytest.fixture
def uow(engine: AsyncEngine) -> SqlUowFactory:
    return SqlUowFactory(engine, CLOCK, IDS, nobody_listens)
