"""What the domain refuses, as GraphQL types: the one table from domain errors to UserError."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import strawberry

from api.shared.enums import describe_enum
from domain.shared import errors
from domain.shared.errors import DomainError, ErrorCode, Rejected

describe_enum(
    ErrorCode,
    name="ErrorCode",
    description="Stable codes of what can go wrong.",
    UNAUTHENTICATED="Nobody is signed in, or no longer.",
    INVALID_CREDENTIALS="Name and password do not belong together.",
    NOT_FOUND="It does not exist, or you may not see it.",
    PERMISSION_DENIED="You see it, and may not do this.",
    INSUFFICIENT_SCOPE="The API key lacks a scope.",
    INVALID_INPUT="A value breaks a rule.",
    INVALID_ID="An id of another kind, or no id at all.",
    INVALID_CURSOR="The cursor belongs to another list, parent, sort or filter, or is malformed.",
    REQUIRED="A value is missing.",
    TOO_LONG="A text is too long.",
    OUT_OF_RANGE="A number is too small or too large.",
    CONFLICT="What is stored does not allow it now.",
    ALREADY_EXISTS="Something else has this name, key or slug.",
    IN_USE="Others point at it.",
    LAST_OWNER="A workspace keeps at least one owner.",
    PARENT_CYCLE="An issue would be under itself.",
    IDEMPOTENCY_MISMATCH="The idempotency key was used for another request.",
    LIMIT_EXCEEDED="Too many, too large or too often.",
    UNAVAILABLE="A service is away; the same request may succeed later.",
)


@strawberry.interface(description="Something that the caller can put right.")
class UserError:
    message: str = strawberry.field(description="What is wrong, for people.")
    code: ErrorCode = strawberry.field(description="What is wrong, for programs.")
    path: list[str] = strawberry.field(description="Where in the arguments, such as input, title.")


@strawberry.type(description="A value breaks a rule.")
class ValidationError(UserError):
    pass


@strawberry.type(description="Something named does not exist, or you may not see it.")
class NotFoundError(UserError):
    pass


@strawberry.type(name="PermissionError", description="Your role, or the scope of your API key, does not allow this.")
class PermissionDeniedError(UserError):
    pass


@strawberry.type(description="What is stored does not allow it.")
class ConflictError(UserError):
    conflicting_fields: list[str] = strawberry.field(description="The fields in conflict.")


@strawberry.type(description="A limit is reached.")
class LimitError(UserError):
    pass


KINDS: Mapping[type[DomainError], type[UserError]] = MappingProxyType(
    {
        errors.InvalidInput: ValidationError,
        errors.NotFound: NotFoundError,
        errors.PermissionDenied: PermissionDeniedError,
        errors.Conflict: ConflictError,
        errors.LimitExceeded: LimitError,
    }
)
"""Kinds that are not here (Unauthenticated, Unavailable) concern the request, not its input: top-level errors."""


def user_errors(error: DomainError | Rejected) -> list[UserError] | None:
    """The payload's errors, or None if the failure is not of the input."""
    failures: Iterable[DomainError] = error.errors if isinstance(error, Rejected) else (error,)
    found = [_user_error(failure) for failure in failures]
    return None if None in found else [item for item in found if item is not None]


def argument_path(path: Iterable[str]) -> list[str]:
    """A command's field names as the client wrote them."""
    return ["input", *(camel_case(name) for name in path)]


def camel_case(name: str) -> str:
    first, *rest = name.strip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def told(error: DomainError) -> str:
    """The message for a client of GraphQL or REST, each field under the name that the schema gives it."""
    return error.message_with(lambda name: f"`{camel_case(name)}`")


def _user_error(error: DomainError) -> UserError | None:
    kind = next((KINDS[base] for base in type(error).__mro__ if base in KINDS), None)
    if kind is None:
        return None
    path = argument_path(error.path)
    if kind is ConflictError:
        fields = [camel_case(name) for name in error.path]
        return ConflictError(message=told(error), code=error.failure, path=path, conflicting_fields=fields)
    return kind(message=told(error), code=error.failure, path=path)
