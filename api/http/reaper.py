"""Ends work on requests whose time is over or whose client has disconnected."""

import asyncio
import enum
import logging
from collections.abc import Callable
from contextvars import Context
from types import TracebackType

from starlette.types import Receive, Scope

from api.shared.extensions import IS_CLOSING

TICK_SECONDS = 0.05

_log = logging.getLogger(__name__)


class End(enum.Enum):
    """Reason for which work was ended."""

    TIME_IS_OVER = enum.auto()
    CLIENT_IS_GONE = enum.auto()


class Reaper:
    """One timer for all running requests, in place of several per request.

    It looks at them every 50 ms while there are any, and at a deadline that comes earlier. Deadlines are times of the
    event loop.
    """

    def __init__(self) -> None:
        self._running: dict[Watch, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_look = 0.0

    def until(self, deadline: float) -> "Watch":
        """Ends the block of `with reaper.until(...) as watch:` at the deadline; `watch.end` has the reason then."""
        return Watch(self, deadline)

    def until_left(self, deadline: float, scope: Scope, receive: Receive) -> "Watch":
        """Ends the block at the deadline, or as soon as the client disconnects.

        The body of the request must have been read, since nothing else may receive its messages.
        """
        extension = scope.get("extensions", {}).get(IS_CLOSING)
        if extension is not None:
            return Watch(self, deadline, is_gone=extension["call"])
        return Watch(self, deadline, receive=receive)

    def add(self, watch: "Watch", loop: asyncio.AbstractEventLoop) -> None:
        """Includes the watch from now on."""
        if loop is not self._loop:
            # A process serves on one loop. Tests use several, one after another, whose tasks end with their loop.
            self._running.clear()
            self._loop, self._timer = loop, None
        self._running[watch] = None
        if self._timer is None or watch.deadline < self._next_look:
            self._look_at(watch.deadline)

    def remove(self, watch: "Watch") -> None:
        """Forgets the watch."""
        self._running.pop(watch, None)

    def _look_at(self, deadline: float) -> None:
        assert self._loop is not None
        if self._timer is not None:
            self._timer.cancel()
        self._next_look = min(self._loop.time() + TICK_SECONDS, deadline)
        # Without a context of its own, the log lines of all later looks would name the request that started the timer.
        self._timer = self._loop.call_at(self._next_look, self._look, context=Context())

    def _look(self) -> None:
        assert self._loop is not None
        self._timer = None
        now = self._loop.time()
        try:
            for watch in tuple(self._running):
                watch.look(now)
        finally:
            if self._running:
                self._look_at(min(watch.deadline for watch in self._running))


class Watch:
    """Context manager of `Reaper`: cancels its block, and ends the cancellation where the block ends."""

    __slots__ = ("_cancellations", "_is_gone", "_reaper", "_receive", "_since", "_task", "_waiter", "deadline", "end")

    def __init__(
        self,
        reaper: Reaper,
        deadline: float,
        *,
        is_gone: Callable[[], bool] | None = None,
        receive: Receive | None = None,
    ) -> None:
        """`is_gone` tells whether the client has disconnected; `receive` tells so by a message."""
        self.deadline = deadline
        self.end: End | None = None
        self._reaper = reaper
        self._is_gone = is_gone
        self._receive = receive
        self._waiter: asyncio.Task[None] | None = None

    def __enter__(self) -> "Watch":
        task = asyncio.current_task()
        assert task is not None
        loop = task.get_loop()
        self._task = task
        self._cancellations = task.cancelling()
        self._since = loop.time()
        self._reaper.add(self, loop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._reaper.remove(self)
        if self._waiter is not None:
            self._waiter.cancel()
        if self.end is None:
            return False
        # Undo only the own cancellation: one from outside, as at shutdown, must still end the task.
        is_only_one = self._task.uncancel() <= self._cancellations
        return is_only_one and kind is asyncio.CancelledError

    def look(self, now: float) -> None:
        """Cancels the block if it has to end; logs what prevents the check."""
        try:
            self._look(now)
        except Exception:  # noqa: BLE001  one request must not keep the reaper from enforcing the others' deadlines
            _log.exception("The server cannot check whether a client has disconnected.")
            self._is_gone = self._receive = None

    def _look(self, now: float) -> None:
        if now >= self.deadline:
            self._stop(End.TIME_IS_OVER)
        elif self._is_gone is not None:
            if self._is_gone():
                self._stop(End.CLIENT_IS_GONE)
        elif self._receive is not None and self._waiter is None and now - self._since >= TICK_SECONDS:
            # Servers without the extension: most requests finish earlier, and need no task.
            self._waiter = self._task.get_loop().create_task(self._wait(self._receive))

    async def _wait(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if self.end is None:
            self._stop(End.CLIENT_IS_GONE)

    def _stop(self, end: End) -> None:
        self.end = end
        self._reaper.remove(self)
        self._task.cancel()
