"""The pages of one list under several parents, as slices of the rows of one statement."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar, overload

from domain.shared.pages import MOST_COUNTED, Page, PageRequest
from domain.shared.projections import Names, below, in_order
from infra.db.cursors import encode_cursor
from infra.db.rows import NO_ROWS, ListsOfRows, Rows
from infra.db.statements import Row

T = TypeVar("T")
Build = Callable[[Row], T]

NODES, EDGES = "nodes", "edges"
DISTINCT_PROJECTIONS = 1024


class PagePlan(Protocol):
    """The requested page of a list, under each of the parents."""

    @property
    def request(self) -> PageRequest: ...
    @property
    def size(self) -> int: ...
    @property
    def parents(self) -> Sequence[str]: ...
    @property
    def after(self) -> tuple[Any, ...] | None:
        """Sort values of the cursor, if there is one."""
        ...

    def scope_of(self, parent: str) -> str:
        """Scope of the cursors of the list under that parent."""
        ...


class PageColumns:
    """Columns of the items, and values of the pages, for a projection of pages.

    `names` are the attributes of the items, first those of `nodes`, in the order of their columns in the statement.
    """

    __slots__ = ("edges", "has_cursors", "names", "nodes", "of_page", "places")

    def __init__(self, projection: Names) -> None:
        self.of_page = in_order(projection, (NODES, EDGES))
        self.nodes = in_order(below(projection, NODES))
        self.edges = in_order(below(projection, EDGES))
        self.has_cursors = "cursor" in self.edges
        of_edges = in_order(below(below(projection, EDGES), "node"))
        self.names = (*self.nodes, *(name for name in of_edges if name not in self.nodes))
        # Edges have records of their own, unless these are the same as those of the nodes.
        is_same = not self.has_cursors and self.names[: len(of_edges)] == of_edges
        self.places = None if is_same else tuple(self.names.index(name) for name in of_edges)


page_columns = lru_cache(DISTINCT_PROJECTIONS)(PageColumns)


class PageRows:
    """One page of a list under each of `plan.parents`; `slices[i]`, `totals[i]` and so on belong to parent i.

    `totals` are None unless the request asked for them; without `are_exact`, lists have at least that many items.
    """

    __slots__ = ("are_exact", "go_on", "plan", "positions", "rows", "slices", "totals")

    def __init__(
        self,
        plan: PagePlan,
        rows: Sequence[Row],
        positions: tuple[int, ...],
        slices: list[slice],
        go_on: list[bool],
    ) -> None:
        self.plan = plan
        self.rows = rows
        self.positions = positions
        self.slices = slices
        self.go_on = go_on
        self.totals: list[int | None] = [None] * len(slices)
        self.are_exact = [True] * len(slices)

    @classmethod
    def of_one(
        cls, plan: PagePlan, rows: Sequence[Row], positions: tuple[int, ...], totals: Sequence[int] | None
    ) -> "PageRows":
        """The page of one list, from the rows of its statement: one more than the page has, if the list goes on.

        `totals` has the size of the list, if it is known.
        """
        goes_on = len(rows) > plan.size
        kept = rows[: plan.size] if goes_on else rows
        if plan.request.is_backward:
            kept = kept[::-1]
        pages = cls(plan, kept, positions, [slice(0, len(kept))], [goes_on])
        pages._take_totals(totals)
        return pages

    @classmethod
    def of_all(
        cls, plan: PagePlan, rows: Sequence[Row], positions: tuple[int, ...], totals: Sequence[int] | None
    ) -> "PageRows":
        """The page under each parent, from the rows of the statement for all of them, which end with the parent's ID.

        `totals` are the sizes of the lists in the order of the plan's parents, if they are known.
        """
        kept, pages_of, longer = _cut(rows, plan.size)
        if plan.request.is_backward:
            for own in pages_of.values():
                kept[own] = kept[own][::-1]
        slices = [pages_of.get(parent, NO_ROWS) for parent in plan.parents]
        pages = cls(plan, kept, positions, slices, [parent in longer for parent in plan.parents])
        pages._take_totals(totals)
        return pages

    @classmethod
    def joined(cls, plan: PagePlan, parts: Sequence["PageRows"]) -> "PageRows":
        """The pages of several reads of one list, in the order of the plan's parents."""
        kept, places = list[Row](), dict[str, tuple[slice, PageRows, int]]()
        for part in parts:
            start = len(kept)
            kept += part.rows
            for place, (parent, own) in enumerate(zip(part.plan.parents, part.slices, strict=True)):
                places[parent] = slice(own.start + start, own.stop + start), part, place
        found = [places[parent] for parent in plan.parents]
        positions = parts[0].positions if parts else ()
        pages = cls(plan, kept, positions, [own for own, *_ in found], [part.go_on[at] for _, part, at in found])
        pages.totals = [part.totals[at] for _, part, at in found]
        pages.are_exact = [part.are_exact[at] for _, part, at in found]
        return pages

    def _take_totals(self, totals: Sequence[int] | None) -> None:
        """Takes the sizes of the lists, or without them the numbers of known items.

        These are the totals of pages that are the whole list, and lower bounds otherwise.
        """
        if not self.plan.request.is_counted:
            return
        if totals is not None:
            self.totals = list(totals)
            return
        has_cursor = self.plan.after is not None
        for place, (own, goes_on) in enumerate(zip(self.slices, self.go_on, strict=True)):
            self.totals[place] = own.stop - own.start + goes_on
            self.are_exact[place] = not (goes_on or has_cursor)

    def __len__(self) -> int:
        return len(self.slices)

    def count(self, place: int, number: int) -> None:
        """Takes the number of items of that list, which is cut at `MOST_COUNTED`."""
        self.totals[place], self.are_exact[place] = counted(number)

    def of_entities(self, build: Build[T]) -> list[Page[T]]:
        before, after = self._ends()
        return [
            Page(
                nodes=list(map(build, self.rows[own])),
                cursors=_Cursors(self, place),
                has_next_page=after[place],
                has_previous_page=before[place],
                total_count=self.totals[place],
                total_count_is_exact=self.are_exact[place],
            )
            for place, own in enumerate(self.slices)
        ]

    def of_rows(self, columns: PageColumns) -> Rows:
        """The pages as rows, from a statement that begins with `columns.names`."""
        nodes = ListsOfRows(Rows(columns.nodes, self.rows), self.slices)
        edges = nodes if columns.places is None else ListsOfRows(self._edges(columns), self.slices)
        if not columns.of_page:
            return Rows((), [()] * len(self), {NODES: nodes, EDGES: edges})
        before, after = self._ends()
        values: dict[str, Callable[[], Sequence[Any]]] = {
            "total_count": lambda: self.totals,
            "total_count_is_exact": lambda: self.are_exact,
            "page_info.has_next_page": lambda: after,
            "page_info.has_previous_page": lambda: before,
            "page_info.start_cursor": lambda: [self._cursor_at(place, 0) for place in range(len(self))],
            "page_info.end_cursor": lambda: [self._cursor_at(place, -1) for place in range(len(self))],
        }
        of_page = list(zip(*(values[name]() for name in columns.of_page), strict=True))
        return Rows(columns.of_page, of_page, {NODES: nodes, EDGES: edges})

    def _edges(self, columns: PageColumns) -> Rows:
        places = columns.places or ()
        records = [tuple([row[place] for place in places]) for row in self.rows]
        if columns.has_cursors:
            cursors: list[str | None] = [None] * len(records)
            for page, own in enumerate(self.slices):
                cursors[own] = self.cursors(page, self.rows[own])
            records = [(cursor, *record) for cursor, record in zip(cursors, records, strict=True)]
        return Rows(columns.edges, records)

    def _ends(self) -> tuple[list[bool], list[bool]]:
        """Whether lists have items before their page, and after it.

        Items on the other side of the cursor are assumed to exist: checking would cost a statement.
        """
        behind = [self.plan.after is not None] * len(self)
        return (self.go_on, behind) if self.plan.request.is_backward else (behind, self.go_on)

    def _cursor_at(self, place: int, index: int) -> str | None:
        own = self.slices[place]
        if own.start == own.stop:
            return None
        row = self.rows[own.start if index == 0 else own.stop - 1]
        return self.cursors(place, [row])[0]

    def rows_of(self, place: int) -> Sequence[Row]:
        return self.rows[self.slices[place]]

    def cursors(self, place: int, rows: Sequence[Row]) -> list[str]:
        """Cursors of rows of the list under that parent."""
        scope = self.plan.scope_of(self.plan.parents[place])
        return [encode_cursor([row[position] for position in self.positions], scope=scope) for row in rows]


def _cut(rows: Sequence[Row], size: int) -> tuple[list[Row], dict[str, slice], set[str]]:
    """The rows without those after the page of each parent, the slices of the pages, and the parents of such rows.

    Rows of a parent are neighbors, end with its ID, and are at most `size` + 1. So one look behind a page tells whether
    it is full, instead of a look at each row.
    """
    kept, pages_of, longer = list(rows), dict[str, slice](), set[str]()
    start, most = 0, len(kept)
    while start < most:
        parent, end = kept[start][-1], start + size
        if end < most and kept[end][-1] == parent:
            longer.add(parent)
            del kept[end]
            most -= 1
        else:
            end = start + 1
            while end < most and kept[end][-1] == parent:
                end += 1
        pages_of[parent] = slice(start, end)
        start = end
    return kept, pages_of, longer


def counted(number: int) -> tuple[int, bool]:
    """The total of a list with that number of items, and whether it is exact: it is cut at `MOST_COUNTED`."""
    return min(number, MOST_COUNTED), number <= MOST_COUNTED


class _Cursors(Sequence[str]):
    """Cursors of a page, encoded on access, because most clients do not read them."""

    __slots__ = ("_pages", "_place")

    def __init__(self, pages: PageRows, place: int) -> None:
        self._pages = pages
        self._place = place

    def __len__(self) -> int:
        return len(self._pages.rows_of(self._place))

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        rows = self._pages.rows_of(self._place)
        if isinstance(index, slice):
            return self._pages.cursors(self._place, rows[index])
        return self._pages.cursors(self._place, [rows[index]])[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pages.cursors(self._place, self._pages.rows_of(self._place)))
