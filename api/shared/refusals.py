"""Errors of the domain as clients see them: one table for GraphQL, REST, OAuth and HTML forms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from api.shared.errors import (
    AS_WRITTEN,
    ConflictError,
    FieldNames,
    LimitError,
    NotFoundError,
    PermissionDeniedError,
    UserError,
    ValidationError,
    argument_path,
    camel_case,
    field_name,
    message_of,
)
from api.shared.scalars import Revision
from domain.shared import errors
from domain.shared.conflicts import ConflictOfFields
from domain.shared.errors import DomainError, Rejected
from domain.shared.throttle import TooOften


@dataclass(frozen=True, slots=True)
class Refusal:
    """Presentation of one kind of domain error."""

    status: HTTPStatus
    user_error: type[UserError] | None = None
    """Error type in the payload of a mutation. None for errors of the whole request, which are top-level errors."""
    code: str | None = None
    """Error code in GraphQL and REST, if it differs from the error's own code."""
    retry_seconds: int | None = None
    """Value of `Retry-After`, unless the error has a `retry_after`. None if a retry would not help."""

    def retry_headers(self, seconds: int | None = None) -> dict[str, str]:
        wait = self.retry_seconds if seconds is None else seconds
        return {} if wait is None else {"Retry-After": str(wait)}


REFUSALS: Mapping[type[DomainError], Refusal] = MappingProxyType(
    {
        errors.Unauthenticated: Refusal(HTTPStatus.UNAUTHORIZED),
        errors.PermissionDenied: Refusal(HTTPStatus.FORBIDDEN, PermissionDeniedError),
        errors.NotFound: Refusal(HTTPStatus.NOT_FOUND, NotFoundError),
        errors.InvalidInput: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, ValidationError),
        errors.Conflict: Refusal(HTTPStatus.CONFLICT, ConflictError),
        errors.LimitExceeded: Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, LimitError),
        TooOften: Refusal(HTTPStatus.TOO_MANY_REQUESTS, LimitError, retry_seconds=1),
        errors.RateLimited: Refusal(HTTPStatus.TOO_MANY_REQUESTS, code="RATE_LIMITED", retry_seconds=1),
        errors.Unavailable: Refusal(HTTPStatus.SERVICE_UNAVAILABLE, retry_seconds=1),
        errors.StorageFull: Refusal(HTTPStatus.INSUFFICIENT_STORAGE),
    }
)
"""Presentation by class of the error; the nearest base class applies."""

USER_ERRORS = tuple(dict.fromkeys(each.user_error for each in REFUSALS.values() if each.user_error is not None))


def refusal_of(error: DomainError) -> Refusal:
    return next(REFUSALS[base] for base in type(error).__mro__ if base in REFUSALS)


def error_code(error: DomainError) -> str:
    return refusal_of(error).code or error.failure.value


def retry_headers(error: DomainError) -> dict[str, str]:
    """`Retry-After` if the request may succeed later; empty otherwise."""
    return refusal_of(error).retry_headers(getattr(error, "retry_after", None))


def extensions_of(error: DomainError) -> dict[str, Any]:
    """Extensions of a top-level GraphQL error."""
    extensions: dict[str, Any] = {"code": error_code(error)}
    if error.path:
        extensions["inputPath"] = [camel_case(name) for name in error.path]
    extensions |= {camel_case(name): value for name, value in error.details.items()}
    if isinstance(error, errors.RateLimited):
        extensions["retryAfter"] = error.retry_after
    return extensions


def user_errors(error: DomainError | Rejected, names: FieldNames = AS_WRITTEN) -> list[UserError] | None:
    """Errors for the payload, with fields named as in the schema; None if the failure does not concern the input."""
    failures: Iterable[DomainError] = error.errors if isinstance(error, Rejected) else (error,)
    found = [_user_error(failure, names) for failure in failures]
    return None if None in found else [item for item in found if item is not None]


def _user_error(error: DomainError, names: FieldNames) -> UserError | None:
    kind = refusal_of(error).user_error
    if kind is None:
        return None
    path, message = argument_path(error.path, names), message_of(error, names)
    if isinstance(error, ConflictOfFields):
        return ConflictError(
            message=message,
            code=error.failure,
            path=path,
            conflicting_fields=[field_name(name, names) for name in error.fields],
            current_revision=None if error.current_revision is None else Revision(error.current_revision),
            details=error.conflicts,
        )
    if kind is ConflictError:
        # The field alone, without where the input has it.
        fields = [field_name(name, names) for name in error.path[-1:]]
        return ConflictError(message=message, code=error.failure, path=path, conflicting_fields=fields)
    return kind(message=message, code=error.failure, path=path)
