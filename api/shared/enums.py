"""Domain enums as GraphQL enums."""

from enum import Enum
from typing import TypeVar

import strawberry

E = TypeVar("E", bound=Enum)


def describe_enum(enum: type[E], *, name: str, description: str, **values: str) -> None:
    """Registers the enum under that name, with a description of each member in `values`."""
    strawberry.enum(enum, name=name, description=description)
    definition = enum.__strawberry_definition__  # type: ignore[attr-defined]  # set by the line above
    for value in definition.values:
        value.description = values[value.name]
