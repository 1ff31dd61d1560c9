"""Filters: a tree of domain dataclasses becomes one condition.

Logic has two values here, whatever SQL does with null: `neq` and `not_in` match rows that have no value, and `not_`
is the exact complement. Only negation needs care for that. Below it and at the top, null counts as false.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Table,
    and_,
    any_,
    bindparam,
    exists,
    false,
    or_,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.filters import ListComparator, check_filter

Column = InstrumentedAttribute[Any]
Condition = Callable[[Any, FromClause], ColumnElement[bool]]  # the filter's value, and the table or alias it is about


class Filters:
    """What the fields of one filter dataclass mean; built once, and complete: each field has a meaning.

    `own` is for what is no comparison of a column, such as search.
    """

    def __init__(
        self,
        of: type[Any],
        *,
        scalars: Mapping[str, Column],
        to_one: Mapping[str, "ToOne"] | None = None,
        to_many: Mapping[str, "ToMany"] | None = None,
        own: Mapping[str, Condition] | None = None,
    ) -> None:
        tables = {table_of(column) for column in scalars.values()}
        if len(tables) != 1:
            raise TypeError(f"The scalars of {of.__name__} must be columns of one table.")
        self.table = tables.pop()
        self.scalars = scalars
        self._conditions: dict[str, Condition] = {
            "and_": lambda parts, rows: and_(true(), *(self.match(part, rows) for part in parts)),
            "or_": lambda parts, rows: or_(false(), *(self.match(part, rows) for part in parts)),
            "not_": lambda part, rows: self.match(part, rows).is_not(true()),
            **{name: _Scalar(column) for name, column in scalars.items()},
            **(to_one or {}),
            **(to_many or {}),
            **(own or {}),
        }
        if wrong := self._conditions.keys() ^ {field.name for field in fields(of)}:
            raise TypeError(f"{of.__name__} and its conditions do not agree on {', '.join(sorted(wrong))}.")

    def where(self, filter: Any) -> ColumnElement[bool]:
        """The rows of the entity's own table that match; all of them without a filter. Raises InvalidInput."""
        if filter is None:
            return true()
        check_filter(filter)
        return self.match(filter, self.table)

    def match(self, filter: Any, rows: FromClause) -> ColumnElement[bool]:
        sent = ((name, getattr(filter, name)) for name in self._conditions)
        return and_(true(), *(self._conditions[name](value, rows) for name, value in sent if value is not None))


@dataclass(frozen=True, slots=True)
class ToOne:
    """The row that `reference` points at matches; none does if it is null. A cycle of filters needs a function."""

    reference: Column
    key: Column
    filters: Filters | Callable[[], Filters]

    def __call__(self, filter: Any, rows: FromClause) -> ColumnElement[bool]:
        target = _resolved(self.filters)
        reference = _on(rows, self.reference)
        if _sent_names(filter) == ["id"] and target.scalars["id"] is self.key:
            # The reference is the target's id, so that an index on it serves.
            return and_(reference.is_not(None), _compare(reference, filter.id))
        found = target.table.alias()
        return reference.in_(select(_on(found, self.key)).where(target.match(filter, found)))


@dataclass(frozen=True, slots=True)
class ToMany:
    """Rows whose `reference` points at `key`; what must match is their own filter, or what they link to."""

    key: Column
    reference: Column
    filters: ToOne | Filters | Callable[[], Filters]

    def __call__(self, comparator: ListComparator[Any], rows: FromClause) -> ColumnElement[bool]:
        conditions: list[ColumnElement[bool]] = []
        if comparator.some is not None:
            conditions.append(self._has(comparator.some, rows))
        if comparator.every is not None:
            conditions.append(~self._has(comparator.every, rows, is_match=False))
        if comparator.none is not None:
            conditions.append(~self._has(comparator.none, rows))
        return and_(true(), *conditions)

    def _has(self, filter: Any, rows: FromClause, *, is_match: bool = True) -> ColumnElement[bool]:
        items = table_of(self.reference).alias()
        match = self.filters if isinstance(self.filters, ToOne) else _resolved(self.filters).match
        condition = match(filter, items)
        linked = _on(items, self.reference) == _on(rows, self.key)
        wanted = condition if is_match else condition.is_not(true())
        return exists().select_from(items).where(linked, wanted)


@dataclass(frozen=True, slots=True)
class _Scalar:
    column: Column

    def __call__(self, comparator: Any, rows: FromClause) -> ColumnElement[bool]:
        return _compare(_on(rows, self.column), comparator)


def _compare(column: ColumnElement[Any], comparator: Any) -> ColumnElement[bool]:
    said = ((name, getattr(comparator, name)) for name in _sent_names(comparator))
    return and_(true(), *(_OPERATORS[name](column, value) for name, value in said))


def _value(column: ColumnElement[Any], value: Any) -> ColumnElement[Any]:
    return bindparam(None, value, type_=_wide(column), unique=True)


def _among(column: ColumnElement[Any], values: tuple[Any, ...]) -> ColumnElement[bool]:
    # One parameter, so that the number of values changes neither the statement nor its plan.
    return column == any_(bindparam(None, list(values), type_=ARRAY(_wide(column)), unique=True))


def _wide(column: ColumnElement[Any]) -> Any:
    """Any integer may be asked for: beyond the column's own size there just are none."""
    return BigInteger() if isinstance(column.type, Integer) else column.type


def _pattern(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_OPERATORS: dict[str, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]] = {
    "eq": lambda column, value: column == _value(column, value),
    "neq": lambda column, value: column.is_distinct_from(_value(column, value)),
    "in_": _among,
    "not_in": lambda column, values: _among(column, values).is_not(true()),
    "lt": lambda column, value: column < _value(column, value),
    "lte": lambda column, value: column <= _value(column, value),
    "gt": lambda column, value: column > _value(column, value),
    "gte": lambda column, value: column >= _value(column, value),
    "contains": lambda column, text: column.ilike(f"%{_pattern(text)}%"),
    "starts_with": lambda column, text: column.ilike(f"{_pattern(text)}%"),
    "is_null": lambda column, is_null: column.is_(None) if is_null else column.is_not(None),
}


def table_of(column: Column) -> Table:
    table: Table = column.expression.table
    return table


def _on(rows: FromClause, column: Column) -> ColumnElement[Any]:
    return rows.c[str(column.expression.key)]


def _sent_names(part: Any) -> list[str]:
    return [field.name for field in fields(part) if getattr(part, field.name) is not None]


def _resolved(filters: Filters | Callable[[], Filters]) -> Filters:
    return filters if isinstance(filters, Filters) else filters()
