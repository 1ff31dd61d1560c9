"""Statements that first find the rows of a filter, and then sort them.

PostgreSQL tends to walk the index of an order until the page is full. If few rows match a filter, or those that match
are at the far end, it walks the whole index. The LIMIT of these statements keeps it from that: the filter is planned
without the order.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    FromClause,
    Text,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from infra.db.arrays import texts
from infra.db.keyset_ranges import Key, Nullness, ranges
from infra.db.keyset_statements import DISTINCT_STATEMENTS, PARENTS, PageQuery, Parts, limit, with_keys
from infra.db.read import AnySelect
from infra.db.visibility import in_workspace

Keys = tuple[Key, ...]
Parent = InstrumentedAttribute[Any] | None  # column of the parent's ID, None for a list without a parent


@lru_cache(DISTINCT_STATEMENTS)
def fenced_list(
    rows: AnySelect, keys: Keys, nulls: Nullness, parts: Parts | None, parent: Parent, most: int, *, is_single: bool
) -> PageQuery:
    """Query for the page of one list, or of the list under each parent. One list needs no sort of all rows.

    Its rows end with the number of matches under all parents, at most `most` + 1, and the parent's ID. Without items on
    the page there is one row for the number.
    """
    rows, positions = with_keys(rows, keys)
    found = _found(rows, keys, parts, parent, most)
    own = _keys_of(found, keys)
    page = select(found) if nulls is None else select(found).where(_after(own, nulls))
    if is_single:
        page = page.order_by(*_order(own)).limit(limit())
    else:
        place = func.row_number().over(partition_by=found.c.parent, order_by=_order(own))
        page = page.add_columns(place.label("place"))
    placed = page.subquery("page")
    counted = select(func.count().label("matches")).select_from(found).subquery("counted")
    table = keys[-1].column.table  # the last key is the column of the ID
    is_same = [table.c.id == placed.c[f"key_{len(keys) - 1}"]]
    if not is_single:
        is_same.append(placed.c.place <= limit())
    if "workspace_id" in table.c:
        is_same.append(in_workspace(table.c.workspace_id))
    source = counted.outerjoin(placed.join(table, and_(*is_same)), true())
    query = select(*rows.selected_columns, counted.c.matches, placed.c.parent).select_from(source)
    return PageQuery(query.order_by(placed.c.parent, *_order(_keys_of(placed, keys))), positions)


def _found(rows: AnySelect, keys: Keys, parts: Parts | None, parent: Parent, most: int) -> CTE:
    """The keys of the rows. Whole rows would not fit into the memory of a sort."""
    if parts is not None:
        rows = rows.where(parts.column == any_(bindparam(parts.parameter, type_=ARRAY(Text))))
    if parent is not None:
        rows = rows.where(parent == any_(texts(PARENTS)))
    of: ColumnElement[Any] = null() if parent is None else parent.expression
    columns = [key.column.label(f"key_{level}") for level, key in enumerate(keys)]
    rows = rows.with_only_columns(of.label("parent"), *columns, maintain_column_froms=True)
    # The number is part of the text, because PostgreSQL keeps no generic plan for an unknown limit.
    return rows.limit(literal_column(str(most + 1))).cte("found").prefix_with("MATERIALIZED")


def _keys_of(found: FromClause, keys: Keys) -> Keys:
    return tuple(
        replace(key, field=replace(key.field, column=found.c[f"key_{level}"])) for level, key in enumerate(keys)
    )


def _after(keys: Keys, nulls: tuple[bool, ...]) -> ColumnElement[bool]:
    return or_(*(and_(*each.conditions) for each in ranges(keys, nulls)))


def _order(keys: Keys) -> list[ColumnElement[Any]]:
    return [key.order(key.column, is_pure=False) for key in keys]
