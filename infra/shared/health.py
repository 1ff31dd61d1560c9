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
SECONDS = 1.0


class ReplicaState(Protocol):
    @property
    def problem(self) -> str:
        """The reason why the replica is left out; empty while it is used."""
        ...


class ServerHealth:
    """Checks of PostgreSQL and its migrations, which are required, and of Redis and a replica, which are not."""

    def __init__(self, engine: AsyncEngine, redis: Redis, replica: ReplicaState | None = None) -> None:
        self._replica = replica
        self._engine = engine
        self._redis = redis

    async def check(self) -> Sequence[HealthCheck]:
        database, redis = await asyncio.gather(self._check_database(), self._check_redis())
        return [*database, redis, *self._check_replica()]

    def _check_replica(self) -> Sequence[HealthCheck]:
        if self._replica is None:
            return []
        problem = self._replica.problem
        return [HealthCheck(name=REPLICA, is_ok=not problem, is_required=False, detail=problem)]

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
