"""Pages of lists with a filter: the forms of their statement, and the refusal of filters that no form answers in time.

The plain form walks the index of the order until the page is full, which is best for filters that many rows match. The
fenced form finds all rows of the filter and sorts them. Which one is faster depends on the values, so the plain form
gets a short time first, and a list remembers the shapes of filters for which it was too slow. The work of the fenced
form can be estimated: most of it is independent of the number of matches.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, is_dataclass, replace
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.errors import ErrorCode, LimitExceeded
from domain.shared.filters import operands_of
from infra.db.filter_values import FoundIds
from infra.db.keyset import KeysetPlan
from infra.db.keyset_statements import PARENTS, Branches, PageQuery, Parts, count, count_per_parent
from infra.db.list_limits import holds_at_most
from infra.db.pages import PageRows
from infra.db.read import AnyRow, AnySelect, ReadSession
from infra.db.totals import Sizes, take_totals, unknown

FIRST_SECONDS = 0.04
SECONDS = 0.9  # for all attempts together
LAST_SECONDS = 0.15  # of the plain form, if the fenced one costs too much: the machine may only be busy
QUICK_SECONDS = 0.1  # a fenced form that takes longer does not save much by leaving out the plain one
MOST_COST = 100_000.0  # of PostgreSQL's estimate for the fenced form: about a scan of 700,000 issues
SIMILAR = 0.5  # of the cost of a refused filter: another one of its shape that costs less is tried
REFUSED_SECONDS = 600.0  # for which a refusal is remembered: the machine may have been busy
MOST_REMEMBERED = 256  # shapes for each list


class FilterTooBroad(LimitExceeded):
    """No form of the statement has answered in time."""

    def __init__(self, filter: Any, narrowing: Sequence[str]) -> None:
        has = operands_of(filter)
        field = next((each for each in narrowing if each not in has), None)
        more = "more conditions" if field is None else "a condition on {other}"
        super().__init__(
            f"This filter takes too long for so many items. Add {more}.",
            path=("filter",),
            code=ErrorCode.FILTER_TOO_BROAD,
            **({} if field is None else {"other": field}),
        )


class TooManyMatches(Exception):
    """More rows match than can be sorted."""


class Remembered:
    """Experience of one list with shapes of filters, the most recently used ones last.

    It contains the shapes that were faster with the fenced form.
    """

    def __init__(self) -> None:
        self._quick: OrderedDict[Hashable, None] = OrderedDict()
        self._refused: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __contains__(self, shape: Hashable) -> bool:
        if shape not in self._quick:
            return False
        self._quick.move_to_end(shape)
        return True

    def add(self, shape: Hashable) -> None:
        _note(self._quick, shape, None)

    def __len__(self) -> int:
        return len(self._quick)

    def discard(self, shape: Hashable) -> None:
        self._quick.pop(shape, None)

    def refuse(self, shape: Hashable, cost: float) -> None:
        """Notes that a filter of the shape was not answered in time, and the estimated cost of its fenced form."""
        self.discard(shape)
        if not self.is_refused(shape):
            _note(self._refused, shape, (cost * SIMILAR, monotonic() + REFUSED_SECONDS))

    def is_refused(self, shape: Hashable) -> bool:
        """Whether a filter of the shape was refused lately."""
        return shape in self._refused and monotonic() < self._refused[shape][1]

    def most_cost(self, shape: Hashable) -> float:
        """The estimated cost up to which the fenced form is tried."""
        return min(self._refused[shape][0], MOST_COST) if self.is_refused(shape) else MOST_COST


V = TypeVar("V")


def _note(known: OrderedDict[Hashable, V], shape: Hashable, value: V) -> None:
    known[shape] = value
    known.move_to_end(shape)
    if len(known) > MOST_REMEMBERED:
        known.popitem(last=False)


def shape_of(filter: Any) -> Hashable:
    """The filter without its values, but with whether a search has found rows."""
    if isinstance(filter, FoundIds):
        return FoundIds
    if is_dataclass(filter):
        return tuple((name, shape_of(value)) for name, value in operands_of(filter).items())
    if isinstance(filter, tuple) and filter and is_dataclass(filter[0]):
        return tuple(map(shape_of, filter))
    return None


class FilteredRows(NamedTuple):
    """The rows of a filter, for statements that find all of them, walk an order until a page is full, or count some."""

    found: AnySelect
    in_order: AnySelect
    counted: AnySelect


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredRead:
    """One page of a list with a filter, or of the list under each parent."""

    reads: ReadSession
    plan: KeysetPlan
    rows: FilteredRows
    branches: Branches
    parts: Parts | None
    parent: InstrumentedAttribute[str] | None  # None for one list
    params: dict[str, Any]
    most: int  # rows that are sorted
    filter: Any
    narrowing: Sequence[str]  # fields of the filter that select few rows by an index

    async def pages(self, remembered: Remembered, order: Hashable) -> PageRows:
        """The pages in an order with an index; raises FilterTooBroad."""
        shape = (order, self._shape)
        end = monotonic() + SECONDS
        cost = None
        if shape not in remembered:
            pages = await self.plain(FIRST_SECONDS)
            if pages is not None:
                return pages
            cost = await self._cost()
            if cost > remembered.most_cost(shape):
                return await self._plain_or_refused(remembered, shape, cost)
        start = monotonic()
        try:
            pages = await self.fenced(end - start)
        except TooManyMatches:
            # A page of so many matches is probably near, and the plain form was only slow by chance.
            pages = await self.plain(min(LAST_SECONDS, end - monotonic()))
        return await self._noted(pages, remembered, shape, start, cost)

    async def sorted_pages(self, remembered: Remembered, order: Hashable) -> PageRows | None:
        """The pages in an order without an index, None if more than `most` rows match; raises FilterTooBroad."""
        shape = (order, self._shape)
        cost = None if shape in remembered else await self._cost()
        if cost is not None and cost > remembered.most_cost(shape):
            raise FilterTooBroad(self.filter, self.narrowing)
        start = monotonic()
        try:
            pages = await self.fenced(SECONDS)
        except TooManyMatches:
            return None
        return await self._noted(pages, remembered, shape, start, cost)

    async def _plain_or_refused(self, remembered: Remembered, shape: Hashable, cost: float) -> PageRows:
        """The pages by a longer attempt with the plain form, unless one has failed lately; raises FilterTooBroad."""
        pages = None if remembered.is_refused(shape) else await self.plain(LAST_SECONDS)
        if pages is None:
            remembered.refuse(shape, cost)
            raise FilterTooBroad(self.filter, self.narrowing)
        return pages

    async def _noted(
        self, pages: PageRows | None, remembered: Remembered, shape: Hashable, start: float, cost: float | None
    ) -> PageRows:
        """The pages, if there are some; notes how fast they were."""
        if pages is None:
            remembered.refuse(shape, await self._cost() if cost is None else cost)
            raise FilterTooBroad(self.filter, self.narrowing)
        # A slow success is not remembered, so that the plain form is tried again.
        if monotonic() - start < QUICK_SECONDS:
            remembered.add(shape)
        else:
            remembered.discard(shape)
        return pages

    @property
    def halves(self) -> "tuple[FilteredRead, FilteredRead]":
        """The same read for the first and for the second half of the parents."""
        parents = self.plan.parents
        middle = len(parents) // 2
        first, second = (replace(self.plan, parents=part) for part in (parents[:middle], parents[middle:]))
        return replace(self, plan=first), replace(self, plan=second)

    async def holds_at_most(self, sizes: Sizes | None = None) -> bool:
        """Whether there are at most `most` rows, under all parents together."""
        if sizes is not None:
            return sum((await sizes(self.plan.parents)).values()) <= self.most
        params = self.params if self.parent is None else {**self.params, PARENTS: self.plan.parents}
        return await holds_at_most(
            self.reads, self.most, self.rows.counted, parts=self.parts, parent=self.parent, **params
        )

    async def plain(self, seconds: float) -> PageRows | None:
        """The pages by the index of the order, None if that takes longer."""
        plan, parent = self.plan, self.parent
        if parent is None:
            query = plan.one(self.rows.in_order, branches=self.branches, parts=self.parts)
        else:
            query = plan.per_parent(self.rows.in_order, parent=parent, branches=self.branches)
        found = await self._fetch(seconds, query)
        if found is None:
            return None
        return plan.pages_of(query, found) if parent else plan.page_of(query, found)

    async def fenced(self, seconds: float) -> PageRows | None:
        """The pages by sorting all matches, None if that takes longer. Raises TooManyMatches."""
        plan, parent = self.plan, self.parent
        query = self._fenced_query
        found = await self._fetch(seconds, query)
        if found is None:
            return None
        matches = found[0][-2]
        # One row has the number of matches if the page is empty, and the request is not charged for it.
        items = [row for row in found if row[query.positions[-1]] is not None]
        self.reads.refund(len(found) - len(items))
        if matches > self.most:
            self.reads.refund(len(items))
            raise TooManyMatches
        pages = plan.pages_of(query, items) if parent else plan.page_of(query, items)
        if plan.request.is_counted and len(pages) == 1:  # the matches are those under all parents
            pages.count(0, matches)
        return pages

    @property
    def _fenced_query(self) -> PageQuery:
        return self.plan.fenced(self.rows.found, parts=self.parts, parent=self.parent, most=self.most)

    async def _cost(self) -> float:
        return await self.reads.cost(self._fenced_query.statement, **self._params)

    async def _fetch(self, seconds: float, query: PageQuery) -> Sequence[AnyRow] | None:
        if seconds <= 0:
            return None
        return await self.reads.fetch_within(seconds, query.statement, **self._params)

    @property
    def _params(self) -> dict[str, Any]:
        parents = {} if self.parent is None else {PARENTS: list(dict.fromkeys(self.plan.parents))}
        return {**self.params, **parents, **self.plan.params}

    async def counted(self, pages: PageRows, sizes: Sizes | None, remembered: Remembered) -> PageRows:
        """The pages with their totals. A count like one that was too slow lately is left out."""
        if not unknown(pages, sizes):
            return pages
        shape = ("total", self._shape)
        if remembered.is_refused(shape) and await self._cost_of_count() > remembered.most_cost(shape):
            return pages
        further: dict[str, Any] = {"parts": self.parts, "parent": self.parent, "params": self.params, "sizes": sizes}
        await take_totals(self.reads, pages, self.rows.counted, **further)
        if unknown(pages, sizes):
            remembered.refuse(shape, await self._cost_of_count())
        return pages

    async def _cost_of_count(self) -> float:
        if self.parent is None:
            return await self.reads.cost(count(self.rows.counted, self.parts), **self.params)
        return await self.reads.cost(count_per_parent(self.rows.counted, self.parent), **self._params)

    @property
    def _shape(self) -> Hashable:
        return (shape_of(self.filter), self.parent is None, self.parts is None)
