"""Statements that select only the columns of a projection."""

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Enum, Text, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from infra.db.base import Base, NumberedEnum
from infra.db.read import AnySelect

DISTINCT_PROJECTIONS = 1024


class NamedColumns:
    """The column of each attribute of an entity. Records have enums as they are stored: as numbers or texts."""

    __slots__ = ("_columns",)

    def __init__(self, columns: Mapping[str, InstrumentedAttribute[Any]]) -> None:
        self._columns = columns

    @classmethod
    def of(cls, table: type[Base], entity: type[Any]) -> "NamedColumns":
        return cls({field.name: getattr(table, field.name) for field in fields(entity)})

    @classmethod
    def of_parts(cls, **parts: "NamedColumns") -> "NamedColumns":
        """The columns of an object whose attributes are entities."""
        return cls(
            {f"{part}.{name}": column for part, own in parts.items() for name, column in own._columns.items()}  # noqa: SLF001  of the same class
        )

    def select(
        self, rows: AnySelect, names: tuple[str, ...], *further: InstrumentedAttribute[Any] | ColumnElement[Any]
    ) -> AnySelect:
        """The rows with the columns of the names and further ones, built once."""
        return _selected(rows, self, names, further)

    def __getitem__(self, name: str) -> InstrumentedAttribute[Any]:
        return self._columns[name]

    def __iter__(self) -> Any:
        return iter(self._columns)


@lru_cache(DISTINCT_PROJECTIONS)
def _selected(rows: AnySelect, columns: NamedColumns, names: tuple[str, ...], further: tuple[Any, ...]) -> AnySelect:
    wanted = [as_stored(columns[name]) for name in names]
    return rows.with_only_columns(*wanted, *further, maintain_column_froms=True)


def as_stored(column: InstrumentedAttribute[Any] | ColumnElement[Any]) -> Any:
    """The column without the conversion of an enum, which would copy each row."""
    kind = column.type
    if isinstance(kind, NumberedEnum):
        return type_coerce(column, kind.impl_instance)
    return type_coerce(column, Text()) if isinstance(kind, Enum) else column
