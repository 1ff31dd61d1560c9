"""The read side of one table: entities by ID, and lists of them under a parent."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from time import monotonic
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.actor import Actor
from domain.shared.filters import has_conditions
from domain.shared.pages import DEFAULT, MOST_SORTED, MOST_SORTED_IN_INDEX, O, Page, PageRequest, Sort
from domain.shared.projections import Projection
from infra.db.arrays import among
from infra.db.base import Base
from infra.db.cursors import remembered_digest, scope_digest
from infra.db.entities import builder_of, columns_of
from infra.db.filtered import SECONDS, FilteredRead, FilteredRows, FilterTooBroad, Remembered
from infra.db.filters import Filters
from infra.db.keyset import Keyset, KeysetPlan
from infra.db.keyset_statements import PARENTS, Branches, Parts
from infra.db.list_limits import IndexedOrders, holds_at_most
from infra.db.list_sizes import SizedList
from infra.db.lookups import FrequentSearches, looked_up
from infra.db.pages import PageColumns, PageRows, page_columns
from infra.db.parents import Identified, ids_by_workspace, ids_of
from infra.db.projected import NamedColumns
from infra.db.read import AnySelect, ReadSession
from infra.db.rows_by_ids import RowsByIds
from infra.db.totals import Sizes
from infra.db.visibility import GuestRule, guest_visibility_in, in_workspace

E = TypeVar("E")

DISTINCT_FILTERS = 128


def among_ids(column: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return among(column, "ids")


@lru_cache(DISTINCT_FILTERS)
def _filtered(rows: AnySelect, filters: Filters, filter: Any) -> FilteredRows:
    """The rows that match."""
    found = rows.where(filters.where(filter))
    by_row = filters.by_row(filter)
    if by_row == filter:
        return FilteredRows(found, found, found)
    counted = filters.by_row(filter, is_counted=True)
    table = filters.table
    return FilteredRows(found, rows.where(filters.match(by_row, table)), rows.where(filters.match(counted, table)))


@lru_cache(DISTINCT_FILTERS)
def _is_bounded(filters: Filters, filter: Any, narrowing: tuple[str, ...]) -> bool:
    return filters.is_bounded(filter, narrowing)


class ReaderFilters(NamedTuple):
    """Filters of a list, for members and for guests, who see fewer fields."""

    of_members: Filters
    of_guests: Filters


class EntityTable(Generic[E, O]):
    """Columns, orders, filters and visibility of one kind of entity, built once at import.

    `guests` is the visibility rule for guests, who see all rows of their workspaces without one. `guest_filters`
    replaces `filters` for guests if guests see fewer fields. `indexed` has the orders with an index by the field of the
    list's parent; lists under other parents are short enough for any order. `covered` has the parents of lists whose
    index has all sort keys. `narrowing` are fields of the filter that select few rows by an index.
    """

    def __init__(
        self,
        table: type[Base],
        entity: type[E],
        *,
        orders: type[O],
        columns: dict[O, InstrumentedAttribute[Any]],
        filters: Filters,
        visible_by: InstrumentedAttribute[Any],
        guests: GuestRule | None = None,
        guest_filters: Filters | None = None,
        completed_by: O | None = None,
        indexed: Mapping[str, Sequence[tuple[O, ...]]] = MappingProxyType({}),
        covered: Collection[str] = (),
        narrowing: tuple[str, ...] = (),
    ) -> None:
        self.build: Callable[[Sequence[Any]], E] = builder_of(entity)
        self.id: InstrumentedAttribute[str] = table.id  # type: ignore[attr-defined]  # every entity's table has one
        self.select: AnySelect = select(*columns_of(table, entity))
        self.entity = entity
        self.columns = NamedColumns.of(table, entity)
        self.workspace = visible_by
        self.guests = guests
        self._by_ids = RowsByIds(self.select, self.id, visible_by, guests)
        self.keyset = Keyset(orders, columns, id_column=self.id, completed_by=completed_by)
        self.indexed = {
            parent: IndexedOrders(each, completed_by) for parent, each in indexed.items() if completed_by is not None
        }
        self.covered = covered
        self.narrowing = narrowing
        self.filters = ReaderFilters(filters, guest_filters or filters)

    async def by_ids(
        self, reads: ReadSession, actor: Actor, ids: Sequence[str], projection: Projection = None
    ) -> Mapping[str, E]:
        """The entities that the actor may see, by ID; with a projection, as rows."""
        if projection is not None:
            return await self._by_ids.fetch_keyed(reads, actor, ids, self.columns, projection)
        return {row[0]: self.build(row) for row in await self._by_ids.fetch(reads, actor, ids)}

    def children_of(
        self,
        parent: InstrumentedAttribute[Any],
        *conditions: ColumnElement[bool],
        name: str,
        default: int,
        branches: Branches = (),
        sized: SizedList | None = None,
        filters: ReaderFilters | None = None,
    ) -> "EntityList[E, O]":
        """The list of entities with that parent and conditions; `name` keeps its cursors apart from other lists.

        `branches` divide the rows into those of separate index ranges. `sized` tells which stored sizes are those of
        the list. `filters` replace those of the table.
        """
        rows = self.select.where(*conditions)
        own = filters or self.filters
        return EntityList(self, parent, rows, name, default, own, branches if len(branches) > 1 else (), sized)


class EntityList(Generic[E, O]):
    """One list under parents of one kind, built once at import so that its statement is compiled once."""

    def __init__(
        self,
        entities: EntityTable[E, O],
        parent: InstrumentedAttribute[Any],
        rows: AnySelect,
        name: str,
        default: int,
        filters: ReaderFilters,
        branches: Branches = (),
        sized: SizedList | None = None,
    ) -> None:
        self._entities = entities
        self._filters = filters
        self._parent = parent
        self._is_of_workspace = parent.key == "workspace_id"
        self._rows = rows = rows.where(in_workspace(entities.workspace))
        self._own_rows = rows if self._is_of_workspace else rows.where(parent == bindparam("parent_id"))
        guests = entities.guests
        self._rows_of_guests = None if guests is None else rows.where(guests.within)
        self._own_rows_of_guests = None if guests is None else self._own_rows.where(guests.within)
        area_id = guests.area_id if guests is not None and self._is_of_workspace else None
        self._areas = None if area_id is None else Parts(area_id, "parent_areas")
        self._branches = branches
        self._sized = sized
        self._indexed = entities.indexed.get(parent.key)
        self._remembered = Remembered()
        self._frequent = FrequentSearches()
        self._name = name
        self._default = default

    async def pages(
        self,
        reads: ReadSession,
        actor: Actor,
        parents: Sequence[Identified],
        *,
        filter: Any,
        sort: Sequence[Sort[O]],
        request: PageRequest,
        counts: Sequence[int] | None = None,
    ) -> Sequence[Page[E]]:
        """One page of the visible entities under each parent, in the order of parents.

        The parents are not checked again, because actors only get parents that they may see. `counts` are the sizes of
        the lists without a filter, in the same order, if they are known.
        """
        columns = None if request.projection is None else page_columns(request.projection)
        found = await self._found(reads, actor, parents, columns, filter, sort, request, counts)
        # Rows have the attributes of pages that the request names.
        return found.of_entities(self._entities.build) if columns is None else found.of_rows(columns)

    async def _found(
        self,
        reads: ReadSession,
        actor: Actor,
        parents: Sequence[Identified],
        columns: PageColumns | None,
        filter: Any,
        sort: Sequence[Sort[O]],
        request: PageRequest,
        counts: Sequence[int] | None,
    ) -> PageRows:
        ids, scope = ids_of(parents), (self._name, filter)
        # Equal filters can differ in their repr, such as by the time zone of an instant.
        digest = scope_digest if has_conditions(filter) else remembered_digest
        plan = self._entities.keyset.plan(sort, request, default=self._default, scope=scope, parents=ids, digest=digest)
        groups = ids_by_workspace(parents, ids)
        if len(groups) == 1:
            return await self._pages(reads, actor, next(iter(groups)), plan, columns, filter, sort, counts)
        found, count_of = [], dict(zip(ids, counts or (), strict=False))
        for workspace_id, own_ids in groups.items():
            part = replace(plan, parents=own_ids)
            own_counts = counts and [count_of[each] for each in own_ids]
            found.append(await self._pages(reads, actor, workspace_id, part, columns, filter, sort, own_counts))
        return PageRows.joined(plan, found)

    async def _pages(
        self,
        reads: ReadSession,
        actor: Actor,
        workspace_id: str,
        plan: KeysetPlan,
        columns: PageColumns | None,
        filter: Any,
        sort: Sequence[Sort[O]],
        counts: Sequence[int] | None,
    ) -> PageRows:
        """The pages under parents of one workspace."""
        await actor.reach_workspaces((workspace_id,))
        # Lists at the root are the busiest ones, and a single parent needs no LATERAL join.
        is_single = self._default == DEFAULT and len(plan.parents) == 1
        seen = self._seen_by(actor, workspace_id, is_single=is_single)
        if columns is not None:
            seen = seen._replace(rows=self._entities.columns.select(seen.rows, columns.names))
        seen.params["workspace_id"] = workspace_id
        if is_single:
            seen.params["parent_id"] = plan.parents[0]
        if has_conditions(filter) or not self._is_indexed(sort):
            return await self._bounded_pages(reads, actor, workspace_id, plan, seen, filter, sort)
        further: dict[str, Any] = {"branches": self._branches, "sizes": self._sizes(reads, actor, workspace_id)}
        if is_single:
            return await plan.found(reads, seen.rows, seen.params, parts=seen.parts, **further)
        return await plan.all_found(reads, seen.rows, seen.params, parent=self._parent, totals=counts, **further)

    async def _bounded_pages(
        self,
        reads: ReadSession,
        actor: Actor,
        workspace_id: str,
        plan: KeysetPlan,
        seen: "_Seen",
        filter: Any,
        sort: Sequence[Sort[O]],
    ) -> PageRows:
        """The pages of lists that have a filter, or no index for the order."""
        sizes = self._sizes(reads, actor, workspace_id)
        by_ids, rows = filter, FilteredRows(seen.rows, seen.rows, seen.rows)
        is_filtered = has_conditions(filter)
        if is_filtered:
            await self._require_bounded(reads, plan, seen, filter, sizes)
            about: dict[str, Any] = {"actor": actor, "workspace_id": workspace_id, "lists": len(plan.parents)}
            by_ids = await looked_up(reads, seen.filters, filter, frequent=self._frequent, **about)
            rows, sizes = _filtered(seen.rows, seen.filters, by_ids), None
        read = self._bounded_read(reads, plan, seen, rows, by_ids)
        pages = await self._chosen_pages(read, sort, sizes, is_filtered=is_filtered)
        return await read.counted(pages, sizes, self._remembered)

    def _sizes(self, reads: ReadSession, actor: Actor, workspace_id: str) -> Sizes | None:
        """Stored sizes of the lists that the actor sees without a filter; None if they are not stored."""
        sized, areas = self._sized, None
        if sized is None:
            return None
        if actor.is_guest_in(workspace_id):
            areas = sorted(actor.areas.get(workspace_id, ())) if self._areas is not None else None
            if areas is None and not sized.is_whole_for_guests:
                return None
        return partial(sized.sizes, reads, workspace_id, areas)

    def _bounded_read(
        self,
        reads: ReadSession,
        plan: KeysetPlan,
        seen: "_Seen",
        rows: FilteredRows,
        filter: Any,
    ) -> FilteredRead:
        return FilteredRead(
            reads=reads,
            plan=plan,
            rows=rows,
            branches=self._branches,
            parts=seen.parts,
            parent=None if seen.is_single else self._parent,
            params=seen.params,
            most=MOST_SORTED_IN_INDEX if self._parent.key in self._entities.covered else MOST_SORTED,
            filter=filter,
            narrowing=self._entities.narrowing,
        )

    async def _require_bounded(
        self, reads: ReadSession, plan: KeysetPlan, seen: "_Seen", filter: Any, sizes: Sizes | None
    ) -> None:
        """Raises FilterTooBroad if the filter compares each item of a long list with a text that no index finds."""
        entities = self._entities
        if _is_bounded(seen.filters, filter, entities.narrowing):
            return
        if sizes is not None:
            is_short = sum((await sizes(plan.parents)).values()) <= MOST_SORTED
        else:
            under = seen.params if seen.is_single else {**seen.params, PARENTS: plan.parents}
            parent = None if seen.is_single else self._parent
            is_short = await holds_at_most(reads, MOST_SORTED, seen.rows, parts=seen.parts, parent=parent, **under)
        if not is_short:
            raise FilterTooBroad(filter, entities.narrowing)

    def _is_indexed(self, sort: Sequence[Sort[O]]) -> bool:
        return self._indexed is None or self._indexed.include(sort)

    async def _chosen_pages(
        self, read: FilteredRead, sort: Sequence[Sort[O]], sizes: Sizes | None, *, is_filtered: bool
    ) -> PageRows:
        """Pages of a list that has a filter, or no index for the order."""
        if self._indexed is None or self._indexed.include(sort):
            return await read.pages(self._remembered, tuple(sort))
        return await self._sorted_pages(read, sort, sizes, is_filtered=is_filtered, end=monotonic() + SECONDS)

    async def _sorted_pages(
        self, read: FilteredRead, sort: Sequence[Sort[O]], sizes: Sizes | None, *, is_filtered: bool, end: float
    ) -> PageRows:
        """Pages in an order without an index. Lists that are too long only together are sorted in parts until `end`."""
        is_small = is_filtered or await read.holds_at_most(sizes)
        pages = await read.sorted_pages(self._remembered, tuple(sort)) if is_small else None
        if pages is not None:
            return pages
        if len(read.plan.parents) == 1 or monotonic() > end:
            assert self._indexed is not None
            raise self._indexed.refusal(read.most)
        parts = [await self._sorted_pages(part, sort, sizes, is_filtered=is_filtered, end=end) for part in read.halves]
        return PageRows.joined(read.plan, parts)

    def _seen_by(self, actor: Actor, workspace_id: str, *, is_single: bool) -> "_Seen":
        """Rows that the actor sees under one parent, or under any parent of the workspace."""
        rows, guest_rows = (
            (self._own_rows, self._own_rows_of_guests) if is_single else (self._rows, self._rows_of_guests)
        )
        if guest_rows is None or not actor.is_guest_in(workspace_id):
            return _Seen(rows, self._filters.of_members, {}, None)
        params = guest_visibility_in(actor, workspace_id)
        if self._areas is None or not is_single:
            return _Seen(guest_rows, self._filters.of_guests, params, None)
        params[self._areas.parameter] = params["guest_areas"]
        return _Seen(rows, self._filters.of_guests, params, self._areas)


class _Seen(NamedTuple):
    """Rows that an actor sees, with the filters and parameters for them."""

    rows: AnySelect
    filters: Filters
    params: dict[str, Any]
    parts: Parts | None

    @property
    def is_single(self) -> bool:
        """Whether the rows are those under one parent."""
        return "parent_id" in self.params
