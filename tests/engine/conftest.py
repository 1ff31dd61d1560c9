"""The fixtures of the other tests, for the application of the sample in a database of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.app import App
from infra.bootstrap import open_app
from infra.settings import Settings
from tests.copies import Copies
from tests.patience import PATIENT_SETTINGS
from tests.sample.application import ADAPTERS_OF_SAMPLE, sample_database
from tests.sample.infra.tables import TABLES
from tests.sample.world import LibraryWorld, build_world
from tests.servers import table_emptier

# Fixtures of the session are defined anew, because pytest would reuse those that other folders have made.


@pytest.fixture(scope="session")
async def database_url(servers: dict[str, str], worker: int) -> AsyncIterator[str]:
    async with sample_database(
        servers["database_url"], run=servers["run"], name=f"{servers['run']}_{worker}_sample"
    ) as url:
        yield url


@pytest.fixture(scope="session")
async def empty_tables(database_url: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    async with table_emptier(database_url) as empty:
        yield empty


@pytest.fixture(scope="session")
async def app(database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    settings = Settings(
        _env_file=None,
        database_url=database_url,
        redis_url=redis_url,
        secret_key="Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv",
        data_dir=tmp_path_factory.mktemp("data"),
        **PATIENT_SETTINGS,
    )
    async with open_app(settings, ADAPTERS_OF_SAMPLE, remembers=True) as opened:
        yield opened


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def worlds(app: App, engine: AsyncEngine, empty_tables: Callable[[], Awaitable[None]]) -> Copies[LibraryWorld]:
    await empty_tables()
    world = await build_world(app, engine)
    tables = [table.__table__ for table in TABLES]
    copies = await Copies.of(engine, world, shared=(app, engine), further=tables)
    await empty_tables()
    return copies


@pytest.fixture
async def world(engine: AsyncEngine, database: str, worlds: Copies[LibraryWorld]) -> LibraryWorld:
    return await worlds.stored(engine)
