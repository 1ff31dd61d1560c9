"""Writes of others while something long runs, and how long each of them took."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.sign_ins import percentile

Write = Callable[[int], Awaitable[Any]]


@asynccontextmanager
async def timed_writes(*writers: Write, pause: float = 0.0) -> AsyncIterator[list[float]]:
    """Runs each writer with 0, 1, 2 and so on, one write after another, and collects the seconds of each write.

    The block ends after the last writes, so that a write that waits for what ran in it counts with all its time. A
    write that fails ends it at once.
    """
    seconds: list[float] = []
    has_ended = asyncio.Event()

    async def write_on(write: Write) -> None:
        number = 0
        while not has_ended.is_set():
            began = time.perf_counter()
            await write(number)
            seconds.append(time.perf_counter() - began)
            await asyncio.sleep(pause)
            number += 1

    try:
        async with asyncio.TaskGroup() as group:
            for writer in writers:
                group.create_task(write_on(writer))
            yield seconds
            has_ended.set()
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def milliseconds(seconds: Sequence[float]) -> list[str]:
    """Median, 99 % and longest in milliseconds, as text."""
    return [f"{percentile(seconds, share) * 1e3:.0f}" for share in (0.5, 0.99, 1.0)]
