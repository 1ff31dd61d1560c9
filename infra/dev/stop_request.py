import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
T = TypeVar("T")


class Stopped(Exception):
    """The process has received a stop signal."""


class StopRequest:
    """Records stop signals. `check` raises after one, and `run` cancels its work.

    A handler that raised an exception could do so anywhere. asyncpg, for example, swallows an exception that is raised
    while it sends a statement, and crashes the process at the server's response.
    """

    def __init__(self) -> None:
        self._has_come = False
        self._task: asyncio.Task[object] | None = None

    def listen(self) -> None:
        """Replaces the process's handlers of stop signals."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._note)

    def check(self) -> None:
        """Raises Stopped after a stop signal."""
        if self._has_come:
            raise Stopped

    def run(self, work: Callable[[], Coroutine[object, object, T]]) -> T:
        """Result of the work in a new event loop. A stop signal cancels the work, and raises Stopped."""
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
        # Only the first signal counts: a second one must not cancel the cleanup of the work.
        if self._has_come:
            return
        self._has_come = True
        if self._task is not None:
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)


@contextmanager
def stop_signals_held() -> Iterator[None]:
    """Blocks stop signals in the block; a process forked in it blocks them until `end_by_stop_signals`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_by_stop_signals() -> None:
    """Lets stop signals end this process again, including a blocked one."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
