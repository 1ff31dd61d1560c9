"""Filters: a tree of domain dataclasses becomes one SQL condition.

The conditions are for rows of one workspace, and name it in each table that they join: run them with `workspace_id`.

The logic has two values, unlike SQL: `neq` and `not_in` match rows without a value, and `not_` is the exact complement.
Only negation has to treat null; elsewhere null counts as false.

A condition on related rows is a join, and PostgreSQL can only assume an average number of rows for each state or label.
For IDs in the text of the statement it knows the number. Callers that have looked up such rows can therefore swap in
their IDs.
"""

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from domain.shared import letters
from domain.shared.characters import nfc
from domain.shared.filters import IdComparator, ListComparator, check_filter, is_blank, operands_of
from domain.shared.ranks import RankedEnum
from infra.db.arrays import TextList, among_values
from infra.db.filter_values import ByRow, FoundIds, KnownIds
from infra.db.visibility import GuestRule, in_workspace

Column = InstrumentedAttribute[Any]
# arguments: the filter's value, and the table or alias to filter
Condition = Callable[[Any, FromClause], ColumnElement[bool]]
# replaces a filter on related rows, one on linked rows, or the value of a search, by an equivalent one
Swap = Callable[["ToSmallSet | ToMany | Search", Any], Any]


class Filters:
    """Conditions for the fields of one filter dataclass, built once and checked for completeness.

    `own` has the conditions that compare no column or more than one, such as searches.
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
        relations: dict[str, ToOne | ToMany] = {**(to_one or {}), **(to_many or {})}
        searches = {name: each for name, each in (own or {}).items() if isinstance(each, Search)}
        self.lookups: dict[str, ToOne | ToMany | Search] = {**relations, **searches}
        self._conditions: dict[str, Condition] = {
            "and_": lambda parts, rows: and_(true(), *(self.match(part, rows) for part in parts)),
            "or_": lambda parts, rows: or_(false(), *(self.match(part, rows) for part in parts)),
            "not_": lambda part, rows: self.match(part, rows).is_not(true()),
            **{name: _Scalar(column) for name, column in scalars.items()},
            **relations,
            **(own or {}),
        }
        if wrong := self._conditions.keys() ^ {field.name for field in fields(of)}:
            raise TypeError(f"{of.__name__} and its conditions do not agree on {', '.join(sorted(wrong))}.")

    def where(self, filter: Any) -> ColumnElement[bool]:
        """Condition for rows of the entity's table; true without a filter. Raises InvalidInput."""
        if filter is None:
            return true()
        check_filter(filter)
        return self.match(filter, self.table)

    def match(self, filter: Any, rows: FromClause) -> ColumnElement[bool]:
        return and_(true(), *(self._conditions[name](value, rows) for name, value in operands_of(filter).items()))

    def is_bounded(self, filter: Any, narrowing: Collection[str]) -> bool:
        """Whether an index, of a field in `narrowing` or of a search, limits the rows compared with part of a text."""
        return self._narrows(filter, narrowing) is not False

    def _narrows(self, filter: Any, narrowing: Collection[str]) -> bool | None:
        """Whether the filter selects rows by an index; false if it compares all rows with such a text."""
        found: list[bool | None] = []
        for name, value in operands_of(filter).items():
            search = self.lookups.get(name)
            if name == "and_":
                found += (self._narrows(part, narrowing) for part in value)
            elif name == "or_":
                parts = [self._narrows(part, narrowing) for part in value]
                found.append(False if False in parts else (bool(parts) and all(parts)) or None)
            elif isinstance(search, Search):
                found.append(search.narrows(value))
            elif name in narrowing:
                found.append(True)
        return True if True in found else False if False in found else None

    def by_row(self, filter: Any, *, is_counted: bool = False) -> Any:
        """The filter for a statement that walks rows, and does not enter through the index of a search.

        A statement that counts some rows walks only for searches whose index finds too much.
        """

        def swap(condition: "ToSmallSet | ToMany | Search", value: Any) -> Any:
            if isinstance(condition, Search):
                # Without knowing the value, PostgreSQL expects few rows with a word, and would sort all that have it.
                is_by_row = not (is_counted and condition.is_exact)
            else:
                is_by_row = not is_counted and isinstance(condition, ToMany) and condition.excludes(value)
            return ByRow(value) if is_by_row else value

        return self.swapped(filter, swap)

    def swapped(self, filter: Any, swap: Swap) -> Any:
        """The filter with the values of each `ToSmallSet`, `ToMany` and `Search` replaced by `swap`."""
        changes: dict[str, Any] = {}
        for name, value in operands_of(filter).items():
            if name in {"and_", "or_"}:
                changes[name] = tuple(self.swapped(part, swap) for part in value)
            elif name == "not_":
                changes[name] = self.swapped(value, swap)
            elif name in self.lookups:
                changes[name] = self.lookups[name].swapped(value, swap)
        return replace(filter, **changes)


@dataclass(frozen=True, slots=True)
class ToOne:
    """Matches if the row that `reference` points at matches. A null reference matches only a filter without conditions.

    Pass a function for a cycle of filters.
    """

    reference: Column
    key: Column
    filters: Filters | Callable[[], Filters]

    def __call__(self, filter: Any, rows: FromClause) -> ColumnElement[bool]:
        if is_blank(filter):
            return true()
        target = self.target
        reference = _on(rows, self.reference)
        if self._is_by_id(filter):
            # The reference is the target's ID, so its index can be used without a join.
            return and_(reference.is_not(None), compare(reference, filter.id))
        found = target.table.alias()
        return reference.in_(select(_on(found, self.key)).where(_of_workspace(found), target.match(filter, found)))

    @property
    def target(self) -> Filters:
        return _resolved(self.filters)

    def swapped(self, filter: Any, swap: Swap) -> Any:
        return self.target.swapped(filter, swap)

    def _is_by_id(self, filter: Any) -> bool:
        return list(operands_of(filter)) == ["id"] and self.target.scalars["id"] is self.key


@dataclass(frozen=True, slots=True)
class ToSmallSet(ToOne):
    """A row of a table with few rows per workspace, matched by id; `within` limits the table to those of the workspace.

    `guests` is the visibility rule for guests, None if guests see all rows.
    """

    within: ColumnElement[bool]
    guests: GuestRule | None

    def swapped(self, filter: Any, swap: Swap) -> Any:
        is_plain = is_blank(filter) or self._is_by_id(filter)
        return filter if is_plain else swap(self, filter)

    def by_ids(self, filter: Any, ids: Sequence[str]) -> Any:
        """The equivalent of a filter that matches exactly these rows."""
        return type(filter)(id=IdComparator(in_=KnownIds(ids)))


@dataclass(frozen=True, slots=True)
class Search:
    """A condition that a search index answers.

    `condition` checks one row. `candidates` selects the IDs of all rows of the workspace that meet the condition; it is
    None if no index can find them. Without `is_exact` it may select more. `guests` is the visibility rule for guests.
    """

    key: Column
    condition: Condition
    candidates: Callable[[Any], Select[Any] | None]
    is_exact: bool
    guests: GuestRule

    def __call__(self, value: Any, rows: FromClause) -> ColumnElement[bool]:
        if isinstance(value, FoundIds):
            return among_values(_on(rows, self.key), sorted(value))
        if isinstance(value, ByRow):
            return self.condition(value.value, rows)
        candidates = self.candidates(value)
        if candidates is None:
            return self.condition(value, rows)
        is_candidate = _on(rows, self.key).in_(candidates)
        return is_candidate if self.is_exact else and_(is_candidate, self.condition(value, rows))

    def narrows(self, value: Any) -> bool | None:
        """Whether the index selects the rows; false if each row must be searched for a part of a text."""
        if self.candidates(value) is not None:
            return True
        return False if getattr(value, "contains", None) else None

    def swapped(self, value: Any, swap: Swap) -> Any:
        is_replaced = isinstance(value, FoundIds | ByRow)
        return value if is_replaced or self.candidates(value) is None else swap(self, value)

    def by_ids(self, value: Any, ids: Sequence[str]) -> FoundIds:
        """The equivalent of a value with which the condition holds for exactly these rows."""
        return FoundIds(ids)


@dataclass(frozen=True, slots=True)
class ToMany:
    """Rows whose `reference` points at `key`, matched by their own filter or by that of a row they link to."""

    key: Column
    reference: Column
    filters: ToOne | Filters | Callable[[], Filters]

    def __call__(self, value: "ListComparator[Any] | ByRow", rows: FromClause) -> ColumnElement[bool]:
        is_by_row = isinstance(value, ByRow)
        comparator: ListComparator[Any] = value.value if isinstance(value, ByRow) else value
        conditions: list[ColumnElement[bool]] = []
        if comparator.some is not None:
            conditions.append(self._items(comparator.some, rows).exists())
        without: list[Select[Any]] = []
        if comparator.every is not None:
            without.append(self._items(comparator.every, rows, is_match=False))
        if comparator.none is not None:
            without.append(self._items(comparator.none, rows))
        # An offset keeps PostgreSQL from joining all links of the workspace, in the hope that few are left.
        conditions += (~(items.offset(literal_column("0")) if is_by_row else items).exists() for items in without)
        return and_(true(), *conditions)

    def excludes(self, comparator: ListComparator[Any]) -> bool:
        """Whether rows without some links match."""
        return comparator.every is not None or comparator.none is not None

    def swapped(self, comparator: ListComparator[Any], swap: Swap) -> Any:
        match = self.filters if isinstance(self.filters, ToOne) else _resolved(self.filters)
        said = operands_of(comparator)
        return swap(self, replace(comparator, **{name: match.swapped(value, swap) for name, value in said.items()}))

    def _items(self, filter: Any, rows: FromClause, *, is_match: bool = True) -> Select[Any]:
        """Linked rows that match, or those that do not."""
        items = table_of(self.reference).alias()
        match = self.filters if isinstance(self.filters, ToOne) else _resolved(self.filters).match
        condition = match(filter, items)
        linked = _on(items, self.reference) == _on(rows, self.key)
        wanted = condition if is_match else condition.is_not(true())
        found: Select[Any] = select(literal_column("1")).select_from(items).where(_of_workspace(items), linked, wanted)
        return found.correlate(rows)


@dataclass(frozen=True, slots=True)
class _Scalar:
    column: Column

    def __call__(self, comparator: Any, rows: FromClause) -> ColumnElement[bool]:
        return compare(_on(rows, self.column), comparator)


def upper_case(column: Column) -> Condition:
    """Compares keys, which are stored in upper case, regardless of the letter case of the value."""

    def condition(comparator: Any, rows: FromClause) -> ColumnElement[bool]:
        return compare(_on(rows, column), replace(comparator, **_map_texts(letters.upper, comparator)))

    return condition


def as_sent(column: Column) -> Condition:
    """Compares texts that are stored unnormalized, by their Unicode normal form C."""
    return lambda comparator, rows: compare(normalized(_on(rows, column)), comparator)


def normalized(column: ColumnElement[str]) -> ColumnElement[str]:
    """The text in Unicode normal form C. Most text is already normal, and the check costs a quarter of a conversion."""
    is_ascii = func.char_length(column) == func.octet_length(column)
    is_normal: ColumnElement[bool] = UnaryExpression(column, modifier=custom_op("IS NFC NORMALIZED"))
    return case((or_(is_ascii, is_normal), column), else_=func.normalize(column, text("NFC")))


def _map_texts(change: Callable[[str], str], comparator: Any) -> dict[str, Any]:
    texts = {name: value for name, value in operands_of(comparator).items() if isinstance(value, str | tuple)}
    return {
        name: change(value) if isinstance(value, str) else tuple(map(change, value)) for name, value in texts.items()
    }


def compare(column: ColumnElement[Any], comparator: Any) -> ColumnElement[bool]:
    """Whether the value matches the comparator; texts of the comparator are compared in normal form C, as stored."""
    said = operands_of(comparator).items()
    return and_(true(), *(_OPERATORS[name](column, _normal(value)) for name, value in said))


def _normal(value: Any) -> Any:
    if isinstance(value, tuple) and not isinstance(value, KnownIds):
        return tuple(map(_normal, value))
    return nfc(value) if isinstance(value, str) else value


def _value(column: ColumnElement[Any], value: Any) -> ColumnElement[Any]:
    return bindparam(None, value, type_=_wide(column), unique=True)


def _among(column: ColumnElement[Any], values: tuple[Any, ...]) -> ColumnElement[bool]:
    if isinstance(values, KnownIds):
        ids = bindparam(None, values, type_=TextList, unique=True, literal_execute=True)
        return column == any_(cast(ids, ARRAY(Text)))
    # One array parameter, so that the number of values changes neither the statement nor its plan.
    return column == any_(bindparam(None, list(values), type_=ARRAY(_wide(column)), unique=True))


def _ordered(column: ColumnElement[Any], value: Any, holds: Callable[[Any, Any], Any]) -> ColumnElement[bool]:
    if isinstance(value, RankedEnum):
        # The enum is stored as text, whose order differs from its rank.
        return _among(column, tuple(member for member in type(value) if holds(member.rank, value.rank)))
    compared: ColumnElement[bool] = holds(column, _value(column, value))
    return compared


def _wide(column: ColumnElement[Any]) -> Any:
    """A type for parameters that holds any integer, because filters may exceed the column's range."""
    return BigInteger() if isinstance(column.type, Integer) else column.type


def _pattern(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


_OPERATORS: dict[str, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]] = {
    "eq": lambda column, value: column.is_(None) if value is None else column == _value(column, value),
    "neq": lambda column, value: (
        column.is_not(None) if value is None else column.is_distinct_from(_value(column, value))
    ),
    "in_": _among,
    "not_in": lambda column, values: _among(column, values).is_not(true()),
    "lt": lambda column, value: _ordered(column, value, operator.lt),
    "lte": lambda column, value: _ordered(column, value, operator.le),
    "gt": lambda column, value: _ordered(column, value, operator.gt),
    "gte": lambda column, value: _ordered(column, value, operator.ge),
    "contains": lambda column, part: column.ilike(f"%{_pattern(part)}%"),
    "starts_with": lambda column, start: column.ilike(f"{_pattern(start)}%"),
    "is_null": lambda column, is_null: column.is_(None) if is_null else column.is_not(None),
}


def table_of(column: Column) -> Table:
    table: Table = column.expression.table
    return table


def _on(rows: FromClause, column: Column) -> ColumnElement[Any]:
    return rows.c[str(column.expression.key)]


def _of_workspace(rows: FromClause) -> ColumnElement[bool]:
    """Condition for rows of the workspace; true for tables, such as that of accounts, that belong to none."""
    return in_workspace(rows.c.workspace_id) if "workspace_id" in rows.c else true()


def _resolved(filters: Filters | Callable[[], Filters]) -> Filters:
    return filters if isinstance(filters, Filters) else filters()
