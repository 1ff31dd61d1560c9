"""Row types agree with the tables and with GraphQL, and batch fields declare what they need of rows."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any

import pytest
from graphql import GraphQLNonNull, GraphQLObjectType, get_named_type
from sqlalchemy import ARRAY, BigInteger, Boolean, Date, DateTime, Integer, SmallInteger, Text
from sqlalchemy import Enum as NamedEnum
from strawberry.schema.schema_converter import GraphQLCoreConverter

from api.graphql.row_types import column_of, columns_of, row_types
from api.graphql.runner import graphql_schema
from api.schema import schema
from domain.accounts.model import UserId
from infra.accounts.reader import USER_COLUMNS
from infra.db.base import NumberedEnum
from infra.db.projected import NamedColumns
from infra.db.reader import EntityTable
from strawberry_compiled import Column, RowType
from tests.architecture.sources import sources
from tests.architecture.test_parity import repositories

CORE = graphql_schema(schema)
ROW_TYPES = row_types(CORE)
STORED: Mapping[type[Any], type[Any]] = {
    Boolean: bool,
    Date: date,
    DateTime: datetime,
    Integer: int,
    SmallInteger: int,
    Text: str,
}
LEAVES = {"Boolean": bool, "Date": date, "DateTime": datetime, "ID": str, "Int": int, "String": str}

OF_OBJECTS_ONLY = {
    "Workspace": "fields of the query return it as an object, and other types show its name only",
}
"""Type whose batch fields declare no needs -> why its objects are hardly ever read as rows."""


def entity_types() -> Iterator[tuple[str, GraphQLObjectType, type[Any]]]:
    """Types of entities that are read as rows, with the entity."""
    for name in ROW_TYPES:
        kind = CORE.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        origin = kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].origin
        if getattr(origin, "is_read_as_rows", False):
            yield name, kind, origin.describes


ENTITIES = {name: entity for name, _, entity in entity_types()}


def sql_column(column: Any) -> Column | None:
    """The column of records that the type and nullability of a table's column promise; None if neither fits."""
    kind = column.type
    if isinstance(kind, NumberedEnum | NamedEnum):
        enum = kind.enum if isinstance(kind, NumberedEnum) else kind.enum_class
        members = {member.value: member for member in enum}
        return Column(int if isinstance(kind, NumberedEnum) else str, column.nullable, members)
    found = STORED.get(type(kind))
    return None if found is None else Column(found, column.nullable)


def test_ten_entities_are_read_as_rows() -> None:
    assert len(ENTITIES) == 10


@pytest.mark.parametrize("name", ENTITIES)
def test_columns_of_rows_are_those_of_the_table(name: str) -> None:
    [table] = {each.table for each in repositories() if each.entity is ENTITIES[name]}
    mapped = {column.key: sql_column(column) for column in table.__table__.columns}
    columns = ROW_TYPES[name].columns
    assert len(columns) > 4
    assert columns == {key: mapped[key] for key in columns}


@pytest.mark.parametrize("name", ENTITIES)
def test_graphql_promises_no_more_than_the_columns(name: str) -> None:
    kind = CORE.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    compared = 0
    for field in kind.fields.values():
        definition = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
        column = ROW_TYPES[name].columns.get(definition.python_name)
        if column is None or definition.base_resolver is not None:
            continue
        compared += 1
        assert isinstance(field.type, GraphQLNonNull) is not column.is_nullable
        shown = get_named_type(field.type)
        if column.members is None:
            assert LEAVES[shown.name] is column.type
        else:
            assert {value.value for value in shown.values.values()} == set(column.members.values())
    assert compared > 1


def test_readers_have_a_column_for_each_one_of_the_row_type() -> None:
    values = [value for source in sources("infra/*/reader.py") for value in vars(source.module).values()]
    by_entity = {each.entity: set(each.columns) for each in values if isinstance(each, EntityTable)}
    known = [set(each) for each in values if isinstance(each, NamedColumns)]
    for name, entity in ENTITIES.items():
        columns = set(ROW_TYPES[name].columns)
        assert columns <= by_entity[entity] if entity in by_entity else any(columns <= each for each in known), name
    assert set(ROW_TYPES["User"].columns) <= set(USER_COLUMNS)


def batches(kind: GraphQLObjectType) -> Iterator[tuple[str, Any]]:
    for name, field in kind.fields.items():
        metadata = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].metadata or {}
        if "strawberry_compiled.batch" in metadata:
            yield name, metadata["strawberry_compiled.batch"]


def undeclared(types: Mapping[str, GraphQLObjectType], rows: Mapping[str, RowType]) -> Sequence[str]:
    """Batch fields that keep their parents from being rows."""
    found = []
    for name, kind in types.items():
        for field, batch in batches(kind):
            has_needs = batch.needs is not None and all(need in rows[name].columns for need in batch.needs)
            is_shown_by_object = getattr(batch, "show", None) is not None and batch.needs_found is None
            if not has_needs or is_shown_by_object:
                found.append(f"{name}.{field}")
    return found


def test_batch_fields_declare_what_they_need_of_their_parents() -> None:
    types = {name: kind for name, kind, _ in entity_types()}
    assert sum(1 for kind in types.values() for _ in batches(kind)) > 40
    lines = undeclared(types, ROW_TYPES)
    assert [line for line in lines if line.partition(".")[0] not in OF_OBJECTS_ONLY] == []
    assert {line.partition(".")[0] for line in lines} == OF_OBJECTS_ONLY.keys()


def test_a_field_that_declares_nothing_is_found() -> None:
    kind = CORE.type_map["Issue"]
    assert isinstance(kind, GraphQLObjectType)
    lines = undeclared({"Issue": kind}, {"Issue": RowType(columns={"id": Column(str)})})
    assert {"Issue.assignees", "Issue.comments", "Issue.creator", "Issue.identifier"} <= set(lines)


class Color(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("hint", "column"),
    [
        (str, Column(str)),
        (int | None, Column(int, is_nullable=True)),
        (UserId | None, Column(str, is_nullable=True)),
        (Color, Column(str, members={"red": Color.RED})),
        (float, None),
        (tuple[str, ...], None),
        (str | int, None),
    ],
)
def test_columns_are_made_of_plain_values_alone(hint: Any, column: Column | None) -> None:
    assert column_of(hint) == column


def test_a_large_integer_or_an_array_has_no_column() -> None:
    class Sample:
        nullable = False

        def __init__(self, kind: Any) -> None:
            self.type = kind

    assert [sql_column(Sample(kind)) for kind in (BigInteger(), ARRAY(Text))] == [None, None]
    assert columns_of(ENTITIES["Issue"])["priority"].type is int
