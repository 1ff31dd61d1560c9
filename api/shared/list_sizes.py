"""Maximum sizes of lists, declared with their fields, for the cost of operations."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graphql import GraphQLField, GraphQLNamedType, GraphQLUnionType
from strawberry.schema.schema_converter import GraphQLCoreConverter

from domain.shared.pages import DEFAULT, DEFAULT_NESTED

_KEY = "api.list_size"

FREE_TYPES = frozenset({"FieldChange", "PageInfo", "RateLimit"})

COUNT_FIELDS = frozenset({"totalCount", "totalCountIsExact"})
"""Fields of connections that need the size of the list."""

ROOT_LISTS = frozenset({"Query", "Workspace"})
"""Types whose connections have `DEFAULT` items by default; all others have `DEFAULT_NESTED`."""


class ReadWithParent:
    """Base of types that are read together with their parent.

    They cost nothing, unlike the objects that their fields lead to.
    """


@dataclass(frozen=True, slots=True)
class ListSize:
    """Maximum size of a list without a connection, or the maximum of `first` of other fields.

    `at_most` is None for lists that are read together with their parent and count as one object. `counted_by` names the
    argument that has an item for each item of the list. `per_point` items together cost one point.
    """

    at_most: int | None
    counted_by: str = ""
    per_point: int = 1


def at_most(items: int, *, counted_by: str = "", per_point: int = 1) -> Mapping[str, Any]:
    """Metadata of a field whose list has at most that number of items."""
    return MappingProxyType({_KEY: ListSize(items, counted_by, per_point)})


_ROWS_KEY = "api.batch_rows"

OF_ROWS = "rows"
"""`counted_by` of a list with an item for each row of the batch that its mutation changes."""


def batch_rows(*path: str) -> Mapping[str, Any]:
    """Metadata of a mutation of many objects; `path` leads from its input to the list of these."""
    return MappingProxyType({_ROWS_KEY: path})


def rows_of(field: GraphQLField) -> tuple[str, ...] | None:
    """The path from the input of a mutation of many objects to the list of these; None for other fields."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    found: tuple[str, ...] | None = (getattr(definition, "metadata", None) or {}).get(_ROWS_KEY)
    return found


WITH_PARENT: Mapping[str, Any] = MappingProxyType({_KEY: ListSize(None)})
"""Metadata of a field whose items come with their parent."""


def size_of(field: GraphQLField) -> ListSize | None:
    """The size that the field's definition states."""
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    metadata = getattr(definition, "metadata", None) or {}
    found: ListSize | None = metadata.get(_KEY)
    return found


def is_read_with_parent(kind: GraphQLNamedType) -> bool:
    """Whether the type, or each member of the union, has the base `ReadWithParent`."""
    if isinstance(kind, GraphQLUnionType):
        return all(map(is_read_with_parent, kind.types))
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    origin = getattr(definition, "origin", None)
    return isinstance(origin, type) and issubclass(origin, ReadWithParent)


def default_size(owner: str) -> int:
    return DEFAULT if owner in ROOT_LISTS else DEFAULT_NESTED
