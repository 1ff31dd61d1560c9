"""The index ranges that a keyset page reads.

The rows after a cursor are compiled to index ranges, one SELECT with its own LIMIT each, in the order of the list. The
ID is the last key, in the direction of the preceding key, so that a whole order can be one range:
`(created_at, id) < (…, …)`. Another range starts where the direction changes and where nulls begin: `due_date ASC, id`
is `(due_date, id) > (…, …)` and `due_date IS NULL`. An equality on a key is the obvious form, and a trap: PostgreSQL
then concludes that an order by ID is enough, and may scan the primary key of the whole table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, bindparam, tuple_

from infra.db.cursors import CursorColumn

Nullness = tuple[bool, ...] | None  # which of a cursor's values are null; None without a cursor


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an order, in reading direction."""

    field: CursorColumn
    is_descending: bool
    is_null_first: bool

    @property
    def column(self) -> ColumnElement[Any]:
        return self.field.column

    @property
    def has_plain_nulls(self) -> bool:
        """Whether nulls are where a plain index has them: last in ascending, first in descending order."""
        return not self.field.is_nullable or self.is_null_first == self.is_descending

    def turned(self) -> "Key":
        return replace(self, is_descending=not self.is_descending, is_null_first=not self.is_null_first)

    def order(self, column: ColumnElement[Any], *, is_pure: bool) -> ColumnElement[Any]:
        """ORDER BY expression. `is_pure`, all null or none: a NULLS clause would only hinder the index."""
        ordered = column.desc() if self.is_descending else column.asc()
        if is_pure or self.has_plain_nulls:
            return ordered
        return ordered.nulls_first() if self.is_null_first else ordered.nulls_last()


@dataclass(frozen=True, slots=True)
class Range:
    """Rows that one index scan finds in order. The first `pure` keys are all null or never null in it."""

    conditions: tuple[ColumnElement[bool], ...]
    pure: int


def ranges(keys: tuple[Key, ...], nulls: Nullness) -> list[Range]:
    """Ranges that together are exactly the rows after the cursor, in reading order; all rows without a cursor."""
    first = keys[0]
    if nulls is None:
        if first.has_plain_nulls:
            return [Range((), 0)]
        halves = [Range((first.column.is_not(None),), 1), Range((first.column.is_(None),), 1)]
        return halves[::-1] if first.is_null_first else halves
    found: list[Range] = []
    # Rows that equal the cursor in more keys are nearer to it.
    for start, end in reversed(list(_runs(keys, nulls))):
        key, run = keys[start], range(start, end)
        equal = tuple(
            keys[level].column.is_(None) if nulls[level] else keys[level].column == value(keys, level)
            for level in range(start)
        )
        if not nulls[start]:
            columns = tuple_(*(keys[level].column for level in run))
            values = tuple_(*(value(keys, level) for level in run))
            found.append(Range((*equal, columns < values if key.is_descending else columns > values), start + 1))
        if key.field.is_nullable and nulls[start] == key.is_null_first:
            beyond = key.column.is_not(None) if nulls[start] else key.column.is_(None)
            found.append(Range((*equal, beyond), start + 1))
    return found


def _runs(keys: tuple[Key, ...], nulls: tuple[bool, ...]) -> Iterator[tuple[int, int]]:
    """Neighboring keys that one row comparison covers: same direction, and nulls in the first key at most."""
    start = 0
    for level in range(1, len(keys)):
        key, before = keys[level], keys[level - 1]
        if key.field.is_nullable or key.is_descending != before.is_descending or nulls[level - 1]:
            yield start, level
            start = level
    yield start, len(keys)


def value(keys: tuple[Key, ...], level: int) -> ColumnElement[Any]:
    return bindparam(parameter(level), type_=keys[level].column.type)


def parameter(level: int) -> str:
    return f"keyset_{level}"
