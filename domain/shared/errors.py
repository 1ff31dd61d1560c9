"""Errors that a use case raises on purpose.

DomainError
├── Unauthenticated      the actor is not signed in, or the session has ended
├── NotFound             the object does not exist, or the actor may not see it: one answer for both
├── PermissionDenied     the actor may see the object but not do this
│   └── InsufficientScope  the user may, but the API key lacks the scope that `scope` names
├── InvalidInput         a value breaks a rule; `path` names the field
│   └── WrongId          an ID of another type, or no ID at all
├── Conflict             the change conflicts with stored data
├── LimitExceeded        too many, too large, too often
│   └── RateLimited        the caller uses more than its share of the server; a retry may succeed
└── Unavailable          a required service is unavailable; a retry may succeed
    └── StorageFull        the disk is full

Rejected                 several DomainErrors of one request
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from math import ceil
from types import MappingProxyType
from typing import ClassVar

AUTHENTICATION_REQUIRED = "Authentication required. Send `Authorization: Bearer <access token or API key>`."
_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


class ErrorCode(StrEnum):
    """Stable codes that every slice can give; a slice defines further ones in its errors.py."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    NOT_FOUND = "NOT_FOUND"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    INSUFFICIENT_SCOPE = "INSUFFICIENT_SCOPE"
    INVALID_INPUT = "INVALID_INPUT"
    INVALID_ID = "INVALID_ID"
    INVALID_CURSOR = "INVALID_CURSOR"
    REQUIRED = "REQUIRED"
    TOO_LONG = "TOO_LONG"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    CONFLICT = "CONFLICT"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    IN_USE = "IN_USE"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    SORT_NOT_INDEXED = "SORT_NOT_INDEXED"
    FILTER_TOO_BROAD = "FILTER_TOO_BROAD"
    UNAVAILABLE = "UNAVAILABLE"


class DomainError(Exception):
    """A failure reported to the caller; `path` uses the field names of the command.

    The message never spells a field's name: it says `{field}` for the last field of the path, and `{other}` for
    the fields in `named`. The adapter that shows the error inserts the caller's names (`message_with`).
    """

    code: ClassVar[StrEnum]
    details: Mapping[str, int | str] = MappingProxyType({})
    """Further values for clients, by names in snake case."""

    def __init__(self, message: str, *, path: tuple[str, ...] = (), code: StrEnum | None = None, **named: str) -> None:
        self.template = message
        self.path = path
        self.failure = code or self.code
        self.named = {"field": path[-1], **named} if path else named
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The message with the field names of the command, for logs."""
        return self.message_with(str)

    def message_with(self, name_of: Callable[[str], str]) -> str:
        """The message with each field's name replaced by `name_of`."""
        # Not str.format: the message may contain text of users, braces included.
        return _PLACEHOLDER.sub(
            lambda found: name_of(self.named[found[1]]) if found[1] in self.named else found[0], self.template
        )


class Unauthenticated(DomainError):
    code = ErrorCode.UNAUTHENTICATED


class NotFound(DomainError):
    code = ErrorCode.NOT_FOUND


class PermissionDenied(DomainError):
    code = ErrorCode.PERMISSION_DENIED


class InsufficientScope(PermissionDenied):
    code = ErrorCode.INSUFFICIENT_SCOPE

    def __init__(self, scope: str) -> None:
        super().__init__(f"This action requires an API key with the scope `{scope.upper()}`.")
        self.scope = scope


class InvalidInput(DomainError):
    code = ErrorCode.INVALID_INPUT


class WrongId(InvalidInput):
    code = ErrorCode.INVALID_ID


class Conflict(DomainError):
    code = ErrorCode.CONFLICT


class LimitExceeded(DomainError):
    code = ErrorCode.LIMIT_EXCEEDED


class RateLimited(LimitExceeded):
    """The caller uses more than its share of the server; `retry_after` is in whole seconds."""

    def __init__(self, reason: str, wait: float) -> None:
        self.retry_after = max(1, ceil(wait))
        unit = "second" if self.retry_after == 1 else "seconds"
        super().__init__(f"{reason} Retry in {self.retry_after} {unit}.")


class Unavailable(DomainError):
    code = ErrorCode.UNAVAILABLE


class StorageFull(Unavailable):
    """A disk or quota of the server is full."""


class Rejected(Exception):
    """Every rule that one request broke, so that a form can show them all at once."""

    def __init__(self, errors: tuple[DomainError, ...]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
