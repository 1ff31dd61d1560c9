import asyncio
from typing import Any


async def end(*tasks: asyncio.Task[Any], patience: float = 0.1) -> None:
    """Cancels tasks until all have ended, again after each `patience` seconds; ignores their results.

    To end a task that itself calls `end`, or cleans up over the network, use more patience than that takes.
    """
    # One cancellation is not enough: asyncio.wait_for (up to Python 3.11), and so redis-py, can swallow it.
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=patience)
    await asyncio.gather(*tasks, return_exceptions=True)
