"""The statements of keyset pages."""

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.pages import MOST_COUNTED
from infra.db.arrays import texts
from infra.db.keyset_ranges import Key, Nullness, Range, ranges
from infra.db.projected import as_stored
from infra.db.read import AnySelect

Positions = tuple[int, ...]  # positions of the keys in a row
Parent = InstrumentedAttribute[Any] | tuple[InstrumentedAttribute[Any], ...]  # columns with the ID of a row's parents
Branches = tuple[ColumnElement[bool], ...]  # conditions that divide the rows, each with index ranges of its own

DISTINCT_STATEMENTS = 512
LIMIT, PARENT, PARENTS = "keyset_limit", "keyset_parent", "keyset_parents"


class Parts(NamedTuple):
    """Rows whose column has a value of the parameter, one index range each; the order alone would scan all rows."""

    column: InstrumentedAttribute[Any] | ColumnElement[Any]
    parameter: str


class PageQuery(NamedTuple):
    """A statement, and the positions of the keys in its rows."""

    statement: AnySelect
    positions: Positions


def _list(rows: AnySelect, keys: tuple[Key, ...], nulls: Nullness, branches: Branches) -> PageQuery:
    rows, positions = with_keys(rows, keys)
    found = [_of_range(rows, each, keys, positions, branches) for each in ranges(keys, nulls)]
    if len(found) == 1:
        return PageQuery(found[0], positions)
    # PostgreSQL appends the ranges one after another, and the outer LIMIT stops it when the page is full. An outer
    # ORDER BY would read all of them first: a range of nulls sorted by a further key can be most of the table.
    appended = union_all(*found).subquery("page")
    return PageQuery(select(*appended.c).limit(limit()), positions)


def _of_range(rows: AnySelect, of: Range, keys: tuple[Key, ...], positions: Positions, branches: Branches) -> AnySelect:
    """The first rows of the range. Rows of several branches are merged."""
    order = [key.order(key.column, is_pure=level < of.pure) for level, key in enumerate(keys)]
    rows = rows.where(*of.conditions).order_by(*order).limit(limit())
    if not branches:
        return rows
    merged = union_all(*(rows.where(branch) for branch in branches)).subquery("branch")
    return select(*merged.c).order_by(*_order(merged, keys, positions)).limit(limit())


one_list = lru_cache(DISTINCT_STATEMENTS)(_list)


@lru_cache(DISTINCT_STATEMENTS)
def list_of_parts(
    rows: AnySelect, keys: tuple[Key, ...], nulls: Nullness, branches: Branches, parts: Parts
) -> PageQuery:
    values = func.unnest(texts(parts.parameter)).table_valued("value").render_derived("part")
    statement, positions = _list(rows.where(parts.column == values.c.value).correlate(values), keys, nulls, branches)
    page = statement.lateral("page")
    merged = select(*page.c).select_from(values.join(page, true()))
    return PageQuery(merged.order_by(*_order(page, keys, positions)).limit(limit()), positions)


@lru_cache(DISTINCT_STATEMENTS)
def list_per_parent(
    rows: AnySelect,
    keys: tuple[Key, ...],
    nulls: Nullness,
    branches: Branches,
    parent: Parent,
) -> PageQuery:
    parents = _parents()
    of_parent = rows.correlate(parents)
    if isinstance(parent, tuple):
        # One index range each; PostgreSQL would sort all rows of `a = id OR b = id`.
        branches = tuple(column == parents.c.id for column in parent)
    else:
        of_parent = of_parent.where(parent == parents.c.id)
    statement, positions = _list(of_parent, keys, nulls, branches)
    page = statement.lateral("page")
    joined = select(*page.c, parents.c.id.label("keyset_parent")).select_from(parents.join(page, true()))
    # The position is the order of the function's rows, and the nested loop keeps the order of each list. Sorting all
    # rows by the keys again would take a fifth of the statement's time.
    return PageQuery(joined.order_by(parents.c.position), positions)


@lru_cache(DISTINCT_STATEMENTS)
def under_one(rows: AnySelect, parent: InstrumentedAttribute[Any]) -> AnySelect:
    """The rows under the parent with the ID in the parameter `PARENT`."""
    return rows.where(parent == bindparam(PARENT))


@lru_cache(DISTINCT_STATEMENTS)
def count(rows: AnySelect, parts: Parts | None) -> AnySelect:
    """Number of rows, at most `MOST_COUNTED + 1`."""
    if parts is not None:
        # A bare parameter, because PostgreSQL estimates rows only for values that it sees.
        rows = rows.where(parts.column == any_(bindparam(parts.parameter, type_=ARRAY(Text))))
    return select(func.count()).select_from(_first(rows).subquery("some"))


@lru_cache(DISTINCT_STATEMENTS)
def count_per_parent(rows: AnySelect, parent: Parent) -> AnySelect:
    """ID of each parent, and its number of rows, at most `MOST_COUNTED + 1`."""
    parents = _parents()
    columns = parent if isinstance(parent, tuple) else (parent,)
    some = _first(rows.where(or_(*(column == parents.c.id for column in columns))).correlate(parents)).subquery("some")
    counted = select(func.count().label("total")).select_from(some).lateral("counted")
    return select(parents.c.id, counted.c.total).select_from(parents.join(counted, true()))


def _parents() -> Any:
    # The planner does not look into the subquery. It would otherwise plan anew each time for few IDs, because such
    # plans look cheaper than the one for any number, although they are the same.
    ids = select(texts(PARENTS)).scalar_subquery()
    return func.unnest(ids).table_valued("id", with_ordinality="position").render_derived("parent")


def _first(rows: AnySelect) -> AnySelect:
    most: ColumnElement[int] = literal_column(str(MOST_COUNTED + 1), Integer)
    return rows.with_only_columns(literal_column("1"), maintain_column_froms=True).limit(most)


def with_keys(rows: AnySelect, keys: tuple[Key, ...]) -> PageQuery:
    """The rows with all keys selected, missing ones after the other columns."""
    columns = list(rows.selected_columns)
    places = {column: place for place, column in enumerate(columns)}
    missing = [key.column for key in keys if key.column not in places]
    places |= {column: place for place, column in enumerate(missing, start=len(columns))}
    labeled = (as_stored(column).label(f"keyset_{place}") for place, column in enumerate(missing))
    return PageQuery(rows.add_columns(*labeled), tuple(places[key.column] for key in keys))


def _order(page: FromClause, keys: tuple[Key, ...], positions: Positions) -> list[ColumnElement[Any]]:
    columns = list(page.c)
    return [key.order(columns[place], is_pure=False) for key, place in zip(keys, positions, strict=True)]


def limit() -> ColumnElement[int]:
    # The limit is part of the text, because PostgreSQL keeps no generic plan for an unknown limit.
    return bindparam(LIMIT, type_=Integer, literal_execute=True)
