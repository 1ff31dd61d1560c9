"""The application of the platform's slices and the sample, its schema, and a database with its tables."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import create_async_engine

from api import slices
from api.schema import build_schema
from infra import slices as adapters
from tests.sample.api.slice import SLICE as API
from tests.sample.infra.slice import SLICE as ADAPTERS
from tests.sample.infra.tables import SampleBase
from tests.servers import create_database, drop_databases

ADAPTERS_OF_SAMPLE = (*adapters.PLATFORM, ADAPTERS)
SLICES_OF_SAMPLE = (*slices.PLATFORM, API)

SCHEMA = build_schema(SLICES_OF_SAMPLE)

# Deferred, because copies of rows store the grants of guests before the shelves.
_SHELVES_ARE_AREAS = """
ALTER TABLE project_member DROP CONSTRAINT IF EXISTS fk_project_member_workspace_id_project_id;
ALTER TABLE project_member ADD FOREIGN KEY (workspace_id, project_id) REFERENCES shelf (workspace_id, id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
"""


@asynccontextmanager
async def sample_database(server_url: str, *, run: str, name: str) -> AsyncIterator[str]:
    """URL of a new database with the tables of the migrations and of the sample, whose areas are shelves."""
    url = await create_database(server_url, run=run, name=name)
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(SampleBase.metadata.create_all)
        for statement in _SHELVES_ARE_AREAS.split(";"):
            await connection.exec_driver_sql(statement)
    await engine.dispose()
    yield url
    await drop_databases(server_url, run=name)
