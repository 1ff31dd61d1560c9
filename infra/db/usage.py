"""Use of the database by the current request, which a context variable passes to its reads."""

import asyncio
from contextvars import ContextVar, Token
from time import perf_counter
from types import TracebackType
from typing import Self

_current: ContextVar["RequestUsage | None"] = ContextVar("database_usage", default=None)

_TURNS = 3  # turns of the event loop for which a result can wait: while it is sent, received and passed to its task


class RequestUsage:
    """Use of the database by one request of an account; a context manager that makes it the current one."""

    __slots__ = ("_token", "account", "seconds")

    def __init__(self, account: str) -> None:
        self.account = account
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._token: Token[RequestUsage | None] = _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.reset(self._token)

    def statement(self) -> "_Statement":
        """A context manager that adds the time of one statement."""
        return _Statement(self)


class _Statement:
    """Time of a statement without the time in which the process was busy with other requests.

    In a busy process, a result waits for the event loop for longer than the database took. Without the subtraction,
    accounts would pay for the load of the process.
    """

    __slots__ = ("_started", "_turn", "_usage")

    def __init__(self, usage: RequestUsage) -> None:
        self._usage = usage
        self._turn = 0.0

    def __enter__(self) -> None:
        self._started = perf_counter()
        asyncio.get_running_loop().call_soon(self._note_turn)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._usage.seconds += max(0.0, perf_counter() - self._started - _TURNS * self._turn)

    def _note_turn(self) -> None:
        self._turn = perf_counter() - self._started


def current_usage() -> RequestUsage | None:
    """Usage of the current request; None for commands, jobs, sign-ins and streams that several requests share."""
    return _current.get()
