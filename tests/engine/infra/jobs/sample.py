"""Jobs whose effect can be counted, and a worker process that runs them and can be killed."""

import asyncio
import logging
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.actor import Actor
from domain.shared.jobs import MOST_LOST_LEASES, Job, Progress
from infra.commits import Committed
from infra.db.engine import open_engines
from infra.jobs.arq_worker import ArqWorker
from infra.jobs.leases import SqlLeases
from infra.jobs.outbox import job_values
from infra.jobs.runner import JobRunner
from infra.jobs.schedule import Schedule, periodic_work
from infra.jobs.tables import JobRow
from infra.shared.clock import SystemClock
from infra.shared.ids import Uuid7IdFactory
from infra.uow import SqlUowFactory
from tests import defaults
from tests.patience import PATIENT

CLOCK = SystemClock()
PERIODIC = periodic_work(security_log_kept=timedelta(days=defaults.SETTINGS.security_log_days), change_log_kept=None)
IDS = Uuid7IdFactory(CLOCK)
EFFECTS = "CREATE TABLE job_effect (name text NOT NULL, step int NOT NULL)"

Handler = Callable[[Actor, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk(Job):
    """Leaves one row per step, each in a transaction of its own that also stores the checkpoint."""

    kind: ClassVar[str] = "sample.walk"

    name: str
    steps: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Trek(Walk):
    """Long job of the same steps as Walk."""

    kind: ClassVar[str] = "sample.trek"
    is_long: ClassVar[bool] = True


HANDLERS = {Walk: lambda app, actor, job: app(actor, job), Trek: lambda app, actor, job: app(actor, job)}


def nobody_listens(committed: Committed) -> None:
    assert committed


def walking(uow: SqlUowFactory, *, pause: Callable[[], float] = lambda: 0.0) -> Handler:
    async def walk(actor: Actor, job: Walk) -> None:
        assert actor.job is not None
        for step in range(actor.job.checkpoint.get("step", 0), job.steps):
            async with uow(actor) as unit:
                await unit.connection.execute(
                    text("INSERT INTO job_effect VALUES (:name, :step)"), {"name": job.name, "step": step}
                )
                await asyncio.sleep(pause())
                if step + 1 < job.steps:
                    unit.checkpoint({"step": step + 1}, progress=Progress(done=step + 1, total=job.steps))
                await unit.commit(None)

    return walk


async def add_job(engine: AsyncEngine, job: Job, **columns: Any) -> str:
    values = job_values(job, id=IDS.new("job"), run_at=CLOCK.now(), workspace_id=None, now=CLOCK.now()) | columns
    async with engine.begin() as connection:
        await connection.execute(insert(JobRow).values(values))
    return str(values["id"])


def runner_of(
    engine: AsyncEngine, handler: Handler, *, most_lost_leases: int = MOST_LOST_LEASES, **options: Any
) -> JobRunner[Handler]:
    chosen = defaults.runner(**({"poll": 60.0, "lease": 30.0} | options))
    leases = SqlLeases(engine, duration=timedelta(seconds=chosen.lease), most_lost_leases=most_lost_leases)
    return JobRunner(handler, HANDLERS, leases, chosen)


@asynccontextmanager
async def running(runner: JobRunner[Handler]) -> AsyncIterator[asyncio.Event]:
    """The runner at work; the event stops it."""
    stop = asyncio.Event()
    task = asyncio.create_task(runner.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def work(database_url: str, redis_url: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    async with (
        open_engines(database_url, replace(PATIENT, write_pool_size=4)) as engines,
        open_engines(database_url, replace(PATIENT, write_pool_size=2)) as own,
    ):
        uow = SqlUowFactory(engines.write, CLOCK, IDS, nobody_listens)
        walk = walking(uow, pause=lambda: random.random() * 0.02)

        async def walk_loudly(actor: Actor, job: Walk) -> None:
            tell("busy")
            await walk(actor, job)

        # Killed every 50 ms, a worker may lose the same job many times before its first step.
        runner = runner_of(own.write, walk_loudly, most_lost_leases=1000, concurrency=4, lease=1.0, poll=0.2)
        tell("ready")
        await ArqWorker(runner, Schedule(own.write, PERIODIC), redis_url).run(asyncio.Event())


def tell(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
