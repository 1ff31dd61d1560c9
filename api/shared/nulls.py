"""Input fields that can be omitted but not null. GraphQL has no type for such a field unless it has a default."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import strawberry
from strawberry import Some
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField

from domain.shared.errors import DomainError, ErrorCode, InvalidInput, Rejected

_REFUSES_NULL = "api.shared.refuses_null"

Path = tuple[str, ...]


def never_null(description: str) -> Any:
    """An optional input field of type `Maybe[T | None]` whose value cannot be cleared; its description says so.

    Strawberry's own `Maybe[T]` fails the whole operation, after earlier mutations have been committed, with a message
    that names Python types.
    """
    return strawberry.field(
        description=f"{description} Omit the field to keep the current value; null is rejected.",
        metadata={_REFUSES_NULL: True},
    )


def refuses_null(field: StrawberryField) -> bool:
    """Whether the input field is one of `never_null`."""
    return _REFUSES_NULL in field.metadata


def refuse_nulls(given: Any) -> None:
    """Raises Rejected with a REQUIRED error for each forbidden null, at any depth of the input."""
    if refused := tuple(_refusals(given, ())):
        raise Rejected(refused)


def _refusals(value: Any, path: Path) -> Iterator[DomainError]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _refusals(item, (*path, str(index)))
        return
    kind: Any = type(value)
    for name, refuses_null in _fields_of(kind):
        sent = getattr(value, name)
        if not isinstance(sent, Some):
            if sent is not None and not isinstance(sent, str):  # as most fields are
                yield from _refusals(sent, (*path, name))
        elif sent.value is not None:
            yield from _refusals(sent.value, (*path, name))
        elif refuses_null:
            message = "{field} must not be null. Omit it to keep its value."
            yield InvalidInput(message, path=(*path, name), code=ErrorCode.REQUIRED)


@cache
def _fields_of(kind: type[Any]) -> tuple[tuple[str, bool], ...]:
    """`(name, refuses_null)` of each field of an input type; empty for any other type."""
    definition = get_object_definition(kind)
    fields = definition.fields if definition is not None else ()
    return tuple((field.python_name, refuses_null(field)) for field in fields)
