from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.app import App
from infra.bootstrap import open_app
from infra.settings import Settings
from tests.copies import Copies
from tests.patience import PATIENT_SETTINGS
from tests.tracker.api.permission_table import Scene, build_scene
from tests.tracker.api.world import World, build_world


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
async def app(database_url: str, redis_url: str, data_dir: Path) -> AsyncIterator[App]:
    settings = Settings(
        _env_file=None,
        database_url=database_url,
        redis_url=redis_url,
        secret_key="Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv",
        data_dir=data_dir,
        **PATIENT_SETTINGS,
    )
    async with open_app(settings, remembers=True) as opened:
        yield opened


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Database engine for tests that read stored rows without the application."""
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def worlds(app: App, engine: AsyncEngine, empty_tables: Callable[[], Awaitable[None]]) -> Copies[World]:
    await empty_tables()
    copies = await Copies.of(engine, await build_world(app, engine), shared=(app, engine))
    await empty_tables()
    return copies


@pytest.fixture
async def world(engine: AsyncEngine, database: str, worlds: Copies[World]) -> World:
    return await worlds.stored(engine)


@pytest.fixture(scope="session")
async def scenes(app: App, engine: AsyncEngine, empty_tables: Callable[[], Awaitable[None]]) -> Copies[Scene]:
    await empty_tables()
    scene = await build_scene(await build_world(app, engine))
    copies = await Copies.of(engine, scene, shared=(app, engine))
    await empty_tables()
    return copies


@pytest.fixture
async def scene(engine: AsyncEngine, database: str, scenes: Copies[Scene]) -> Scene:
    return await scenes.stored(engine)
