"""Numbers of items in lists: exact up to a bound, and never at the expense of the page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from domain.shared.pages import MOST_COUNTED, Page
from infra.db.keyset_statements import PARENTS, Parent, Parts, count, count_per_parent
from infra.db.read import AnySelect, ReadSession

T = TypeVar("T")
Sizes = Callable[[Sequence[str]], Awaitable[Mapping[str, int]]]  # exact sizes of the lists under some parents

COUNT_SECONDS = 0.3


async def with_totals(
    reads: ReadSession,
    pages: Sequence[Page[T]],
    parents: Sequence[str],
    rows: AnySelect,
    *,
    parts: Parts | None,
    parent: Parent | None,
    params: Mapping[str, Any],
    sizes: Sizes | None = None,
) -> list[Page[T]]:
    """The pages under the parents with their totals: stored sizes, or else counts, in one statement.

    Pages that are the whole list know their total. A count that takes too long leaves the items that are known.
    """
    open_lists = [id_ for id_, page in zip(parents, pages, strict=True) if not is_known(page, sizes)]
    if not open_lists:
        return list(pages)
    if sizes is not None:
        stored = await sizes(open_lists)
        return [
            page if page.total_count_is_exact else replace(page, total_count=stored[id_], total_count_is_exact=True)
            for id_, page in zip(parents, pages, strict=True)
        ]
    if parent is None:
        found = await reads.fetch_within(COUNT_SECONDS, count(rows, parts), **params)
        numbers = {} if found is None else {parents[0]: found[0][0]}
    else:
        under = {**params, PARENTS: open_lists}
        found = await reads.fetch_within(COUNT_SECONDS, count_per_parent(rows, parent), **under)
        numbers = {row[0]: row[1] for row in found or ()}
    return [
        counted(page, numbers[id_]) if id_ in numbers and not page.total_count_is_exact else page
        for id_, page in zip(parents, pages, strict=True)
    ]


def is_known(page: Page[T], sizes: Sizes | None) -> bool:
    """Whether no count tells more: those of filtered lists end at `MOST_COUNTED`."""
    return page.total_count_is_exact or (sizes is None and (page.total_count or 0) >= MOST_COUNTED)


def counted(page: Page[T], number: int) -> Page[T]:
    """The page with the number of items of its list, which is cut at `MOST_COUNTED`."""
    return replace(page, total_count=min(number, MOST_COUNTED), total_count_is_exact=number <= MOST_COUNTED)
