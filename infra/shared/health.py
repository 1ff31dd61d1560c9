"""Health checks of the servers that this process uses."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.health import HealthCheck
from infra.db import migrate
from infra.db.guards import GuardsDiffer

DATABASE = "database"
GUARDS = "guards"
MIGRATIONS = "migrations"
REDIS = "redis"
REPLICA = "replica"
SESSIONS = "sessions"
SECONDS = 1.0


class State(Protocol):
    """State of a part that the server can do without."""

    @property
    def problem(self) -> str:
        """The reason why the part is not used; empty while it is."""
        ...


class ServerHealth:
    """Checks of PostgreSQL and its migrations, which are required, and of what the server can do without."""

    def __init__(
        self, engine: AsyncEngine, redis: Redis, replica: State | None = None, sessions: State | None = None
    ) -> None:
        self._parts = {REPLICA: replica, SESSIONS: sessions}
        self._engine = engine
        self._redis = redis

    async def check(self) -> Sequence[HealthCheck]:
        database, redis = await asyncio.gather(self._check_database(), self._check_redis())
        return [*database, redis, *self._check_parts()]

    def _check_parts(self) -> Sequence[HealthCheck]:
        return [
            HealthCheck(name=name, is_ok=not part.problem, is_required=False, detail=part.problem)
            for name, part in self._parts.items()
            if part is not None
        ]

    async def _check_database(self) -> Sequence[HealthCheck]:
        try:
            async with asyncio.timeout(SECONDS), self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
                problem = await migrate.problem_of(connection)
        except GuardsDiffer as error:
            return [HealthCheck(name=GUARDS, is_ok=False, detail=str(error))]
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            return [HealthCheck(name=DATABASE, is_ok=False, detail=_reason(error))]
        return [
            HealthCheck(name=DATABASE, is_ok=True),
            HealthCheck(name=MIGRATIONS, is_ok=not problem, detail=problem),
        ]

    async def _check_redis(self) -> HealthCheck:
        try:
            async with asyncio.timeout(SECONDS):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError) as error:
            return HealthCheck(name=REDIS, is_ok=False, is_required=False, detail=_reason(error))
        return HealthCheck(name=REDIS, is_ok=True, is_required=False)


def _reason(error: BaseException) -> str:
    """The kind of failure only, because the message may name hosts and users, and `/readyz` is public."""
    return type(error).__name__
