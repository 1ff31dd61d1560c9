import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
T = TypeVar("T")


class Stopped(Exception):
    """A stop signal has come."""


class StopRequest:
    """Notes the stop signals; they are obeyed where `check` is called, and by the work that `run` runs.

    A handler that raises would do so in the middle of anything. asyncpg, for one, swallows an exception that comes
    while it sends a statement, and crashes the process at the server's answer.
    """

    def __init__(self) -> None:
        self._has_come = False
        self._task: asyncio.Task[object] | None = None

    def listen(self) -> None:
        """Replaces the process's handlers of the stop signals."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._note)

    def check(self) -> None:
        """Raises Stopped when a signal has come."""
        if self._has_come:
            raise Stopped

    def run(self, work: Callable[[], Coroutine[object, object, T]]) -> T:
        """The result of the work, in a loop of its own; a signal cancels it, and then this raises Stopped."""
        try:
            result = asyncio.run(self._cancellable(work))
        except asyncio.CancelledError:
            self.check()
            raise
        self.check()
        return result

    async def _cancellable(self, work: Callable[[], Coroutine[object, object, T]]) -> T:
        self._task = asyncio.current_task()
        try:
            self.check()
            return await work()
        finally:
            self._task = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        # Only the first counts: a second one must not cancel the work's own tidying.
        if self._has_come:
            return
        self._has_come = True
        if self._task is not None:
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)


@contextmanager
def stop_signals_held() -> Iterator[None]:
    """Stop signals wait until the block is left, in a process that is forked in it until `end_by_stop_signals`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_by_stop_signals() -> None:
    """Stop signals end this process again, also one that was held."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
