"""Use of the database by the current request, which a context variable passes to its reads."""

from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self

_current: ContextVar["RequestUsage | None"] = ContextVar("database_usage", default=None)


class RequestUsage:
    """Use of the database by one request of an account; a context manager that makes it the current one."""

    __slots__ = ("_token", "account")

    def __init__(self, account: str) -> None:
        self.account = account

    def __enter__(self) -> Self:
        self._token: Token[RequestUsage | None] = _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _current.reset(self._token)


def current_usage() -> RequestUsage | None:
    """Usage of the current request; None for commands, jobs, sign-ins and streams that several requests share."""
    return _current.get()
