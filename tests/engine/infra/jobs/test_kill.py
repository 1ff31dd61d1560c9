"""Workers that are killed at random moments, and a Redis that is emptied, lose nothing and do nothing twice."""

import asyncio
import random
import sys
from pathlib import Path

import pytest
import redis.asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.actor import Actor
from infra.jobs.queue import ArqJobQueue
from infra.uow import SqlUowFactory
from tests.engine.infra.jobs.rows import change, effects, rows, until
from tests.engine.infra.jobs.sample import CLOCK, IDS, Walk

ROOT = Path(__file__).parents[4]


class Worker:
    """A worker process that says when it is ready and when it begins a job."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self._command = (sys.executable, "-m", "tests.engine.infra.jobs.sample", database_url, redis_url)

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(*self._command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)

    async def says(self, word: str) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(300):
            assert await self._process.stdout.readline() == f"{word}\n".encode()

    async def kill(self) -> None:
        self._process.kill()
        await self._process.communicate()
        assert self._process.returncode == -9


async def run_with_kills(
    engine: AsyncEngine, database_url: str, redis_url: str, *, jobs: int, kills: int, steps: int, flushes: int
) -> None:
    queue = ArqJobQueue(redis_url)
    uow = SqlUowFactory(engine, CLOCK, IDS, queue.after_commit)
    client = redis.asyncio.from_url(redis_url)
    workers = [Worker(database_url, redis_url) for _ in range(2)]
    flush_after = {kills * (number + 1) // (flushes + 1) for number in range(flushes)}
    await asyncio.gather(*(worker.start() for worker in workers))
    try:
        for kill in range(kills):
            victim = workers[kill % 2]
            await victim.says("ready")
            # Work arrives all along, so that every kill hits somebody who is busy.
            for number in range(jobs * kill // kills, jobs * (kill + 1) // kills):
                async with uow(Actor.system()) as unit:
                    unit.enqueue(Walk(name=f"{number:03}", steps=steps))
                    await unit.commit(None)
            await victim.says("busy")
            await asyncio.sleep(random.random() * 0.05)
            await victim.kill()
            await victim.start()
            if kill in flush_after:
                await client.flushdb()

        async def are_done() -> bool:
            return {each.state for each in await rows(engine)} == {"DONE"}

        await until(are_done, seconds=300)
    finally:
        for worker in workers:
            await worker.kill()
        await queue.aclose()
        await client.aclose()

    done = await rows(engine)
    assert len(done) == jobs
    assert await effects(engine) == [(f"{number:03}", step) for number in range(jobs) for step in range(steps)]
    assert {each.failures for each in done} == {0}
    assert sum(each.attempts - 1 for each in done) >= kills, "too few kills hit a running job to prove anything"


async def test_a_few_kills_lose_nothing_and_double_nothing(
    engine: AsyncEngine, database: str, redis_database: str
) -> None:
    await run_with_kills(engine, database, redis_database, jobs=10, kills=1, steps=5, flushes=1)


@pytest.mark.verify
async def test_twenty_kills_during_200_jobs_lose_nothing_and_double_nothing(
    engine: AsyncEngine, database: str, redis_database: str
) -> None:
    await run_with_kills(engine, database, redis_database, jobs=200, kills=20, steps=10, flushes=2)


async def test_the_count_of_effects_would_see_a_doubled_one(engine: AsyncEngine) -> None:
    await change(engine, "INSERT INTO job_effect VALUES ('000', 0), ('000', 0)")

    assert await effects(engine) == [("000", 0), ("000", 0)]
