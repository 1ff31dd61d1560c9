"""Refusals as JSON, for readers that learn of them after the request: without values, which can be texts of users."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from domain.shared.conflicts import ChangedMeanwhile, ConflictOfFields
from domain.shared.errors import (
    Conflict,
    DomainError,
    ErrorCode,
    InvalidInput,
    LimitExceeded,
    NotFound,
    PermissionDenied,
)

_KINDS: Mapping[str, type[DomainError]] = MappingProxyType(
    {kind.__name__: kind for kind in (NotFound, PermissionDenied, InvalidInput, Conflict, LimitExceeded)}
)


def stored_errors(errors: Iterable[DomainError]) -> list[dict[str, Any]]:
    """The refusals as JSON objects. Their kinds are those that clients distinguish."""
    return [_stored(error) for error in errors]


def read_errors(found: Sequence[Mapping[str, Any]], codes: Iterable[StrEnum]) -> tuple[DomainError, ...]:
    """The refusals as they were raised; `codes` are those of all slices."""
    by_value = {code.value: code for code in codes}
    return tuple(_read(each, by_value) for each in found)


def _stored(error: DomainError) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": next(base.__name__ for base in type(error).__mro__ if base.__name__ in _KINDS),
        "message": error.template,
        "path": list(error.path),
        "code": error.failure.value,
        "named": dict(error.named),
    }
    if isinstance(error, ConflictOfFields):
        found["fields"] = list(error.fields)
    if isinstance(error, ChangedMeanwhile):
        found |= {"expected": error.expected, "current": error.current_revision}
    return found


def _read(found: Mapping[str, Any], codes: Mapping[str, StrEnum]) -> DomainError:
    path = tuple(found["path"])
    if "expected" in found:
        changed = ChangedMeanwhile(found["fields"], (), expected=found["expected"], current=found["current"])
        changed.path = path
        return changed
    # The server can lack the code of a slice that a fork has removed.
    code = codes.get(found["code"], ErrorCode.INVALID_INPUT)
    kind = ConflictOfFields if "fields" in found else _KINDS[found["kind"]]
    error = kind(found["message"], path=path, code=code, **found["named"])
    if isinstance(error, ConflictOfFields):
        error.fields = tuple(found["fields"])
    return error
