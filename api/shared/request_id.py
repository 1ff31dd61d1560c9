"""ID, GraphQL operation and database time of the current request, for its response and its log records."""

import re
import secrets
from contextvars import ContextVar

_SANE = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)
_operation: ContextVar[str | None] = ContextVar("operation", default=None)
_database_seconds: ContextVar[float | None] = ContextVar("database_seconds", default=None)


def begin_request(offered: bytes | None) -> str:
    """Sets and returns the request's ID: the offered one, or a new one if it is missing or unsafe in a log."""
    chosen = offered.decode() if offered is not None and _SANE.fullmatch(offered) else secrets.token_hex(8)
    _current.set(chosen)
    return chosen


def current_request_id() -> str:
    """ID of the current request or socket."""
    return _current.get() or begin_request(None)


def known_request_id() -> str | None:
    """ID of the current request or socket; None outside of both."""
    return _current.get()


def note_operation(name: str | None) -> None:
    """Names the GraphQL operation in the log record of the current request."""
    _operation.set(name)


def current_operation() -> str | None:
    """Name of the GraphQL operation of the current request; None without a name."""
    return _operation.get()


def note_database_seconds(seconds: float | None) -> None:
    """Notes the database time of the current request for its log record."""
    _database_seconds.set(seconds)


def current_database_seconds() -> float | None:
    """Database time of the current request; None if it ran no GraphQL operation."""
    return _database_seconds.get()
