import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.audit.model import LoggedEvent
from domain.audit.service import MOST_EVENTS
from domain.shared.errors import ErrorCode, Unavailable
from domain.shared.streams import FellBehind
from infra.audit.revisions import RevisionListener
from infra.audit.streams import MOST_WAITING, PAGE, SAFETY_SECONDS, RedisEventStream
from infra.db.read import ReadSession
from tests.engine.infra.shared.redis_relay import RedisRelay, open_relay
from tests.event_log import EventLog, eventually, open_event_log, revisions, take
from tests.patience import PATIENCE


@pytest.fixture
async def log(database: str, redis_url: str) -> AsyncIterator[EventLog]:
    async with open_event_log(database, redis_url) as log:
        yield log


@pytest.fixture
async def relay(redis_url: str, tmp_path: Path) -> AsyncIterator[RedisRelay]:
    async with open_relay(redis_url, tmp_path) as relay:
        yield relay


async def is_told(stream: RedisEventStream[LoggedEvent]) -> None:
    """Waits until the stream listens to Redis, which alone can wake it within its five seconds."""
    await eventually(lambda: stream._listener is not None and stream._listener.is_listening)


async def test_concurrent_writers_are_followed_in_order_without_gap_or_double(log: EventLog) -> None:
    workspace = log.new_workspace()
    choice = random.Random(7)
    commits = [[choice.randint(1, 4) for _ in range(25)] for _ in range(8)]
    total = sum(sum(writer) for writer in commits)

    async def write(sizes: list[int]) -> None:
        for size in sizes:
            await log.announce(workspace, await log.record(workspace, size))

    async def follow(stream: RedisEventStream[LoggedEvent], after: int) -> list[int]:
        await eventually(lambda: reached >= after)
        async with aclosing(stream.follow(workspace, after=after)) as batches:
            return revisions(await take(batches, up_to=total, seconds=30))

    reached = 0
    async with log.stream() as stream:
        starts = [0, 0, 1, total // 4, total // 3, total // 2, total]
        followers = [asyncio.create_task(follow(stream, start)) for start in starts[:-1]]
        writers = [asyncio.create_task(write(sizes)) for sizes in commits]
        while not all(writer.done() for writer in writers):
            reached = (await log.reader.span(workspace)).last
            await asyncio.sleep(0.01)
        await asyncio.gather(*writers)
        seen = await asyncio.gather(*followers)

    assert (await log.reader.span(workspace)).last == total
    assert seen == [list(range(start + 1, total + 1)) for start in starts[:-1]]


async def test_an_old_revision_is_replayed_in_pages_and_then_followed(log: EventLog) -> None:
    workspace = log.new_workspace()
    existing = await log.record(workspace, 2 * PAGE + 30)

    async with log.stream() as stream, aclosing(stream.follow(workspace, after=10)) as batches:
        replayed = [await anext(batches) for _ in range(3)]
        await log.record(log.new_workspace())
        last = await log.record(workspace, 2)
        followed = await take(batches, up_to=last)

    assert [len(batch.events) for batch in replayed] == [PAGE, PAGE, 20]
    assert [batch.has_more for batch in replayed] == [True, True, False]
    assert [batch.up_to for batch in replayed] == [10 + PAGE, 10 + 2 * PAGE, existing]
    events = [event for batch in replayed for event in batch.events]
    assert revisions(events) == list(range(11, existing + 1))
    assert revisions(followed) == [existing + 1, existing + 2]
    assert {event.workspace_id for event in followed} == {workspace}


def test_no_batch_is_larger_than_the_service_promises() -> None:
    assert PAGE <= MOST_EVENTS <= MOST_WAITING


async def test_redis_wakes_the_reader_at_once(log: EventLog) -> None:
    workspace = log.new_workspace()
    async with log.stream() as stream, aclosing(stream.follow(workspace, after=0)) as batches:
        await anext(batches)
        await is_told(stream)
        async with asyncio.timeout(2 * SAFETY_SECONDS):  # without Redis five revisions take more than twice that
            for revision in range(1, 6):
                assert await log.record(workspace) == revision
                await log.announce(workspace, revision)
                assert revisions(await take(batches, up_to=revision)) == [revision]


async def test_without_redis_from_the_beginning_changes_still_arrive(log: EventLog, tmp_path: Path) -> None:
    workspace = log.new_workspace()
    nowhere = f"unix://{tmp_path}/nothing-listens-here"
    async with log.stream(redis_url=nowhere) as stream, aclosing(stream.follow(workspace, after=0)) as batches:
        await anext(batches)
        for revision in range(1, 3):
            await log.record(workspace)
            assert revisions(await take(batches, up_to=revision)) == [revision]


@pytest.mark.parametrize("failure", ["cut", pytest.param("freeze", marks=pytest.mark.verify)])
async def test_when_redis_goes_changes_still_arrive_and_when_it_returns_they_are_fast_again(
    log: EventLog, relay: RedisRelay, failure: str
) -> None:
    workspace = log.new_workspace()
    async with log.stream(redis_url=relay.url) as stream, aclosing(stream.follow(workspace, after=0)) as batches:
        await anext(batches)
        await is_told(stream)

        if failure == "cut":
            await relay.cut()
        else:
            relay.freeze()
        for revision in range(1, 4):
            await log.record(workspace)
            assert revisions(await take(batches, up_to=revision)) == [revision]
        assert stream._listener is not None
        assert not stream._listener.is_listening

        await relay.mend()
        listening = asyncio.create_task(is_told(stream))
        async for _ in batches:
            if listening.done():
                break
        async with asyncio.timeout(2 * SAFETY_SECONDS):  # as above
            for revision in range(4, 9):
                await log.announce(workspace, await log.record(workspace))
                assert revisions(await take(batches, up_to=revision)) == [revision]


async def test_a_slow_follower_is_ended_and_the_others_go_on(log: EventLog) -> None:
    workspace = log.new_workspace()
    async with (
        log.stream(most_waiting=20) as stream,
        aclosing(stream.follow(workspace, after=0)) as slow,
        aclosing(stream.follow(workspace, after=0)) as fast,
    ):
        await log.record(workspace, 3)
        assert revisions(await take(slow, up_to=3)) == [1, 2, 3]
        assert not (await anext(slow)).events  # it follows now
        seen = revisions(await take(fast, up_to=3))
        for _ in range(10):
            last = await log.record(workspace, 5)
            await log.announce(workspace, last)
            seen += revisions(await take(fast, up_to=last))

        with pytest.raises(FellBehind) as ended:
            await anext(slow)
        async with aclosing(stream.follow(workspace, after=ended.value.up_to)) as again:
            resumed = revisions(await take(again, up_to=53))

    assert ended.value.up_to == 3
    assert ended.value.failure == ErrorCode.LIMIT_EXCEEDED
    assert "revision 3" in ended.value.message
    assert resumed == list(range(4, 54))
    assert seen == list(range(1, 54))


async def test_followers_of_a_workspace_share_one_reader_and_leave_nothing_behind(
    log: EventLog, relay: RedisRelay
) -> None:
    mine, other = log.new_workspace(), log.new_workspace()
    async with log.stream(redis_url=relay.url) as stream:
        followers = [stream.follow(mine, after=0), stream.follow(mine, after=0), stream.follow(other, after=0)]
        await asyncio.gather(*(anext(follower) for follower in followers))
        await is_told(stream)
        assert len(stream._tasks) == 3  # two readers and what listens to Redis
        assert relay.connections == 1
        assert log.read_connections() == 0

        await followers[0].aclose()
        await followers[2].aclose()
        await eventually(lambda: len(stream._tasks) == 2)
        await log.announce(mine, await log.record(mine))
        assert revisions(await take(followers[1], up_to=1)) == [1]

        await followers[1].aclose()
        await eventually(lambda: not stream._tasks and relay.connections == 0)
        assert stream._logs == {}
        assert stream._listener is None

        async with aclosing(stream.follow(mine, after=0)) as again:
            assert revisions(await take(again, up_to=1)) == [1]


async def counted(log: EventLog, wanted: list[int], *workspaces: str) -> None:
    """Waits until Redis counts these numbers of listeners to the workspaces."""
    async with asyncio.timeout(PATIENCE):
        while await log.listeners(*workspaces) != wanted:  # noqa: ASYNC110  another process's count
            await asyncio.sleep(0.01)


async def test_a_process_subscribes_to_the_workspaces_that_it_follows(log: EventLog, relay: RedisRelay) -> None:
    mine, other, nobodys = (log.new_workspace() for _ in range(3))
    channels = (mine, other, nobodys)
    async with log.stream(redis_url=relay.url) as stream, log.stream() as second_process:
        followers = [stream.follow(mine, after=0), stream.follow(mine, after=0)]
        await asyncio.gather(*(anext(follower) for follower in followers))
        await counted(log, [1, 0, 0], *channels)
        late, elsewhere = stream.follow(other, after=0), second_process.follow(mine, after=0)
        await asyncio.gather(anext(late), anext(elsewhere))
        await counted(log, [2, 1, 0], *channels)
        assert relay.connections == 1
        assert await log.publish(nobodys, b"1") == 0

        await followers[0].aclose()
        await is_told(stream)
        assert await log.listeners(*channels) == [2, 1, 0], "one follower is left"
        await late.aclose()
        await counted(log, [2, 0, 0], *channels)

        await relay.cut()
        await counted(log, [1, 0, 0], *channels)
        late = stream.follow(other, after=0)  # while Redis is away
        await anext(late)
        await followers[1].aclose()
        await relay.mend()
        await counted(log, [1, 1, 0], *channels)
        await is_told(stream)
        async with asyncio.timeout(2 * SAFETY_SECONDS):  # without Redis five revisions take more than twice that
            for revision in range(1, 6):
                await log.announce(other, await log.record(other))
                assert revisions(await take(late, up_to=revision)) == [revision]
        await asyncio.gather(late.aclose(), elsewhere.aclose())
        await counted(log, [0, 0, 0], *channels)


async def test_a_canceled_follower_leaves_nothing_behind(log: EventLog, relay: RedisRelay) -> None:
    workspace = log.new_workspace()

    async def follow(stream: RedisEventStream[LoggedEvent]) -> None:
        async for _ in stream.follow(workspace, after=0):
            pass

    async with log.stream(redis_url=relay.url) as stream:
        tasks = [asyncio.create_task(follow(stream)) for _ in range(20)]
        await eventually(lambda: len(stream._logs) == 1 and len(stream._logs[workspace].followers) == 20)
        await is_told(stream)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await eventually(lambda: not stream._tasks and relay.connections == 0)
        assert stream._logs == {}
        assert log.read_connections() == 0


async def test_the_reader_takes_no_connection_of_the_request_that_started_it(log: EventLog) -> None:
    workspace = log.new_workspace()
    reads: ReadSession = log.reader._reads
    async with log.stream() as stream:
        batches = stream.follow(workspace, after=0)
        async with reads.scope():
            await anext(batches)
        await is_told(stream)
        await eventually(lambda: log.read_connections() == 0)
        await log.announce(workspace, await log.record(workspace))
        assert revisions(await take(batches, up_to=1)) == [1]
        await batches.aclose()


class Troubled:
    """A source that raises the given errors first."""

    def __init__(self, log: EventLog) -> None:
        self.errors: list[Exception] = []
        self._log = log

    async def of_workspace(self, workspace_id: str, *, after: int, most: int) -> Sequence[LoggedEvent]:
        if self.errors:
            raise self.errors.pop()
        return await self._log.reader.of_workspace(workspace_id, after=after, most=most)


@dataclass(frozen=True)
class Number:
    revision: int


class Numbers:
    """A source that answers at once, unless it is held."""

    def __init__(self) -> None:
        self.last = 0
        self.held: asyncio.Event | None = None

    async def of_workspace(self, workspace_id: str, *, after: int, most: int) -> Sequence[Number]:
        found = [Number(revision) for revision in range(after + 1, self.last + 1)][:most]
        if self.held is not None:
            held, self.held = self.held, None
            await held.wait()
        return found


async def test_events_published_while_a_new_follower_reads_are_not_lost(redis_url: str) -> None:
    source = Numbers()
    stream: RedisEventStream[Number] = RedisEventStream(source, redis_url, idle_seconds=0.05)
    async with aclosing(stream.follow("wsp", after=0)) as early, aclosing(stream.follow("wsp", after=0)) as late:
        await anext(early)
        source.held = release = asyncio.Event()
        newcomer = asyncio.create_task(anext(late))
        await eventually(lambda: source.held is None)
        source.last = 1
        stream._wake("wsp", 1)
        assert [event.revision for event in (await anext(early)).events] == [1]
        release.set()
        assert [event.revision for event in (await newcomer).events] == [1]
    await stream.aclose()


@pytest.mark.parametrize("turns", range(6))
async def test_a_follower_arriving_as_the_last_one_leaves_gets_a_reader(redis_url: str, turns: int) -> None:
    source = Numbers()
    stream: RedisEventStream[Number] = RedisEventStream(source, redis_url, most_waiting=1, idle_seconds=0.05)
    async with aclosing(stream.follow("wsp", after=0)) as slow, aclosing(stream.follow("wsp", after=2)) as next_one:
        await anext(slow)
        log = stream._logs["wsp"]
        source.last = 2
        log.wake()
        await eventually(lambda: not log.followers)
        log.wake()
        for _ in range(turns):
            await asyncio.sleep(0)
        first = asyncio.create_task(anext(next_one))
        await first
        source.last = 3
        stream._wake("wsp", 3)
        async with asyncio.timeout(SAFETY_SECONDS - 1):
            async for batch in next_one:
                if batch.events:
                    break
        assert [event.revision for event in batch.events] == [3]
        with pytest.raises(FellBehind):
            await anext(slow)
    await stream.aclose()


async def test_a_database_that_is_away_only_delays(log: EventLog) -> None:
    workspace, source = log.new_workspace(), Troubled(log)
    async with log.stream(source=source) as stream, aclosing(stream.follow(workspace, after=0)) as batches:
        await anext(batches)
        await is_told(stream)
        source.errors = [Unavailable("The database is not reachable."), Unavailable("The database is not reachable.")]
        await log.announce(workspace, await log.record(workspace))
        assert revisions(await take(batches, up_to=1, seconds=4)) == [1]
    assert source.errors == []


async def test_a_failing_reader_ends_its_followers_and_the_next_one_starts_anew(log: EventLog) -> None:
    workspace, source = log.new_workspace(), Troubled(log)
    async with log.stream(source=source) as stream:
        early = [stream.follow(workspace, after=0), stream.follow(workspace, after=0)]
        await asyncio.gather(*(anext(follower) for follower in early))
        await is_told(stream)
        source.errors = [KeyError("a defect")]
        await log.announce(workspace, await log.record(workspace))
        with pytest.raises(KeyError, match="a defect"):
            await take(early[0], up_to=1)
        async with aclosing(stream.follow(workspace, after=0)) as late:
            last = await log.record(workspace)
            assert revisions(await take(late, up_to=1)) == [1, last]
            assert not (await anext(late)).events  # it has read all and follows now
            await log.announce(workspace, await log.record(workspace))
            assert revisions(await take(late, up_to=3)) == [3]
        with pytest.raises(KeyError, match="a defect"):
            await take(early[1], up_to=1)


async def test_a_malformed_revision_on_the_channel_is_ignored(log: EventLog) -> None:
    workspace = log.new_workspace()
    async with log.stream() as stream, aclosing(stream.follow(workspace, after=0)) as batches:
        await anext(batches)
        await is_told(stream)
        for message in (b"", b"[]", b"{", b'{"revision": 1}', b"1.5", b"\xff"):
            assert await log.publish(workspace, message) == 1
        async with asyncio.timeout(2 * SAFETY_SECONDS):  # as above
            for revision in range(1, 6):
                await log.announce(workspace, await log.record(workspace))
                assert revisions(await take(batches, up_to=revision)) == [revision]


async def test_a_listener_can_be_stopped_at_any_moment(redis_url: str) -> None:
    """redis-py loses a cancellation that comes while it connects."""
    tasks = []
    for turns in range(40):
        listener = RevisionListener(redis_url, lambda *_: None)
        tasks.append(asyncio.create_task(listener.run()))
        for _ in range(turns):
            await asyncio.sleep(0)
        listener.stop()
        tasks[-1].cancel()
    _, running = await asyncio.wait(tasks, timeout=4)
    assert running == set()
