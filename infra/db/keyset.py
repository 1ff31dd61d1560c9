"""Keyset pagination: a page starts right after a row, so that the thousandth page costs as much as the first.

The rows after a cursor are compiled to index ranges, one SELECT with its own LIMIT each, and merged. The ID is the last
key, in the direction of the preceding key, so that a whole order can be one range: `(created_at, id) < (…, …)`. Another
range starts where the direction changes and where nulls begin: `due_date ASC, id` is `(due_date, id) > (…, …)` and
`due_date IS NULL`. An equality on a key is the obvious form, and a trap: PostgreSQL then concludes that an order by ID
is enough, and may scan the primary key of the whole table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Generic, NamedTuple, TypeVar, overload

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    any_,
    bindparam,
    func,
    null,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.errors import ErrorCode, InvalidInput
from domain.shared.pages import Direction, Nulls, O, Page, PageRequest, Sort
from infra.db.arrays import texts
from infra.db.cursors import CursorColumn, decode_cursor, encode_cursor, scope_digest
from infra.db.read import AnyRow, AnySelect, ReadSession

T = TypeVar("T")
Build = Callable[[AnyRow], T]
Positions = tuple[int, ...]  # positions of the keys in a row
Nullness = tuple[bool, ...] | None  # which of a cursor's values are null; None without a cursor

MOST_KEYS = 5
DISTINCT_STATEMENTS = 512
_LIMIT, _PARENTS = "keyset_limit", "keyset_parents"


@dataclass(frozen=True, slots=True)
class _Key:
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

    def turned(self) -> "_Key":
        return replace(self, is_descending=not self.is_descending, is_null_first=not self.is_null_first)

    def order(self, column: ColumnElement[Any], *, is_pure: bool) -> ColumnElement[Any]:
        """ORDER BY expression. `is_pure`, all null or none: a NULLS clause would only hinder the index."""
        ordered = column.desc() if self.is_descending else column.asc()
        if is_pure or self.has_plain_nulls:
            return ordered
        return ordered.nulls_first() if self.is_null_first else ordered.nulls_last()


class Parts(NamedTuple):
    """Rows whose column has a value of the parameter, one index range each; the order alone would scan all rows."""

    column: InstrumentedAttribute[Any] | ColumnElement[Any]
    parameter: str


@dataclass(frozen=True, slots=True)
class _Range:
    """Rows that one index scan finds in order. The first `pure` keys are all null or never null in it."""

    conditions: tuple[ColumnElement[bool], ...]
    pure: int


class Keyset(Generic[O]):
    """The orders of one entity, built once. Columns of unknown nullability count as nullable."""

    def __init__(
        self,
        orders: type[O],
        columns: Mapping[O, InstrumentedAttribute[Any] | ColumnElement[Any]],
        *,
        id_column: InstrumentedAttribute[Any],
    ) -> None:
        if missing := [order.name for order in orders if order not in columns]:
            raise TypeError(f"{orders.__name__} has no column for {', '.join(missing)}.")
        self._fields = {order: CursorColumn.of(column) for order, column in columns.items()}
        self._id = CursorColumn.of(id_column)

    def plan(
        self, sort: Sequence[Sort[O]], request: PageRequest, *, default: int, scope: object, parents: Sequence[str]
    ) -> "KeysetPlan":
        """The plan for one page. Raises InvalidInput for cursors of other lists or parents.

        `scope` identifies list and filter by its repr. `parents` are the IDs of the entities above the list, or of the
        user for top-level lists.
        """
        sort = tuple(sort)
        keys, size = self._keys(sort), request.size(default)
        plan = KeysetPlan(keys=keys, about=(sort, scope), request=request, size=size, parents=parents)
        if request.cursor is None:
            return plan
        path = ("before",) if request.is_backward else ("after",)
        scopes = {plan.scope_of(parent) for parent in parents}
        return replace(plan, after=decode_cursor(request.cursor, [key.field for key in keys], scopes=scopes, path=path))

    def _keys(self, sort: tuple[Sort[O], ...]) -> tuple[_Key, ...]:
        if len({key.by for key in sort}) < len(sort):
            raise InvalidInput("Each sort key can be used only once.", path=("sort",))
        if len(sort) > MOST_KEYS:
            message = f"At most {MOST_KEYS} sort keys can be used."
            raise InvalidInput(message, path=("sort",), code=ErrorCode.LIMIT_EXCEEDED)
        keys = [_Key(self._fields[key.by], key.direction is Direction.DESC, key.nulls is Nulls.FIRST) for key in sort]
        return (*keys, _Key(self._id, bool(keys) and keys[-1].is_descending, is_null_first=False))


@dataclass(frozen=True, kw_only=True)
class KeysetPlan:
    """One order, and the requested page of it.

    `rows` selects the columns for `build` and filters, and is compiled once if it is built once, at import. `build`
    gets rows that start with these columns. `params` are values of parameters in `rows`.
    """

    keys: tuple[_Key, ...]
    about: tuple[object, ...]
    request: PageRequest
    size: int
    parents: Sequence[str]
    after: tuple[Any, ...] | None = None

    @cached_property
    def scope(self) -> str:
        """Digest of list, filter and order. Lazy, because most lists are read without a cursor."""
        return scope_digest(*self.about)

    def scope_of(self, parent: str) -> str:
        """Scope that binds a cursor to a list and its parent."""
        return scope_digest(self.scope, parent)

    async def page(
        self, reads: ReadSession, rows: AnySelect, build: Build[T], *, parts: Parts | None = None, **params: Any
    ) -> Page[T]:
        """The page of one list, in one statement; a requested total takes another."""
        query = self.one(rows, parts=parts)
        found = await reads.fetch(query.statement, **params, **self.params)
        total = (await reads.fetch(self.total(rows, parts=parts), **params))[0][0] if self.request.is_counted else None
        return self._page(self.parents[0], found, build, query.positions, total)

    async def pages(
        self,
        reads: ReadSession,
        rows: AnySelect,
        build: Build[T],
        *,
        parent: InstrumentedAttribute[str],
        **params: Any,
    ) -> list[Page[T]]:
        """The page of the list under each parent, in the order of parents, with totals, in one statement."""
        parents = self.parents
        query = self.per_parent(rows, parent=parent)
        params[_PARENTS] = list(dict.fromkeys(parents))
        under: dict[str, list[AnyRow]] = {parent_id: [] for parent_id in parents}
        totals: dict[str, int | None] = {}
        id_position = query.positions[-1]
        for row in await reads.fetch(query.statement, **params, **self.params):
            parent_id = row[-1]
            totals[parent_id] = row[-2]
            # A parent without items on this page has one row for its total.
            if row[id_position] is not None:
                under[parent_id].append(row)
        return [self._page(id_, under[id_], build, query.positions, totals.get(id_)) for id_ in parents]

    def one(self, rows: AnySelect, *, parts: Parts | None = None) -> "PageQuery":
        if parts is None:
            return _one(rows, self._reading_keys, self._nulls)
        return _of_parts(rows, self._reading_keys, self._nulls, parts)

    def total(self, rows: AnySelect, *, parts: Parts | None = None) -> AnySelect:
        return _count(rows, parts)

    def per_parent(self, rows: AnySelect, *, parent: InstrumentedAttribute[str]) -> "PageQuery":
        """Query for all parents. Its rows end with the total, null unless requested, and the parent's ID."""
        return _per_parent(rows, self._reading_keys, self._nulls, parent, self.request.is_counted)

    @property
    def params(self) -> dict[str, Any]:
        # One extra row shows whether there is another page.
        values = {_name(level): value for level, value in enumerate(self.after or ()) if value is not None}
        return values | {_LIMIT: self.size + 1}

    @property
    def _reading_keys(self) -> tuple[_Key, ...]:
        return tuple(key.turned() for key in self.keys) if self.request.is_backward else self.keys

    @property
    def _nulls(self) -> Nullness:
        return None if self.after is None else tuple(value is None for value in self.after)

    def _page(
        self,
        parent: str,
        rows: Sequence[AnyRow],
        build: Build[T],
        positions: Positions,
        total: int | None,
    ) -> Page[T]:
        # Rows on the other side of the cursor are assumed to exist: checking would cost a statement.
        has_more, has_cursor = len(rows) > self.size, self.after is not None
        is_backward = self.request.is_backward
        kept = rows[: self.size] if has_more else rows
        if is_backward:
            kept = kept[::-1]
        return Page(
            nodes=list(map(build, kept)),
            cursors=_Cursors(kept, positions, self, parent),
            has_next_page=has_cursor if is_backward else has_more,
            has_previous_page=has_more if is_backward else has_cursor,
            total_count=total,
        )


class PageQuery(NamedTuple):
    """A statement, and the positions of the keys in its rows."""

    statement: AnySelect
    positions: Positions


class _Cursors(Sequence[str]):
    """Cursors of a page, encoded on access, because most clients do not read them."""

    __slots__ = ("_parent", "_plan", "_positions", "_rows", "_scope")

    def __init__(self, rows: Sequence[AnyRow], positions: Positions, plan: KeysetPlan, parent: str) -> None:
        self._rows = rows
        self._positions = positions
        self._plan = plan
        self._parent = parent
        self._scope = ""

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._cursor(row) for row in self._rows[index]]
        return self._cursor(self._rows[index])

    def __iter__(self) -> Iterator[str]:
        return map(self._cursor, self._rows)

    def _cursor(self, row: AnyRow) -> str:
        self._scope = self._scope or self._plan.scope_of(self._parent)
        return encode_cursor([row[position] for position in self._positions], scope=self._scope)


def _list(rows: AnySelect, keys: tuple[_Key, ...], nulls: Nullness) -> PageQuery:
    rows, positions = _with_keys(rows, keys)
    ranges = [
        rows.where(*part.conditions)
        .order_by(*(key.order(key.column, is_pure=level < part.pure) for level, key in enumerate(keys)))
        .limit(_limit())
        for part in _ranges(keys, nulls)
    ]
    if len(ranges) == 1:
        return PageQuery(ranges[0], positions)
    merged = union_all(*ranges).subquery("page")
    return PageQuery(select(*merged.c).order_by(*_order(merged, keys, positions)).limit(_limit()), positions)


_one = lru_cache(DISTINCT_STATEMENTS)(_list)


@lru_cache(DISTINCT_STATEMENTS)
def _of_parts(rows: AnySelect, keys: tuple[_Key, ...], nulls: Nullness, parts: Parts) -> PageQuery:
    values = func.unnest(texts(parts.parameter)).table_valued("value").render_derived("part")
    statement, positions = _list(rows.where(parts.column == values.c.value).correlate(values), keys, nulls)
    page = statement.lateral("page")
    merged = select(*page.c).select_from(values.join(page, true()))
    return PageQuery(merged.order_by(*_order(page, keys, positions)).limit(_limit()), positions)


@lru_cache(DISTINCT_STATEMENTS)
def _per_parent(
    rows: AnySelect,
    keys: tuple[_Key, ...],
    nulls: Nullness,
    parent: InstrumentedAttribute[Any],
    is_counted: bool,
) -> PageQuery:
    ids = func.unnest(texts(_PARENTS))
    parents = ids.table_valued("id", with_ordinality="position").render_derived("parent")
    of_parent = rows.where(parent == parents.c.id).correlate(parents)
    statement, positions = _list(of_parent, keys, nulls)
    page = statement.lateral("page")
    if is_counted:
        counted = _total(of_parent).lateral("counted")
        total: ColumnElement[Any] = counted.c.total
        source = parents.join(counted, true()).outerjoin(page, true())
    else:
        total = null()
        source = parents.join(page, true())
    joined = select(*page.c, total, parents.c.id.label("keyset_parent")).select_from(source)
    return PageQuery(joined.order_by(parents.c.position, *_order(page, keys, positions)), positions)


def _total(rows: AnySelect) -> AnySelect:
    return rows.with_only_columns(func.count().label("total"), maintain_column_froms=True)


@lru_cache(DISTINCT_STATEMENTS)
def _count(rows: AnySelect, parts: Parts | None) -> AnySelect:
    if parts is None:
        return _total(rows)
    # A bare parameter, because PostgreSQL estimates rows only for values that it sees.
    return _total(rows.where(parts.column == any_(bindparam(parts.parameter, type_=ARRAY(Text)))))


def _with_keys(rows: AnySelect, keys: tuple[_Key, ...]) -> PageQuery:
    """The rows with all keys selected, missing ones after the other columns."""
    columns = list(rows.selected_columns)
    places = {column: place for place, column in enumerate(columns)}
    missing = [key.column for key in keys if key.column not in places]
    places |= {column: place for place, column in enumerate(missing, start=len(columns))}
    labeled = (column.label(f"keyset_{place}") for place, column in enumerate(missing))
    return PageQuery(rows.add_columns(*labeled), tuple(places[key.column] for key in keys))


def _ranges(keys: tuple[_Key, ...], nulls: Nullness) -> list[_Range]:
    """Ranges that together are exactly the rows after the cursor in reading direction; all rows without a cursor."""
    first = keys[0]
    if nulls is None:
        if first.has_plain_nulls:
            return [_Range((), 0)]
        return [_Range((first.column.is_not(None),), 1), _Range((first.column.is_(None),), 1)]
    ranges = []
    for start, end in _runs(keys, nulls):
        key, run = keys[start], range(start, end)
        equal = tuple(
            keys[level].column.is_(None) if nulls[level] else keys[level].column == _value(keys, level)
            for level in range(start)
        )
        if not nulls[start]:
            columns = tuple_(*(keys[level].column for level in run))
            values = tuple_(*(_value(keys, level) for level in run))
            ranges.append(_Range((*equal, columns < values if key.is_descending else columns > values), start + 1))
        if key.field.is_nullable and nulls[start] == key.is_null_first:
            beyond = key.column.is_not(None) if nulls[start] else key.column.is_(None)
            ranges.append(_Range((*equal, beyond), start + 1))
    return ranges


def _runs(keys: tuple[_Key, ...], nulls: tuple[bool, ...]) -> Iterator[tuple[int, int]]:
    """Neighboring keys that one row comparison covers: same direction, and nulls in the first key at most."""
    start = 0
    for level in range(1, len(keys)):
        key, before = keys[level], keys[level - 1]
        if key.field.is_nullable or key.is_descending != before.is_descending or nulls[level - 1]:
            yield start, level
            start = level
    yield start, len(keys)


def _order(page: FromClause, keys: tuple[_Key, ...], positions: Positions) -> list[ColumnElement[Any]]:
    columns = list(page.c)
    return [key.order(columns[place], is_pure=False) for key, place in zip(keys, positions, strict=True)]


def _value(keys: tuple[_Key, ...], level: int) -> ColumnElement[Any]:
    return bindparam(_name(level), type_=keys[level].column.type)


def _name(level: int) -> str:
    return f"keyset_{level}"


def _limit() -> ColumnElement[int]:
    # The limit is part of the text, because PostgreSQL keeps no generic plan for an unknown limit.
    return bindparam(_LIMIT, type_=Integer, literal_execute=True)
