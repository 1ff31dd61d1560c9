import asyncio
from typing import Any


async def end(*tasks: asyncio.Task[Any], patience: float = 0.1) -> None:
    """Cancels tasks, again after each `patience` seconds, until they are over; how they ended does not matter.

    Whoever cancels a task that itself uses this, or cleans up over the network, needs more patience than it.
    """
    # Once is not enough: asyncio.wait_for (up to Python 3.11), and so redis-py, can swallow a cancellation.
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=patience)
    await asyncio.gather(*tasks, return_exceptions=True)
