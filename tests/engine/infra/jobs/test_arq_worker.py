import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis.asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.actor import Actor
from infra.jobs.arq_worker import ArqWorker
from infra.jobs.queue import ArqJobQueue, arq_redis
from infra.jobs.runner import JobRunner
from infra.jobs.schedule import Schedule
from infra.uow import SqlUowFactory
from tests.engine.infra.jobs.rows import effects, row, until, until_state
from tests.engine.infra.jobs.sample import CLOCK, IDS, Handler, Walk, add_job, runner_of, walking
from tests.engine.infra.jobs.test_queue import NOBODY_THERE
from tests.engine.infra.jobs.test_runner import Gate
from tests.patience import PATIENCE


@asynccontextmanager
async def working(engine: AsyncEngine, runner: JobRunner[Handler], redis_url: str) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(ArqWorker(runner, Schedule(engine, ()), redis_url).run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def test_a_commit_wakes_the_worker_through_redis(engine: AsyncEngine, redis_database: str) -> None:
    """The next poll is a minute away: what comes, comes through ARQ."""
    queue = ArqJobQueue(redis_database)
    uow = SqlUowFactory(engine, CLOCK, IDS, queue.after_commit)
    async with working(engine, runner_of(engine, walking(uow)), redis_database):
        ids = []
        for name in "abc":
            async with uow(Actor.system()) as unit:
                ids.append(unit.enqueue(Walk(name=name)))
                await unit.commit(None)
        for job_id in ids:
            await until_state(engine, job_id, "DONE", seconds=5)

    assert await effects(engine) == [("a", 0), ("b", 0), ("c", 0)]
    await queue.aclose()


async def test_without_redis_the_poll_runs_everything(
    engine: AsyncEngine, uow: SqlUowFactory, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(engine, runner_of(engine, walking(uow), poll=0.1), NOBODY_THERE):
        ids = [await add_job(engine, Walk(name=str(number))) for number in range(5)]
        for job_id in ids:
            await until_state(engine, job_id, "DONE")

    assert [record.message for record in caplog.records if "Redis" in record.message] == [
        "Redis is unavailable; polling for due jobs: ConnectionError"
    ]


async def test_the_carrier_comes_back_after_redis_has_thrown_it_out(
    engine: AsyncEngine, uow: SqlUowFactory, redis_database: str
) -> None:
    client = redis.asyncio.from_url(redis_database)
    queue = ArqJobQueue(redis_database)
    async with working(engine, runner_of(engine, walking(uow)), redis_database):
        first = await add_job(engine, Walk(name="a"))
        queue.wake(first)
        await until_state(engine, first, "DONE")

        await client.client_kill_filter(_type="normal", skipme=True)
        await client.flushdb()
        second = await add_job(engine, Walk(name="b"))

        async def is_done() -> bool:
            queue.wake(second)  # the first one may be lost with the connection
            return bool((await row(engine, second)).state == "DONE")

        await until(is_done)

    await queue.aclose()
    await client.aclose()


async def test_rubbish_in_redis_harms_nothing(engine: AsyncEngine, uow: SqlUowFactory, redis_database: str) -> None:
    client = arq_redis(redis_database)
    for arguments in ((), (1,), ("job_x",), ("'; DROP TABLE job", "b"), ({"a": []},)):
        await client.enqueue_job("run_job", *arguments)
    await client.enqueue_job("no_such_task", "a")
    await client.psetex("arq:job:pickle", 60_000, b"\x80\x04K\x01.")
    await client.zadd("workgraph:jobs", {"pickle": 1, "expired": 1})

    async with working(engine, runner_of(engine, walking(uow)), redis_database):
        job_id = await add_job(engine, Walk(name="a"))
        await client.enqueue_job("run_job", job_id)
        await until_state(engine, job_id, "DONE")

        async def is_empty() -> bool:
            return bool(await client.zcard("workgraph:jobs") == 0)

        await until(is_empty)

    await client.aclose()


async def test_a_full_worker_leaves_wake_ups_to_another(engine: AsyncEngine, redis_database: str) -> None:
    queue = ArqJobQueue(redis_database)
    busy, idle = Gate(), Gate()
    first = await add_job(engine, Walk(name="a"))
    async with working(engine, runner_of(engine, busy, concurrency=1), redis_database):
        await busy.entered.get()
        async with working(engine, runner_of(engine, idle, concurrency=1), redis_database):
            second = await add_job(engine, Walk(name="b"))
            queue.wake(second)
            async with asyncio.timeout(PATIENCE):
                await idle.entered.get()
            busy.open.set()
            idle.open.set()
            await until_state(engine, first, "DONE")
            await until_state(engine, second, "DONE")
    await queue.aclose()
