"""Cancels the work of a request when its client disconnects."""

import asyncio
from types import TracebackType

from starlette.types import Receive

AFTER_SECONDS = 0.05  # most requests finish earlier, and cost only a timer


class DisconnectWatch:
    """Cancels its block when the client disconnects; `watch.is_gone` is true afterwards.

    Use it as `with DisconnectWatch(receive) as watch:`, after the request's body has been read.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._watcher: asyncio.Task[None] | None = None
        self.is_gone = False

    def __enter__(self) -> "DisconnectWatch":
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._timer = asyncio.get_running_loop().call_later(AFTER_SECONDS, self._start)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if not self.is_gone:
            return False
        # Undo only the watch's own cancellation; one from outside must still reach the task.
        self._task.uncancel()
        return kind is asyncio.CancelledError

    def _start(self) -> None:
        self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.is_gone = True
        self._task.cancel()
