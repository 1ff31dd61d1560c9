"""Compilation outside of the executions that need it."""

import time
from collections.abc import Callable, Hashable
from typing import TypeAlias

from strawberry_compiled.planning import NotCompilable

CompileLater: TypeAlias = Callable[[Callable[[], None]], bool]
"""Has the function called in another thread, one function at a time. Returns False if there is no room for it."""

PAUSE_SECONDS = 0.0002


class NotCompiledYet(NotCompilable):
    """The code is compiled in another thread. graphql-core executes the operation or a part of it until then."""

    def __init__(self) -> None:
        super().__init__("being compiled")


class Compilations:
    """Compilations of one operation; each is done once, in the caller's thread or later."""

    __slots__ = ("_compile_later", "_waiting")

    def __init__(self, compile_later: CompileLater | None) -> None:
        self._compile_later = compile_later
        self._waiting: set[Hashable] = set()

    @property
    def are_later(self) -> bool:
        return self._compile_later is not None

    def put_off(self, key: Hashable, work: Callable[[], None]) -> None:
        """Has the work done later, unless work of that key waits already or there is no room for it."""
        if key in self._waiting or self._compile_later is None:
            return
        self._waiting.add(key)

        def done() -> None:
            try:
                work()
            finally:
                self._waiting.discard(key)

        if not self._compile_later(done):
            self._waiting.discard(key)

    def pause(self) -> None:
        """Lets other threads run for a moment if this is not the thread of an execution.

        A thread that computes keeps Python's global lock for 5 ms, and then others wait for each of their turns.
        """
        if self._compile_later is not None:
            time.sleep(PAUSE_SECONDS)
