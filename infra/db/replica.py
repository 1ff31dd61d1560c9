"""A streaming replica for the reads of requests, used while it is at most a few seconds behind the primary."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.shared.errors import DomainError
from infra.db.engine import EngineOptions, open_guarded, read_pool
from infra.db.pool import ReadPool
from infra.db.read import ReadSession
from infra.db.recent_writers import RecentWriters
from infra.db.statement_trace import ContextStatementTrace

LONGEST_LAG = 5.0  # seconds
LOOK_SECONDS = 1.0
NO_REPLICA = "not a replica of the primary"
_ANSWER_SECONDS = 2.0
_MOST_SAMPLES = 600

_SYSTEM = "(SELECT system_identifier FROM pg_control_system())"
_WRITTEN = text(f"SELECT {_SYSTEM}, (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint")
# A promoted replica keeps its last position.
_REPLAYED = text(
    f"SELECT {_SYSTEM}, CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END"
)

log = logging.getLogger(__name__)


class Lag:
    """Time that a replica is behind, from positions in the log of the primary and the times at which they were seen.

    PostgreSQL's own times of replay cannot tell an idle primary from a replica that has lost it.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._samples: deque[tuple[float, int]] = deque(maxlen=_MOST_SAMPLES)
        self._reached_at: float | None = None

    @property
    def seconds(self) -> float | None:
        """Time for which the replica may lack commits; None if nothing is known."""
        return None if self._reached_at is None else self._monotonic() - self._reached_at

    def written(self, position: int, *, at: float) -> None:
        """Notes that the primary had written at least up to `position` at that time."""
        self._samples.append((at, position))

    def replayed(self, position: int) -> None:
        while self._samples and self._samples[0][1] <= position:
            self._reached_at = self._samples.popleft()[0]

    def forget(self) -> None:
        self._samples.clear()
        self._reached_at = None


class Replica:
    """The pool of a replica, and whether a request may read there."""

    def __init__(
        self, pool: ReadPool, writers: RecentWriters, lag: Lag, *, primary: ReadSession, replica: ReadSession
    ) -> None:
        """`primary` and `replica` are sessions with connections of their own, so that requests cannot delay them."""
        self.pool = pool
        self._writers = writers
        self._lag = lag
        self._primary = primary
        self._replica = replica
        self._problem = "not compared with the primary yet"

    @property
    def problem(self) -> str:
        """The reason why the replica is left out; empty while it is used."""
        if self._problem:
            return self._problem
        seconds = self._lag.seconds
        if seconds is None or seconds > LONGEST_LAG:
            return f"more than {LONGEST_LAG:g} seconds behind the primary"
        return ""

    async def may_serve(self, account: str) -> bool:
        """Whether the reads of a request of this account may use the replica."""
        return not self.problem and not await self._writers.has(account)

    def leave_out(self, error: Exception) -> None:
        """Stops using the replica until it answers again."""
        log.info("Reads use the primary, because the replica failed: %s", type(error).__name__)
        self._problem = type(error).__name__

    async def run(self) -> None:
        """Compares the replica with the primary every second until canceled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Compares the replica with the primary."""
        seen_at = time.monotonic()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                [[system, written]] = await self._primary.fetch(_WRITTEN)
        except (DomainError, OSError) as error:
            log.debug("The primary could not be compared with the replica: %s", type(error).__name__)
            return  # the known lag grows with time
        self._lag.written(written, at=seen_at)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                [[other, replayed]] = await self._replica.fetch(_REPLAYED)
        except (DomainError, OSError) as error:
            self._problem = type(error.__cause__ or error).__name__
            return
        if replayed is None or other != system:
            self._lag.forget()
            self._problem = NO_REPLICA
            return
        self._lag.replayed(replayed)
        self._problem = ""


@asynccontextmanager
async def open_replica(
    url: str,
    options: EngineOptions,
    primary: AsyncEngine,
    writers: RecentWriters,
    trace: ContextStatementTrace | None = None,
) -> AsyncIterator[Replica]:
    """The replica at `url`, watched while the block runs. Raises GuardsDiffer if its sessions lack a guard."""
    engine = create_async_engine(url)  # names the address and the dialect, and opens no connection
    single = replace(options, pool_size=1)
    pool, here, there = read_pool(engine, options, trace), read_pool(primary, single), read_pool(engine, single)
    replica = Replica(pool, writers, Lag(), primary=ReadSession(here), replica=ReadSession(there))
    watching: asyncio.Task[None] | None = None
    try:
        await open_guarded(pool)
        await replica.look()
        watching = asyncio.create_task(replica.run())
        yield replica
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await writers.aclose()
        for each in (pool, here, there):
            await each.aclose()
