"""Types whose objects the readers can give as rows, for the plans of compiled operations."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type
from strawberry.schema.schema_converter import GraphQLCoreConverter

from api.shared.node import Node
from api.shared.pages import Connection, Edge, PageInfo
from domain.shared import pages
from strawberry_compiled import Column, RowType

PLAIN = (str, bool, int, date, datetime)


def row_types(schema: GraphQLSchema) -> Mapping[str, RowType]:
    """The row types by the names of their GraphQL types: entities, and the pages of their lists."""
    kinds = {name: kind for name, kind in schema.type_map.items() if isinstance(kind, GraphQLObjectType)}
    found = {name: row_type for name, kind in kinds.items() if (row_type := _entity(kind)) is not None}
    entities = found.keys()
    found |= {name: row_type for name, kind in kinds.items() if (row_type := _of_page(kind, {*entities})) is not None}
    return found


def _entity(kind: GraphQLObjectType) -> RowType | None:
    origin = _origin(kind)
    if not issubclass(origin, Node) or not origin.is_read_as_rows:
        return None
    return RowType(columns=columns_of(origin.describes))


def _of_page(kind: GraphQLObjectType, entities: set[str]) -> RowType | None:
    origin = _origin(kind)
    if issubclass(origin, PageInfo):
        return RowType(columns=columns_of(pages.PageInfo))
    if issubclass(origin, Edge) and get_named_type(kind.fields["node"].type).name in entities:
        return RowType(columns={"cursor": Column(str)}, objects=frozenset({"node"}))
    if issubclass(origin, Connection) and get_named_type(kind.fields["nodes"].type).name in entities:
        return RowType(
            # The count is null only in responses that do not select it.
            columns={"total_count": Column(int), "total_count_is_exact": Column(bool)},
            objects=frozenset({"page_info"}),
            lists=frozenset({"nodes", "edges"}),
        )
    return None


def columns_of(entity: type[Any]) -> Mapping[str, Column]:
    """Columns of the entity's fields, as readers select them. Values without a column are shown by objects only."""
    hints = get_type_hints(entity)
    columns = {each.name: column_of(hints[each.name]) for each in fields(entity)}
    return {name: column for name, column in columns.items() if column is not None}


def column_of(hint: Any) -> Column | None:
    """The column of a field with that annotation. Records have enums as they are stored, by value."""
    # `X | None` of a NewType is a Union of `typing`, unlike that of a class.
    alternatives = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kinds = [getattr(each, "__supertype__", each) for each in alternatives if each is not NoneType]
    if len(kinds) > 1:
        return None
    kind, is_nullable = kinds[0], NoneType in alternatives
    if isinstance(kind, type) and issubclass(kind, Enum):
        members = {member.value: member for member in kind}
        [stored] = {type(value) for value in members}
        return Column(stored, is_nullable, members)
    return Column(kind, is_nullable) if kind in PLAIN else None


def _origin(kind: GraphQLObjectType) -> type[Any]:
    definition = kind.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return getattr(definition, "origin", object)
