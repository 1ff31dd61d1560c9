"""Errors in the payloads of mutations, as GraphQL types. `api/shared/refusals.py` maps domain errors to them."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeAlias, cast

import strawberry

from api.shared.context import Info
from api.shared.enums import describe_enum
from api.shared.scalars import Revision
from domain.shared.conflicts import FieldConflict
from domain.shared.errors import DomainError, ErrorCode

describe_enum(
    ErrorCode,
    name="ErrorCode",
    description="Machine-readable error code, stable across releases.",
    UNAUTHENTICATED="Credentials are missing, expired or revoked.",
    INVALID_CREDENTIALS="The email address or the password is wrong.",
    NOT_FOUND="The object does not exist or is not visible to you.",
    PERMISSION_DENIED="The operation is not allowed for your role.",
    INSUFFICIENT_SCOPE="The API key lacks a required scope.",
    INVALID_INPUT="A value is not valid.",
    INVALID_ID="The value is not an ID, or the ID of an object of another type.",
    INVALID_CURSOR="The cursor is malformed, or belongs to another list, parent, sort order or filter.",
    REQUIRED="A required value is missing.",
    TOO_LONG="A text is longer than allowed.",
    OUT_OF_RANGE="A value is smaller or larger than allowed.",
    CONFLICT="The change conflicts with the current state of the object.",
    ALREADY_EXISTS="Another object already has the name, key, slug or email address.",
    IN_USE="The object is in use by other objects.",
    IDEMPOTENCY_MISMATCH="The idempotency key was already used for a different request.",
    LIMIT_EXCEEDED="A limit on size, number or frequency is exceeded.",
    SORT_NOT_INDEXED="The list is too long to be sorted by these keys. The message names the sorts that always work.",
    FILTER_TOO_BROAD="The filter takes too long for so many items. The message names a condition to add.",
    UNAVAILABLE="A required service is unavailable. Retry the request later.",
)


@strawberry.interface(description="An error in the input of a mutation that the caller can correct.")
class UserError:
    message: str = strawberry.field(description="Human-readable explanation of the error.")
    code: StrEnum = strawberry.field(graphql_type=ErrorCode, description="Machine-readable code of the error.")
    path: list[str] = strawberry.field(
        description="Path to the input field that caused the error, such as `input`, `title`."
    )


@strawberry.type(description="A value of the input is not valid.")
class ValidationError(UserError):
    pass


@strawberry.type(description="An object that the input refers to does not exist or is not visible to you.")
class NotFoundError(UserError):
    pass


@strawberry.type(
    name="PermissionError", description="The operation is not allowed for your role or for the scopes of your API key."
)
class PermissionDeniedError(UserError):
    pass


@strawberry.type(description="The change conflicts with the current state of an object.")
class ConflictError(UserError):
    conflicting_fields: list[str] = strawberry.field(description="Input fields that are in conflict.")
    current_revision: Revision | None = strawberry.field(
        default=None,
        description="Revision of the workspace to send as `expectedRevision` once you have merged the values. Null if "
        "the conflict is not with a change after `expectedRevision`.",
    )
    details: strawberry.Private[Sequence[FieldConflict]] = ()


@strawberry.type(description="A limit on size, number or frequency is exceeded.")
class LimitError(UserError):
    pass


FieldNames: TypeAlias = Mapping[str, str]
"""Names of fields that a slice has given, by the name that the platform uses."""
AS_WRITTEN: FieldNames = MappingProxyType({})


class HasFieldNames(Protocol):
    """A schema some of whose fields have names from its slices."""

    field_names: FieldNames


def field_names_of(info: Info) -> FieldNames:
    return cast("HasFieldNames", info.schema).field_names


def argument_path(path: Iterable[str], names: FieldNames = AS_WRITTEN) -> list[str]:
    """Path to the input field of a command's field, as the client sent it."""
    return ["input", *(field_name(name, names) for name in path)]


def field_name(name: str, names: FieldNames) -> str:
    """Name of a domain's field in the schema with these names."""
    return names.get(name) or camel_case(name)


def camel_case(name: str) -> str:
    first, *rest = name.strip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def message_of(error: DomainError, names: FieldNames = AS_WRITTEN) -> str:
    """The message for a client of GraphQL or REST, with fields named as in the schema."""
    return error.message_with(lambda name: f"`{field_name(name, names)}`")
