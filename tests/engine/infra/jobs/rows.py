"""Reads and changes of job rows for tests."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.patience import PATIENCE


async def row(engine: AsyncEngine, job_id: str) -> Row[Any]:
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT * FROM job WHERE id = :id"), {"id": job_id})).one()


async def rows(engine: AsyncEngine) -> list[Row[Any]]:
    async with engine.connect() as connection:
        return list(await connection.execute(text("SELECT * FROM job ORDER BY id")))


async def effects(engine: AsyncEngine) -> list[tuple[str, int]]:
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT name, step FROM job_effect ORDER BY name, step"))
        return [(name, step) for name, step in found]


async def change(engine: AsyncEngine, statement: str, **params: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), params)


async def take_over(engine: AsyncEngine, job_id: str) -> None:
    """Takes over the job as another worker does after the lease has run out."""
    await change(engine, "UPDATE job SET attempts = attempts + 1 WHERE id = :id", id=job_id)


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE) -> None:
    deadline = monotonic() + seconds
    while not await condition():
        assert monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def until_state(engine: AsyncEngine, job_id: str, state: str, *, seconds: float = PATIENCE) -> Row[Any]:
    async def has_state() -> bool:
        return bool((await row(engine, job_id)).state == state)

    await until(has_state, seconds=seconds)
    return await row(engine, job_id)
