"""Fixtures of the sample's application, which runs on a database of its own.

`tests/conftest.py` registers those of the session once. Folders whose tests run on the sample import the others, which
give them the usual names.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.app import App
from infra.bootstrap import open_app
from infra.settings import Settings
from tests.copies import Copies
from tests.patience import PATIENT_SETTINGS
from tests.sample.application import ADAPTERS_OF_SAMPLE, sample_database
from tests.sample.world import LibraryWorld, build_world
from tests.servers import table_emptier

EmptyTables: TypeAlias = Callable[[], Awaitable[None]]


@pytest.fixture(scope="session")
async def sample_database_url(servers: dict[str, str], worker: int) -> AsyncIterator[str]:
    run = servers["run"]
    async with sample_database(servers["database_url"], run=run, name=f"{run}_{worker}_sample") as url:
        yield url


@pytest.fixture(scope="session")
async def empty_sample_tables(sample_database_url: str) -> AsyncIterator[EmptyTables]:
    async with table_emptier(sample_database_url) as empty:
        yield empty


@pytest.fixture(scope="session")
async def sample_app(
    sample_database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[App]:
    settings = Settings(
        _env_file=None,
        database_url=sample_database_url,
        redis_url=redis_url,
        secret_key="Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv",
        data_dir=tmp_path_factory.mktemp("data"),
        **PATIENT_SETTINGS,
    )
    async with open_app(settings, ADAPTERS_OF_SAMPLE, remembers=True) as opened:
        yield opened


@pytest.fixture(scope="session")
async def sample_engine(sample_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(sample_database_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def sample_worlds(
    sample_app: App, sample_engine: AsyncEngine, empty_sample_tables: EmptyTables
) -> Copies[LibraryWorld]:
    await empty_sample_tables()
    world = await build_world(sample_app, sample_engine)
    copies = await Copies.of(sample_engine, world, shared=(sample_app, sample_engine), further=LibraryWorld.further)
    await empty_sample_tables()
    return copies


@pytest.fixture(scope="session")
def database_url(sample_database_url: str) -> str:
    return sample_database_url


@pytest.fixture(scope="session")
def empty_tables(empty_sample_tables: EmptyTables) -> EmptyTables:
    return empty_sample_tables


@pytest.fixture(scope="session")
def app(sample_app: App) -> App:
    return sample_app


@pytest.fixture(scope="session")
def engine(sample_engine: AsyncEngine) -> AsyncEngine:
    """Database engine for tests that read stored rows without the application."""
    return sample_engine


@pytest.fixture
async def world(sample_engine: AsyncEngine, database: str, sample_worlds: Copies[LibraryWorld]) -> LibraryWorld:
    return await sample_worlds.stored(sample_engine)
