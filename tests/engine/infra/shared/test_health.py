from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.shared.health import HealthCheck
from infra.db import migrate
from infra.shared.health import ServerHealth
from infra.shared.redis import redis_client

NOWHERE = "postgresql+asyncpg://nobody:secret-password@127.0.0.1:1/nothing"


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database_url)
    yield engine
    await engine.dispose()


async def test_everything_is_well(engine: AsyncEngine, redis_url: str) -> None:
    redis = redis_client(redis_url)
    assert await ServerHealth(engine, redis).check() == [
        HealthCheck(name="database", is_ok=True),
        HealthCheck(name="migrations", is_ok=True),
        HealthCheck(name="redis", is_ok=True, is_required=False),
    ]
    await redis.aclose()


async def test_servers_that_are_away_are_named_without_their_addresses() -> None:
    engine = create_async_engine(NOWHERE)
    redis = redis_client("redis://:secret-password@127.0.0.1:1/0")
    checks = await ServerHealth(engine, redis).check()
    assert [(check.name, check.is_ok, check.is_required) for check in checks] == [
        ("database", False, True),
        ("redis", False, False),
    ]
    assert all(check.detail.isidentifier() for check in checks)
    await engine.dispose()
    await redis.aclose()


@pytest.mark.parametrize(
    ("stored", "problem"), [("", migrate.BEHIND), ("0024", migrate.UNRELEASED), ("unknown", migrate.UNKNOWN)]
)
async def test_a_database_of_another_version_is_not_ready(
    engine: AsyncEngine, redis_url: str, stored: str, problem: str
) -> None:
    redis = redis_client(redis_url)
    async with engine.begin() as connection:
        revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
        await connection.execute(text("DELETE FROM alembic_version"))
        if stored:
            await connection.execute(text("INSERT INTO alembic_version VALUES (:stored)"), {"stored": stored})
    try:
        checks = await ServerHealth(engine, redis).check()
    finally:
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM alembic_version"))
            await connection.execute(text("INSERT INTO alembic_version VALUES (:old)"), {"old": revision})
    assert checks[1] == HealthCheck(name="migrations", is_ok=False, detail=problem)
    await redis.aclose()
