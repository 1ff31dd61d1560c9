"""How long lists can be, said beside their fields: the cost of an operation is counted from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graphql import GraphQLField
from strawberry.schema.schema_converter import GraphQLCoreConverter

from domain.shared.pages import DEFAULT, DEFAULT_NESTED

_KEY = "api.list_size"

FREE_TYPES = frozenset({"PageInfo", "RateLimit"})

ROOT_LISTS = frozenset({"Query", "Workspace"})
"""Types whose connections give `DEFAULT` items unless told otherwise, and not `DEFAULT_NESTED`."""


@dataclass(frozen=True, slots=True)
class ListSize:
    """The most items of a list that is no connection, or the highest `first` of a field that has that argument.

    `at_most` is None for lists that come with their parent, which count as one object. `counted_by` names the
    argument that has an item for each item of the list.
    """

    at_most: int | None
    counted_by: str = ""


def at_most(items: int, *, counted_by: str = "") -> Mapping[str, Any]:
    """Metadata of a field whose list has at most so many items."""
    return MappingProxyType({_KEY: ListSize(items, counted_by)})


WITH_PARENT: Mapping[str, Any] = MappingProxyType({_KEY: ListSize(None)})
"""Metadata of a field whose items come with their parent."""


def size_of(field: GraphQLField) -> ListSize | None:
    """The size that the field's definition states."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    metadata = getattr(definition, "metadata", None) or {}
    found: ListSize | None = metadata.get(_KEY)
    return found


def default_size(owner: str) -> int:
    return DEFAULT if owner in ROOT_LISTS else DEFAULT_NESTED
