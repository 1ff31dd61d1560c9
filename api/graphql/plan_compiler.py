"""Compilation of plans in the background, so that no request waits for it."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import partial

from api.graphql.counts import ExecutionCounts

MOST_WAITING = 100  # operations that wait for compilation; those beyond are asked for again by their next run

logger = logging.getLogger(__name__)


class PlanCompiler:
    """Runs compilations in a thread of its own, one after the other."""

    def __init__(self, counts: ExecutionCounts, *, most_waiting: int = MOST_WAITING) -> None:
        self._counts = counts
        self._most_waiting = most_waiting
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compiler")
        self._waiting: set[asyncio.Future[None]] = set()
        self._is_closed = False

    def submit(self, after: Callable[[], None], compilation: Callable[[], None]) -> bool:
        """Runs the compilation in the thread and calls `after` in this one; False if too many compilations wait."""
        if self._is_closed or len(self._waiting) >= self._most_waiting:
            self._counts.compilations_put_off += 1
            return False
        # In a context of its own: callbacks of futures keep the context variables of the request that adds them.
        Context().run(self._start, after, compilation)
        return True

    def _start(self, after: Callable[[], None], compilation: Callable[[], None]) -> None:
        future = asyncio.get_running_loop().run_in_executor(self._thread, compilation)
        self._waiting.add(future)
        future.add_done_callback(partial(self._finish, after))

    async def settle(self) -> None:
        """Waits until no compilation waits or runs."""
        while self._waiting:
            await asyncio.wait(self._waiting)

    async def close(self) -> None:
        """Cancels compilations that wait, and waits for the end of the one that runs."""
        self._is_closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)
        await self.settle()

    def _finish(self, after: Callable[[], None], future: asyncio.Future[None]) -> None:
        self._waiting.discard(future)
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            self._counts.failed_compilations += 1
            logger.error("The compilation of an operation failed. It runs in graphql-core.", exc_info=error)
        after()
