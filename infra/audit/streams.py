"""Live event logs: one reader per process and workspace, woken through Redis and shared by all followers."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextvars import Context
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from domain.shared.errors import Unavailable
from domain.shared.streams import EventBatch, FellBehind
from infra.audit.revisions import RevisionListener

PAGE = 500
MOST_WAITING = 5_000  # unread events of one follower
POLL_SECONDS = 1.0  # interval of reads without Redis
SAFETY_SECONDS = 5.0  # interval of reads with Redis, in case a publisher failed to publish
IDLE_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Numbered(Protocol):
    @property
    def revision(self) -> int: ...


E = TypeVar("E", bound=Numbered)
E_co = TypeVar("E_co", bound=Numbered, covariant=True)


class EventSource(Protocol[E_co]):
    async def of_workspace(self, workspace_id: str, *, after: int, most: int) -> Sequence[E_co]:
        """The next events after the revision, in order and without gaps."""
        ...


class RedisEventStream(Generic[E]):
    """An EventStream that reads the log from the source; Redis only announces new events early."""

    def __init__(
        self,
        source: EventSource[E],
        redis_url: str,
        *,
        most_waiting: int = MOST_WAITING,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._source = source
        self._redis_url = redis_url
        self._most_waiting = most_waiting
        self._idle_seconds = idle_seconds
        self._logs: dict[str, _Log[E]] = {}
        self._listener: RevisionListener | None = None
        self._listening: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def follow(self, workspace_id: str, *, after: int) -> AsyncGenerator[EventBatch[E], None]:
        position = after
        while True:
            page = await _page(self._source, workspace_id, position)
            if page.events:
                position = page.up_to
                yield page
            elif self._has_caught_up(workspace_id, position):
                break
        # There is no await between the last read and joining, so no event can be missed in between.
        log, follower = self._join(workspace_id, position)
        try:
            while True:
                batch = _after(await follower.take(position), position)
                position = batch.up_to
                yield batch
        finally:
            self._leave(log, follower)

    async def aclose(self) -> None:
        """Cancels all readers and the listener."""
        self._stop_listening()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _has_caught_up(self, workspace_id: str, position: int) -> bool:
        log = self._logs.get(workspace_id)
        return log is None or log.position <= position

    def _join(self, workspace_id: str, position: int) -> "tuple[_Log[E], _Follower[E]]":
        if self._listener is None:
            self._listener = RevisionListener(self._redis_url, self._wake)
            self._listening = self._start(self._listener.run())
        follower: _Follower[E] = _Follower(self._most_waiting, self._idle_seconds)
        log = self._logs.get(workspace_id)
        if log is None or not log.followers:  # a log without followers is about to end
            poll_seconds = partial(self._poll_seconds, workspace_id)
            log = self._logs[workspace_id] = _Log(self._source, workspace_id, position, poll_seconds)
            self._listener.follow(workspace_id)
            self._start(log.run()).add_done_callback(partial(self._ended, log))
        log.followers.add(follower)
        return log, follower

    def _leave(self, log: "_Log[E]", follower: "_Follower[E]") -> None:
        log.followers.discard(follower)
        if log.followers:
            return
        log.wake()
        self._forget(log)
        if not self._logs:
            self._stop_listening()

    def _stop_listening(self) -> None:
        if self._listener is not None and self._listening is not None:
            self._listener.stop()
            self._listening.cancel()
        self._listening = self._listener = None

    def _ended(self, log: "_Log[E]", task: asyncio.Task[None]) -> None:
        """Ends the followers with the error of their reader, or with Unavailable."""
        self._forget(log)
        error = None if task.cancelled() else task.exception()
        for follower in log.followers:
            follower.end(error or Unavailable("The server is stopping. Subscribe again."))

    def _forget(self, log: "_Log[E]") -> None:
        if self._logs.get(log.workspace_id) is log:
            del self._logs[log.workspace_id]
            if self._listener is not None:
                self._listener.unfollow(log.workspace_id)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # A new context, because the first follower's context holds its own connection.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _wake(self, workspace_id: str, revision: int | None) -> None:
        """Wakes the reader of the workspace unless it has read the revision; None wakes it in any case."""
        log = self._logs.get(workspace_id)
        if log is not None and (revision is None or log.position < revision):
            log.wake()

    def _poll_seconds(self, workspace_id: str) -> float:
        is_told = self._listener is not None and self._listener.is_listening_to(workspace_id)
        return SAFETY_SECONDS if is_told else POLL_SECONDS


class _Log(Generic[E]):
    """Reads one workspace's log while it has followers."""

    def __init__(
        self, source: EventSource[E], workspace_id: str, position: int, poll_seconds: Callable[[], float]
    ) -> None:
        self.workspace_id = workspace_id
        self.position = position
        self.followers: set[_Follower[E]] = set()
        self._source = source
        self._poll_seconds = poll_seconds
        self._news = asyncio.Event()

    def wake(self) -> None:
        self._news.set()

    async def run(self) -> None:
        while self.followers:
            self._news.clear()
            try:
                page = await _page(self._source, self.workspace_id, self.position)
            except Unavailable as error:
                logger.warning("Cannot read the event log; retrying: %s", error.message)
                await asyncio.sleep(POLL_SECONDS)
                continue
            if page.events:
                self._pass_on(page)
            if not page.has_more:
                await self._rest()

    def _pass_on(self, page: EventBatch[E]) -> None:
        self.position = page.up_to
        for follower in tuple(self.followers):
            if not follower.offer(page):
                self.followers.discard(follower)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds()):
                await self._news.wait()
        except TimeoutError:
            return


class _Follower(Generic[E]):
    """Batches that have been read for one follower and not yet taken."""

    def __init__(self, most_waiting: int, idle_seconds: float) -> None:
        self._most_waiting = most_waiting
        self._idle_seconds = idle_seconds
        self._waiting = 0
        self._batches: deque[EventBatch[E]] = deque()
        self._news = asyncio.Event()
        self._has_overflowed = False
        self._error: BaseException | None = None

    def offer(self, batch: EventBatch[E]) -> bool:
        """Adds the batch. Returns False, and ends the follower, if it leaves too many events unread."""
        self._has_overflowed = self._waiting + len(batch.events) > self._most_waiting
        if self._has_overflowed:
            self._batches.clear()
        else:
            self._batches.append(batch)
            self._waiting += len(batch.events)
        self._news.set()
        return not self._has_overflowed

    def end(self, error: BaseException) -> None:
        self._error = error
        self._news.set()

    async def take(self, position: int) -> EventBatch[E]:
        """The next batch, or an empty one after the idle time; raises the error that ended the follower."""
        if not self._news.is_set():
            try:
                async with asyncio.timeout(self._idle_seconds):
                    await self._news.wait()
            except TimeoutError:
                return EventBatch(events=(), up_to=position)
        if self._has_overflowed:
            raise FellBehind(position)
        if not self._batches and self._error is not None:
            raise self._error
        batch = self._batches.popleft()
        self._waiting -= len(batch.events)
        if not self._batches and self._error is None:
            self._news.clear()
        return batch


async def _page(source: EventSource[E], workspace_id: str, after: int) -> EventBatch[E]:
    found = await source.of_workspace(workspace_id, after=after, most=PAGE + 1)
    events = found[:PAGE]
    return EventBatch(events=events, up_to=events[-1].revision if events else after, has_more=len(found) > PAGE)


def _after(batch: EventBatch[E], position: int) -> EventBatch[E]:
    """The batch without events that the follower read itself before it joined."""
    if not batch.events or batch.events[0].revision > position:
        return batch
    events = [event for event in batch.events if event.revision > position]
    return EventBatch(events=events, up_to=max(batch.up_to, position), has_more=batch.has_more)
