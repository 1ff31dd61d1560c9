"""Wake-ups of workers through ARQ. Jobs are rows of the database, so a lost wake-up only delays a job."""

import asyncio
import contextlib
import logging
from typing import Any

import orjson
import redis.asyncio
from arq.connections import ArqRedis
from redis.exceptions import RedisError

from infra.audit.revisions import channel_of
from infra.commits import Committed
from infra.shared.tasks import end

QUEUE_NAME = "workgraph:jobs"
RUN_JOB = "run_job"

MOST_WAITING = 10_000  # wake-ups; further ones are dropped
BATCH = 100
EXPIRES_SECONDS = 3600  # the poll finds a job much earlier
SPACING_SECONDS = 0.01  # between batches; a commit in a busy workspace is announced with those that follow it
REDIS_SECONDS = 2.0
CLOSE_SECONDS = 0.05
PAUSES = (0.1, 0.5, 1.0, 2.0)  # seconds between attempts without Redis; the last one repeats

_log = logging.getLogger(__name__)


def arq_redis(url: str) -> ArqRedis:
    """ARQ's client with socket timeouts, which ARQ's settings lack, and JSON, because loading pickles runs code."""
    pool = redis.asyncio.ConnectionPool.from_url(
        url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS, health_check_interval=30
    )
    client = ArqRedis(
        pool_or_conn=pool,
        job_serializer=dumps,
        job_deserializer=orjson.loads,
        default_queue_name=QUEUE_NAME,
        expires_extra_ms=EXPIRES_SECONDS * 1000,
    )
    client.auto_close_connection_pool = True
    return client


def dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=repr)


class ArqJobQueue:
    """Sends wake-ups from one background task, so that no request waits for Redis; bound to one event loop.

    Sends at once after a quiet moment, and otherwise what has gathered in SPACING_SECONDS: a message takes as much
    processor time as a statement of the commit that it announces.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis = arq_redis(redis_url)
        self._jobs: dict[str, None] = {}
        self._revisions: dict[str, int] = {}
        self._is_waiting = asyncio.Event()
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._sender: asyncio.Task[None] | None = None
        self._failures = 0

    def wake(self, job_id: str) -> None:
        if len(self._jobs) < MOST_WAITING:
            self._jobs[job_id] = None
            self._start()

    def announce(self, workspace_id: str, revision: int) -> None:
        """Publishes the workspace's new revision in the background."""
        self._revisions[workspace_id] = max(revision, self._revisions.get(workspace_id, 0))
        self._start()

    def after_commit(self, committed: Committed) -> None:
        """Announces the revisions and jobs of a commit."""
        for workspace_id, revision in committed.revisions.items():
            self.announce(workspace_id, revision)
        for job_id in committed.job_ids:
            self.wake(job_id)

    async def aclose(self) -> None:
        """Sends pending messages for at most CLOSE_SECONDS."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._is_empty.wait()
        if self._sender is not None:
            await end(self._sender)
        await self._redis.aclose()

    def _start(self) -> None:
        self._is_empty.clear()
        self._is_waiting.set()
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_forever(), name="job queue")

    async def _send_forever(self) -> None:
        while True:
            await self._is_waiting.wait()
            is_sent = await self._send_batch()
            if not (self._revisions or self._jobs):
                self._is_waiting.clear()
                self._is_empty.set()
            await asyncio.sleep(SPACING_SECONDS if is_sent else PAUSES[min(self._failures, len(PAUSES)) - 1])

    async def _send_batch(self) -> bool:
        """Sends a batch. Returns False without Redis: then revisions are kept, and jobs left to the poll."""
        revisions, self._revisions = self._revisions, {}
        jobs = list(self._jobs)[:BATCH]
        for job_id in jobs:
            del self._jobs[job_id]
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                for workspace_id, revision in revisions.items():
                    await self._redis.publish(channel_of(workspace_id), str(revision))
                for job_id in jobs:
                    await self._redis.enqueue_job(RUN_JOB, job_id, _job_id=job_id)
        except (RedisError, OSError, TimeoutError) as error:
            self._note_outage(error)
            for workspace_id, revision in revisions.items():
                self._revisions[workspace_id] = max(revision, self._revisions.get(workspace_id, 0))
            return False
        if self._failures:
            _log.info("Redis is available again.")
        self._failures = 0
        return True

    def _note_outage(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            _log.warning("Redis is unavailable; jobs and live changes are delayed: %s", type(error).__name__)
