"""The worker process: ARQ delivers wake-ups while Redis is available; the runner polls for due jobs in any case."""

import asyncio
import logging
import random
from collections.abc import Callable
from time import monotonic
from typing import Any

import arq.worker
import orjson
from redis.exceptions import RedisError

from domain.shared.ids import is_id
from infra.jobs.queue import QUEUE_NAME, RUN_JOB, arq_redis, dumps
from infra.jobs.runner import JobRunner
from infra.jobs.schedule import Schedule
from infra.shared.tasks import end

ARQ_POLL_SECONDS = 0.1
ARQ_TASK_SECONDS = 10  # a task only leases and starts a job; marks of dead workers stay in Redis this long
ARQ_READ_LIMIT = 1000  # ARQ stops when this many tasks are marked as in progress
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
CLEANING_SECONDS = 6.0  # longer than the timeout of Redis

_log = logging.getLogger(__name__)


class ArqWorker:
    """Runs jobs, periodic work and ARQ, each independent of the servers of the others."""

    def __init__(self, runner: JobRunner[Any], schedule: Schedule, redis_url: str) -> None:
        self._runner = runner
        self._schedule = schedule
        self._redis_url = redis_url

    async def run(self, stop: asyncio.Event) -> None:
        _log.info("The worker is ready.")
        async with asyncio.TaskGroup() as tasks:
            schedule = tasks.create_task(self._schedule.run(), name="schedule")
            tasks.create_task(self._carry_until(stop), name="arq")
            await self._runner.run(stop)
            schedule.cancel()
        _log.info("The worker has stopped.")

    async def _carry_until(self, stop: asyncio.Event) -> None:
        carrying = asyncio.create_task(self._carry())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({carrying, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if carrying.done():
                carrying.result()
        finally:
            await end(carrying, stopping, patience=CLEANING_SECONDS)

    async def _carry(self) -> None:
        """Restarts ARQ with growing pauses, because ARQ ends when Redis fails."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            started = monotonic()
            try:
                await self._run_arq()
            except (RedisError, OSError, TimeoutError) as error:
                if pause == FIRST_PAUSE_SECONDS:
                    _log.warning("Redis is unavailable; polling for due jobs: %s", type(error).__name__)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            if monotonic() - started > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause * random.random())  # noqa: S311  spreads reconnections

    async def _run_arq(self) -> None:
        client = arq_redis(self._redis_url)
        carrier = _Carrier(
            lambda: self._runner.has_room,
            functions=[arq.worker.func(self._run_job, name=RUN_JOB)],
            redis_pool=client,
            queue_name=QUEUE_NAME,
            handle_signals=False,
            poll_delay=ARQ_POLL_SECONDS,
            job_timeout=ARQ_TASK_SECONDS,
            queue_read_limit=ARQ_READ_LIMIT,
            max_tries=1_000_000,
            keep_result=0,
            log_results=False,
            job_serializer=dumps,
            job_deserializer=orjson.loads,
        )
        running = asyncio.create_task(carrier.async_run())
        try:
            await asyncio.wait({running})
            running.result()
        finally:
            await end(running)
            await asyncio.gather(*carrier.tasks.values(), return_exceptions=True)
            await client.aclose()

    async def _run_job(self, ctx: dict[Any, Any], *arguments: Any, **options: Any) -> None:
        # Arguments are untrusted: every client of Redis can enqueue a task.
        match arguments:
            case [str() as job_id] if is_id(job_id, "job"):
                await self._runner.wake(job_id)


class _Carrier(arq.worker.Worker):
    """An ARQ worker that leaves wake-ups to other workers while this process has no room for jobs."""

    def __init__(self, has_room: Callable[[], bool], **options: Any) -> None:
        self._has_room = has_room
        super().__init__(**options)

    @property
    def allow_pick_jobs(self) -> bool:
        return self._has_room()

    @allow_pick_jobs.setter
    def allow_pick_jobs(self, value: bool) -> None:
        """Ignores ARQ's own switch, which belongs to its signal handling (turned off here)."""
