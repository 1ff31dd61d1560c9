"""Keyset pagination: a page starts right after a row, so that the thousandth page costs as much as the first.

Statements are in `infra/db/keyset_statements.py`, the index ranges after a cursor in `infra/db/keyset_ranges.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.errors import ErrorCode, InvalidInput
from domain.shared.pages import Direction, Nulls, O, Page, PageRequest, Sort
from infra.db.cursors import CursorColumn, decode_cursor, scope_digest
from infra.db.keyset_fences import fenced_list
from infra.db.keyset_ranges import Key, Nullness, parameter
from infra.db.keyset_statements import (
    LIMIT,
    PARENT,
    PARENTS,
    Branches,
    PageQuery,
    Parent,
    Parts,
    list_of_parts,
    list_per_parent,
    one_list,
    under_one,
)
from infra.db.pages import Build, PageRows
from infra.db.read import AnyRow, AnySelect, ReadSession
from infra.db.totals import Sizes, take_totals

T = TypeVar("T")

MOST_KEYS = 5
DISTINCT_SORTS = 128  # sorts of one entity whose keys are remembered

Digest = Callable[..., str]


class Keyset(Generic[O]):
    """The orders of one entity, built once. Columns of unknown nullability count as nullable.

    Every sort is completed by `completed_by`, if given, and the ID, in the direction of its last key: so a sort with
    and one without that key share an index. Its column must not be nullable.
    """

    def __init__(
        self,
        orders: type[O],
        columns: Mapping[O, InstrumentedAttribute[Any] | ColumnElement[Any]],
        *,
        id_column: InstrumentedAttribute[Any],
        completed_by: O | None = None,
    ) -> None:
        if missing := [order.name for order in orders if order not in columns]:
            raise TypeError(f"{orders.__name__} has no column for {', '.join(missing)}.")
        self._fields = {order: CursorColumn.of(column) for order, column in columns.items()}
        self._id = CursorColumn.of(id_column)
        self._completed_by = completed_by
        self._keys = lru_cache(DISTINCT_SORTS)(self._checked_keys)

    def plan(
        self,
        sort: Sequence[Sort[O]],
        request: PageRequest,
        *,
        default: int,
        scope: object,
        parents: Sequence[str],
        digest: Digest = scope_digest,
    ) -> "KeysetPlan":
        """The plan for one page. Raises InvalidInput for cursors of other lists or parents.

        `scope` identifies list and filter by its repr, of which `digest` makes a short one. `parents` are the IDs of
        the entities above the list, or of the user for top-level lists.
        """
        sort = tuple(sort)
        keys, size = self._keys(sort), request.size(default)
        own_digest = partial(digest, sort, scope)
        plan = KeysetPlan(keys=keys, digest=own_digest, request=request, size=size, parents=parents)
        if request.cursor is None:
            return plan
        path = ("before",) if request.is_backward else ("after",)
        scopes = {plan.scope_of(parent) for parent in parents}
        return replace(plan, after=decode_cursor(request.cursor, [key.field for key in keys], scopes=scopes, path=path))

    def _checked_keys(self, sort: tuple[Sort[O], ...]) -> tuple[Key, ...]:
        if len({key.by for key in sort}) < len(sort):
            raise InvalidInput("Each sort key can be used only once.", path=("sort",))
        if len(sort) > MOST_KEYS:
            message = f"At most {MOST_KEYS} sort keys can be used."
            raise InvalidInput(message, path=("sort",), code=ErrorCode.LIMIT_EXCEEDED)
        keys = [Key(self._fields[key.by], key.direction is Direction.DESC, key.nulls is Nulls.FIRST) for key in sort]
        is_descending = bool(keys) and keys[-1].is_descending
        last = [self._id]
        if self._completed_by is not None and all(key.by is not self._completed_by for key in sort):
            last.insert(0, self._fields[self._completed_by])
        return (*keys, *(Key(field, is_descending, is_null_first=False) for field in last))


@dataclass(frozen=True, kw_only=True)
class KeysetPlan:
    """One order, and the requested page of it.

    `rows` selects the columns for `build` and filters, and is compiled once if it is built once, at import. `build`
    gets rows that start with these columns. `params` are values of parameters in `rows`.
    """

    keys: tuple[Key, ...]
    digest: Callable[[], str]  # of list, filter and order
    request: PageRequest
    size: int
    parents: Sequence[str]
    after: tuple[Any, ...] | None = None

    @cached_property
    def scope(self) -> str:
        """Digest of list, filter and order. Lazy, because most lists are read without a cursor."""
        return self.digest()

    def scope_of(self, parent: str) -> str:
        """Scope that binds a cursor to a list and its parent."""
        return scope_digest(self.scope, parent)

    async def page(
        self,
        reads: ReadSession,
        rows: AnySelect,
        build: Build[T],
        *,
        branches: Branches = (),
        parts: Parts | None = None,
        sizes: Sizes | None = None,
        **params: Any,
    ) -> Page[T]:
        """The page of one list, in one statement; the total of a list that goes on takes another."""
        found = await self.found(reads, rows, params, branches=branches, parts=parts, sizes=sizes)
        return found.of_entities(build)[0]

    async def found(
        self,
        reads: ReadSession,
        rows: AnySelect,
        params: Mapping[str, Any],
        *,
        branches: Branches = (),
        parts: Parts | None = None,
        sizes: Sizes | None = None,
        totals: Sequence[int] | None = None,
    ) -> PageRows:
        """The rows of `page`; `totals` has the size of the list, if it is known."""
        query = self.one(rows, branches=branches, parts=parts)
        page = self.page_of(query, await reads.fetch(query.statement, **params, **self.params), totals)
        if totals is None:
            await take_totals(reads, page, rows, parts=parts, parent=None, params=params, sizes=sizes)
        return page

    async def pages(
        self,
        reads: ReadSession,
        rows: AnySelect,
        build: Build[T],
        *,
        parent: Parent,
        branches: Branches = (),
        sizes: Sizes | None = None,
        totals: Sequence[int] | None = None,
        **params: Any,
    ) -> list[Page[T]]:
        """The page of the list under each parent, in the order of parents, in one statement.

        The totals of lists that go on take another, unless they are given in the order of parents.
        """
        found = await self.all_found(reads, rows, params, parent=parent, branches=branches, sizes=sizes, totals=totals)
        return found.of_entities(build)

    async def all_found(
        self,
        reads: ReadSession,
        rows: AnySelect,
        params: Mapping[str, Any],
        *,
        parent: Parent,
        branches: Branches = (),
        sizes: Sizes | None = None,
        totals: Sequence[int] | None = None,
    ) -> PageRows:
        """The rows of `pages`."""
        if len(self.parents) == 1 and not isinstance(parent, tuple):
            # One list takes PostgreSQL a third of the time of a LATERAL join with one parent.
            own, under = under_one(rows, parent), {**params, PARENT: self.parents[0]}
            return await self.found(reads, own, under, branches=branches, sizes=sizes, totals=totals)
        query = self.per_parent(rows, parent=parent, branches=branches)
        under = {**params, PARENTS: list(dict.fromkeys(self.parents))}
        pages = self.pages_of(query, await reads.fetch(query.statement, **under, **self.params), totals)
        if totals is None:
            await take_totals(reads, pages, rows, parts=None, parent=parent, params=params, sizes=sizes)
        return pages

    def page_of(self, query: PageQuery, rows: Sequence[AnyRow], totals: Sequence[int] | None = None) -> PageRows:
        """The page of one list, from the rows of its query."""
        return PageRows.of_one(self, rows, query.positions, totals)

    def pages_of(self, query: PageQuery, rows: Sequence[AnyRow], totals: Sequence[int] | None = None) -> PageRows:
        """The page under each parent, from the rows of the query for all parents."""
        return PageRows.of_all(self, rows, query.positions, totals)

    def one(self, rows: AnySelect, *, branches: Branches = (), parts: Parts | None = None) -> PageQuery:
        if parts is None:
            return one_list(rows, self._reading_keys, self._nulls, branches)
        return list_of_parts(rows, self._reading_keys, self._nulls, branches, parts)

    def per_parent(self, rows: AnySelect, *, parent: Parent, branches: Branches = ()) -> PageQuery:
        """Query for all parents. Its rows end with the parent's ID."""
        return list_per_parent(rows, self._reading_keys, self._nulls, branches, parent)

    def fenced(
        self, rows: AnySelect, *, parts: Parts | None, parent: InstrumentedAttribute[str] | None, most: int
    ) -> PageQuery:
        """Query that sorts at most that many rows; see `fenced_list`."""
        is_single = parent is None or len(set(self.parents)) == 1
        return fenced_list(rows, self._reading_keys, self._nulls, parts, parent, most, is_single=is_single)

    @property
    def params(self) -> dict[str, Any]:
        # One extra row shows whether there is another page.
        values = {parameter(level): value for level, value in enumerate(self.after or ()) if value is not None}
        return values | {LIMIT: self.size + 1}

    @property
    def _reading_keys(self) -> tuple[Key, ...]:
        return tuple(key.turned() for key in self.keys) if self.request.is_backward else self.keys

    @property
    def _nulls(self) -> Nullness:
        return None if self.after is None else tuple(value is None for value in self.after)
