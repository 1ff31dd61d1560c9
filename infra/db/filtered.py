"""Pages of lists with a filter: the forms of their statement, and the refusal of filters that no form answers in time.

The plain form walks the index of the order until the page is full, which is best for filters that many rows match. The
fenced form finds all rows of the filter and sorts them. Which one is faster depends on the values, so the plain form
gets a short time first, and a list remembers the shapes of filters for which it was too slow.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, is_dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.errors import ErrorCode, LimitExceeded
from domain.shared.filters import operands_of
from domain.shared.pages import Page
from infra.db.keyset import Build, KeysetPlan
from infra.db.keyset_statements import PARENTS, Branches, PageQuery, Parts
from infra.db.list_limits import holds_at_most
from infra.db.read import AnyRow, AnySelect, ReadSession
from infra.db.totals import Sizes, with_totals

T = TypeVar("T")

FIRST_SECONDS = 0.04
SECONDS = 0.9  # for all attempts together
QUICK_SECONDS = 0.1  # a fenced form that takes longer does not save much by leaving out the plain one
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
    """The shapes of filters that were faster with the fenced form, most recently used last."""

    def __init__(self) -> None:
        self._shapes: OrderedDict[Hashable, None] = OrderedDict()

    def __contains__(self, shape: Hashable) -> bool:
        if shape not in self._shapes:
            return False
        self._shapes.move_to_end(shape)
        return True

    def add(self, shape: Hashable) -> None:
        self._shapes[shape] = None
        self._shapes.move_to_end(shape)
        if len(self._shapes) > MOST_REMEMBERED:
            self._shapes.popitem(last=False)

    def __len__(self) -> int:
        return len(self._shapes)

    def discard(self, shape: Hashable) -> None:
        self._shapes.pop(shape, None)


def shape_of(filter: Any) -> Hashable:
    """The filter without its values."""
    if is_dataclass(filter):
        return tuple((name, shape_of(value)) for name, value in operands_of(filter).items())
    if isinstance(filter, tuple) and filter and is_dataclass(filter[0]):
        return tuple(map(shape_of, filter))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredRead(Generic[T]):
    """One page of a list with a filter, or of the list under each parent."""

    reads: ReadSession
    plan: KeysetPlan
    rows: AnySelect
    build: Build[T]
    branches: Branches
    parts: Parts | None
    parent: InstrumentedAttribute[str] | None  # None for one list
    params: dict[str, Any]
    most: int  # rows that are sorted
    filter: Any
    narrowing: Sequence[str]  # fields of the filter that select few rows by an index

    async def pages(self, remembered: Remembered, order: Hashable) -> list[Page[T]]:
        """The pages in an order with an index; raises FilterTooBroad."""
        shape = (order, shape_of(self.filter), self.parent is None, self.parts is None)
        end = monotonic() + SECONDS
        if shape not in remembered:
            pages = await self.plain(FIRST_SECONDS)
            if pages is not None:
                return pages
        start = monotonic()
        try:
            pages = await self.fenced(end - start)
        except TooManyMatches:
            # A page of so many matches is probably near, and the plain form was only slow by chance.
            pages = await self.plain(end - monotonic())
        if pages is None:
            raise FilterTooBroad(self.filter, self.narrowing)
        # A slow success is not remembered, so that the plain form is tried again.
        if monotonic() - start < QUICK_SECONDS:
            remembered.add(shape)
        else:
            remembered.discard(shape)
        return pages

    async def sorted_pages(self) -> list[Page[T]] | None:
        """The pages in an order without an index, None if more than `most` rows match; raises FilterTooBroad."""
        try:
            pages = await self.fenced(SECONDS)
        except TooManyMatches:
            return None
        if pages is None:
            raise FilterTooBroad(self.filter, self.narrowing)
        return pages

    async def holds_at_most(self, sizes: Sizes | None = None) -> bool:
        """Whether there are at most `most` rows, under all parents together."""
        if sizes is not None:
            return sum((await sizes(self.plan.parents)).values()) <= self.most
        params = self.params if self.parent is None else {**self.params, PARENTS: self.plan.parents}
        return await holds_at_most(self.reads, self.most, self.rows, parts=self.parts, parent=self.parent, **params)

    async def plain(self, seconds: float) -> list[Page[T]] | None:
        """The pages by the index of the order, None if that takes longer."""
        plan, parent = self.plan, self.parent
        if parent is None:
            query = plan.one(self.rows, branches=self.branches, parts=self.parts)
        else:
            query = plan.per_parent(self.rows, parent=parent, branches=self.branches)
        found = await self._fetch(seconds, query)
        if found is None:
            return None
        return plan.pages_of(query, found, self.build) if parent else [plan.page_of(query, found, self.build)]

    async def fenced(self, seconds: float) -> list[Page[T]] | None:
        """The pages by sorting all matches, None if that takes longer. Raises TooManyMatches."""
        plan, parent = self.plan, self.parent
        query = plan.fenced(self.rows, parts=self.parts, parent=parent, most=self.most)
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
        return plan.pages_of(query, items, self.build) if parent else [plan.page_of(query, items, self.build)]

    async def _fetch(self, seconds: float, query: PageQuery) -> Sequence[AnyRow] | None:
        if seconds <= 0:
            return None
        params = (
            self.params if self.parent is None else {**self.params, PARENTS: list(dict.fromkeys(self.plan.parents))}
        )
        return await self.reads.fetch_within(seconds, query.statement, **params, **self.plan.params)

    async def counted(self, pages: list[Page[T]], sizes: Sizes | None) -> list[Page[T]]:
        """The pages with their totals."""
        further: dict[str, Any] = {"parts": self.parts, "parent": self.parent, "params": self.params, "sizes": sizes}
        return await with_totals(self.reads, pages, self.plan.parents, self.rows, **further)
