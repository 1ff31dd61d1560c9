"""Execution of jobs: leases due rows, renews leases and stores results. Redis is not required."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.shared.actor import Actor
from domain.shared.errors import Unavailable
from domain.shared.jobs import Job, decoded, kinds_of
from domain.shared.uow import LeaseLost
from infra.jobs.failures import described
from infra.jobs.leases import Lease, SqlLeases
from infra.shared.tasks import end

A = TypeVar("A")

_log = logging.getLogger(__name__)
_UNWINDING_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOptions:
    """Options of a runner; times are in seconds. `secrets` are removed from stored errors."""

    concurrency: int
    lease: float
    poll: float
    shutdown: float
    secrets: Collection[str]


class JobRunner(Generic[A]):
    """Runs up to `concurrency` jobs at once with the handlers of their types; at most half of them are long jobs."""

    def __init__(
        self,
        app: A,
        handlers: Mapping[type[Job], Callable[[A, Actor, Any], Awaitable[None]]],
        leases: SqlLeases,
        options: RunnerOptions,
    ) -> None:
        self._app = app
        self._handlers = handlers
        self._kinds = kinds_of(handlers)
        self._long_kinds = frozenset(kind for kind, job_type in self._kinds.items() if job_type.is_long)
        self._leases = leases
        self._options = options
        self._running: dict[tuple[str, int], tuple[Lease, asyncio.Task[None]]] = {}
        self._acquiring = asyncio.Lock()
        self._nudged = asyncio.Event()
        self._has_more = False
        self._is_stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Runs jobs until `stop` is set. Jobs may then finish for the shutdown time; others are released."""
        keeping = asyncio.create_task(self._keep_leases())
        keeping.add_done_callback(lambda _: self._nudged.set())
        nudging = asyncio.create_task(self._nudge_when(stop))
        try:
            while not stop.is_set():
                self._nudged.clear()
                if keeping.done():
                    keeping.result()  # it ends only with an error, and without leases no job may run
                await self._acquire_quietly(job_id=None)
                await self._wait_for_work()
        finally:
            self._is_stopping = True
            await self._drain()
            await end(keeping, nudging)

    @property
    def has_room(self) -> bool:
        return not self._is_stopping and len(self._running) < self._options.concurrency

    async def wake(self, job_id: str) -> None:
        """Starts this job if it is due and there is room. Otherwise a later poll finds it."""
        await self._acquire_quietly(job_id=job_id)

    async def _nudge_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._nudged.set()

    async def _wait_for_work(self) -> None:
        try:
            async with asyncio.timeout(self._options.poll):
                await self._nudged.wait()
        except TimeoutError:
            return

    async def _acquire_quietly(self, *, job_id: str | None) -> None:
        """Starts due jobs. Without the database it logs a warning, and the next poll tries again."""
        try:
            await self._acquire(job_id=job_id)
        except Unavailable as error:
            _log.warning("Cannot poll for jobs: %s", error)

    async def _acquire(self, *, job_id: str | None) -> None:
        async with self._acquiring:
            room = self._options.concurrency - len(self._running)
            if self._is_stopping:
                return
            if room <= 0:
                self._has_more = True
                return
            most_long = min(room, self._long_room())
            leases = await self._leases.acquire(
                most=1 if job_id is not None else room,
                job_id=job_id,
                long_kinds=self._long_kinds,
                most_long=most_long,
            )
            for lease in leases:
                task = asyncio.create_task(self._run(lease), name=f"{lease.kind} {lease.job.id}")
                self._running[lease.key] = (lease, task)
                task.add_done_callback(lambda _, key=lease.key: self._ended(key))  # type: ignore[misc]  # of a lambda with a default
            # If `room` or `most_long` limited the search, other jobs may be due.
            is_full = len(leases) >= room or self._long_of(leases) >= most_long
            self._has_more = is_full or (self._has_more and job_id is not None)

    def _long_room(self) -> int:
        running = self._long_of([lease for lease, _ in self._running.values()])
        return max(self._options.concurrency // 2, 1) - running

    def _long_of(self, leases: Sequence[Lease]) -> int:
        return sum(lease.kind in self._long_kinds for lease in leases)

    def _ended(self, key: tuple[str, int]) -> None:
        del self._running[key]
        if self._has_more:
            self._nudged.set()

    async def _run(self, lease: Lease) -> None:
        try:
            job = decoded(self._kinds, lease.kind, lease.payload)
            await self._handlers[type(job)](self._app, Actor.system(lease.job), job)
            is_mine = await self._leases.finish(lease)
        except LeaseLost:
            is_mine = False
        except Exception as error:  # noqa: BLE001  whatever a handler raises is that job's failure, not the worker's
            is_mine = await self._note_failure(lease, error)
        if not is_mine:
            _log.info("Job %s (%s) continues on another worker.", lease.job.id, lease.kind)

    async def _note_failure(self, lease: Lease, error: Exception) -> bool:
        message = described(error, secrets=self._options.secrets)
        _log.debug("Job %s failed:", lease.job.id, exc_info=error)
        try:
            failure = await self._leases.fail(lease, message, random=random.random())  # noqa: S311  spreads load
        except Unavailable as unavailable:
            _log.warning(
                "Job %s failed and is retried when its lease expires: %s, %s", lease.job.id, message, unavailable
            )
            return True
        if failure is None:
            return False
        if failure.retry_in is None:
            _log.error("Job %s (%s) is parked after %d failures: %s", lease.job.id, lease.kind, failure.count, message)
        else:
            seconds = failure.retry_in.total_seconds()
            _log.warning("Job %s (%s) failed and is retried in %.0f s: %s", lease.job.id, lease.kind, seconds, message)
        return True

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._options.lease / 3)
            if not self._running:
                continue
            try:
                lost = await self._leases.extend(list(self._running))
            except Unavailable as error:
                _log.warning("Cannot renew the leases of %d jobs: %s", len(self._running), error)
                continue
            for key in lost & self._running.keys():
                lease, task = self._running[key]
                _log.warning("Job %s (%s) was taken over by another worker; stopped.", lease.job.id, lease.kind)
                task.cancel()

    async def _drain(self) -> None:
        async with self._acquiring:
            started = dict(self._running)
        if not started:
            return
        _log.info("Waiting for %d jobs to finish.", len(started))
        _, unfinished = await asyncio.wait([task for _, task in started.values()], timeout=self._options.shutdown)
        if not unfinished:
            return
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=_UNWINDING_SECONDS)
        leases = [lease for lease, task in started.values() if task in unfinished]
        try:
            await self._leases.release(leases)
        except Unavailable as error:
            _log.warning("%d jobs are retried when their leases expire: %s", len(leases), error)
