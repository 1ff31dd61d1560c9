"""Shadow runs: some queries are executed again in graphql-core and compared with the compiled answer.

A shadow run starts after the answer is returned, in a task with its own loaders and read scope. It can cost processor
time, but neither changes nor delays the compiled answer. Data may change between two runs, so a difference counts only
if it is repeated: the executors take turns (compiled, stock, compiled, stock), and each has to give the same answer as
before. A difference that is not repeated counts as undecided.

Log records contain the operation's name, the path of the first difference and its kind, and never values of data,
variables or arguments, error messages, or query text other than the response keys of that path.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import orjson
from graphql import ExecutionResult
from strawberry_compiled.testing import Difference, difference

from api.graphql.counts import ExecutionCounts, shown_name
from api.shared.scalars import json_bytes
from domain.shared.errors import Unavailable

MOST_AT_ONCE = 2  # shadow runs at once, which take at most this many connections from requests
SECONDS = 10.0
LONGEST_PATH = 200

Run: TypeAlias = Callable[[], Awaitable[ExecutionResult]]

logger = logging.getLogger(__name__)


class _Undecided(Exception):
    """The runs do not show whether the executors agree."""


class Shadow:
    """Compares one of `one_in` answers; 0 compares none."""

    def __init__(self, one_in: int, counts: ExecutionCounts, *, seconds: float = SECONDS) -> None:
        self._one_in = one_in
        self._counts = counts
        self._seconds = seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def is_due(self) -> bool:
        """Whether to compare the next answer. Random, because a fixed interval could always hit the same operation."""
        if not self._one_in or random.randrange(self._one_in):  # noqa: S311  nothing is kept secret by it
            return False
        if len(self._tasks) < MOST_AT_ONCE:
            return True
        self._counts.shadow_skipped += 1
        return False

    def start(self, name: str | None, answer: ExecutionResult, *, compiled: Run, stock: Run) -> None:
        """Compares the answer in the background; `compiled` and `stock` repeat the operation."""
        task = asyncio.get_running_loop().create_task(self._compare(name, answer, compiled, stock))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Waits until no comparison is running."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Cancels all comparisons."""
        for task in self._tasks:
            task.cancel()
        await self.settle()

    async def _compare(self, name: str | None, answer: ExecutionResult, compiled: Run, stock: Run) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                found = await _difference(answer, compiled, stock)
        except _Undecided:
            self._counts.shadow_undecided += 1
        except Exception as error:  # noqa: BLE001  nobody waits for it, and its message could hold data
            self._counts.shadow_failures += 1
            logger.warning("Shadow run of operation %s failed: %s", shown_name(name), type(error).__name__)
        else:
            self._counts.shadowed += 1
            if found is not None:
                self._tell(name, found)

    def _tell(self, name: str | None, found: Difference) -> None:
        self._counts.shadow_differences += 1
        path = ".".join(map(str, found.path))[:LONGEST_PATH]
        facts = {"operation": name, "path": path, "kind": found.kind, "differences": self._counts.shadow_differences}
        logger.error(
            "Compiled execution of operation %s differs from graphql-core at %s: %s (%d differences so far)",
            shown_name(name),
            path or "data",
            found.kind,
            self._counts.shadow_differences,
            extra={"facts": facts},
        )


async def _difference(answer: ExecutionResult, compiled: Run, stock: Run) -> Difference | None:
    """The repeated difference between the executors, None if they agree; raises _Undecided."""
    answer = _as_sent(answer)
    first = await _taken(stock)
    found = difference(first, answer)
    if found is None:
        return None
    again = await _taken(compiled)
    if difference(first, again) is None:
        return None  # the data changed after the answer
    second = await _taken(stock)
    if difference(answer, again) is None and difference(first, second) is None:
        return found
    raise _Undecided


async def _taken(run: Run) -> ExecutionResult:
    result = await run()
    if any(isinstance(error.original_error, Unavailable) for error in result.errors or ()):
        raise _Undecided  # the database was busy, and may answer the other run
    return _as_sent(result)


def _as_sent(result: ExecutionResult) -> ExecutionResult:
    """The result as a client reads it. The JSON writer, not the executor, formats some dates and times."""
    return ExecutionResult(orjson.loads(json_bytes(result.data)), result.errors)
