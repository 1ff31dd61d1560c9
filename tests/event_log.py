"""A real event log to write into and to follow."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import redis.asyncio

from domain.audit.kinds import kinds_of
from domain.audit.model import ChangeBatch, LoggedEvent
from domain.shared.actor import Actor, Cause
from domain.shared.events import Event
from infra.audit.reader import SqlEventReader
from infra.audit.revisions import channel_of
from infra.audit.streams import RedisEventStream
from infra.commits import Committed
from infra.db.engine import Engines, open_engines
from infra.db.read import ReadSession
from infra.shared.clock import SystemClock
from infra.shared.ids import Uuid7IdFactory
from infra.uow import SqlUowFactory
from tests.patience import PATIENCE, PATIENT
from tests.sample.application import ADAPTERS_OF_SAMPLE
from tests.sample.domain.events import BookCreated

SLICES = tuple(each.domain for each in ADAPTERS_OF_SAMPLE)
KINDS = kinds_of(SLICES)
SYSTEM = Actor.system(cause=Cause.SEED)


class EventLog:
    """Writes events through the Unit of Work, announces them on Redis, and reads them back."""

    def __init__(self, engines: Engines, redis_url: str) -> None:
        clock = SystemClock()
        self.ids = Uuid7IdFactory(clock)
        self.redis_url = redis_url
        self.reader = SqlEventReader(ReadSession(engines.read), KINDS)
        self._engines = engines
        self._announced: list[Committed] = []
        self._open = SqlUowFactory(engines.write, clock, self.ids, self._announced.append, slices=ADAPTERS_OF_SAMPLE)

    def new_workspace(self) -> str:
        return self.ids.new("wsp")

    async def record(self, workspace_id: str, count: int = 1, *, actor: Actor = SYSTEM) -> int:
        """Commits `count` events at once and returns their revision."""
        events = [BookCreated(workspace_id=workspace_id, subject_id=self.ids.new("bok")) for _ in range(count)]
        return await self.write(*events, actor=actor)

    async def write(self, *events: Event, actor: Actor = SYSTEM) -> int:
        """Commits events of one workspace at once and returns their revision."""
        [revision] = (await self.write_everywhere(*events, actor=actor)).values()
        return revision

    async def write_everywhere(self, *events: Event, actor: Actor = SYSTEM) -> Mapping[str, int]:
        """Commits the events at once and returns the new revision of each workspace, by workspace ID."""
        async with self._open(actor) as uow:
            for event in events:
                uow.record(event)
            await uow.commit(None)
        return uow.committed.revisions

    async def announce(self, workspace_id: str, revision: int) -> None:
        """Publishes the revision, as the process that committed it does afterwards."""
        await self.publish(workspace_id, str(revision).encode())

    async def publish(self, workspace_id: str, message: bytes) -> int:
        """Publishes a message to those who follow the workspace, and returns their number."""
        async with redis.asyncio.from_url(self.redis_url) as client:
            listeners: int = await client.publish(channel_of(workspace_id), message)
        return listeners

    async def listeners(self, *workspace_ids: str) -> list[int]:
        """The number of connections that are subscribed to each workspace, as Redis counts them."""
        async with redis.asyncio.from_url(self.redis_url) as client:
            counts = await client.pubsub_numsub(*map(channel_of, workspace_ids))
        return [count for _, count in counts]

    def read_connections(self) -> int:
        return self._engines.read.in_use

    @asynccontextmanager
    async def stream(self, **options: Any) -> AsyncIterator[RedisEventStream[LoggedEvent]]:
        """Event stream whose followers look for events more often than in production, to keep tests quick."""
        given = {"source": self.reader, "redis_url": self.redis_url, "idle_seconds": 0.05} | options
        stream: RedisEventStream[LoggedEvent] = RedisEventStream(**given)
        try:
            yield stream
        finally:
            await stream.aclose()


@asynccontextmanager
async def open_event_log(database_url: str, redis_url: str) -> AsyncIterator[EventLog]:
    async with open_engines(database_url, PATIENT) as engines:
        yield EventLog(engines, redis_url)


async def take(
    batches: AsyncGenerator[ChangeBatch, None], *, up_to: int, seconds: float = PATIENCE
) -> list[LoggedEvent]:
    """Events up to the given revision; fails if they take longer than `seconds`."""
    events: list[LoggedEvent] = []
    async with asyncio.timeout(seconds):
        async for batch in batches:
            events += batch.events
            if batch.up_to >= up_to:
                break
    return events


def revisions(events: list[LoggedEvent]) -> list[int]:
    return [event.revision for event in events]


async def eventually(holds: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    """Looks again and again until it holds, for at most the given time."""
    end = monotonic() + seconds
    while not holds():
        assert monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)
