"""Numbers of items in lists: exact up to a bound, and never at the expense of the page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from domain.shared.pages import MOST_COUNTED
from infra.db.keyset_statements import PARENTS, Parent, Parts, count, count_per_parent
from infra.db.pages import PageRows
from infra.db.read import AnySelect, ReadSession

Sizes = Callable[[Sequence[str]], Awaitable[Mapping[str, int]]]  # exact sizes of the lists under some parents

COUNT_SECONDS = 0.3


async def take_totals(
    reads: ReadSession,
    pages: PageRows,
    rows: AnySelect,
    *,
    parts: Parts | None,
    parent: Parent | None,
    params: Mapping[str, Any],
    sizes: Sizes | None = None,
) -> None:
    """Gives the pages their totals: stored sizes, or else counts, in one statement.

    Pages that are the whole list know their total. A count that takes too long leaves the items that are known.
    """
    parents = pages.plan.parents
    open_lists = [parents[place] for place in unknown(pages, sizes)]
    if not open_lists:
        return
    if sizes is not None:
        numbers = await sizes(open_lists)
    elif parent is None:
        found = await reads.fetch_within(COUNT_SECONDS, count(rows, parts), **params)
        numbers = {} if found is None else {parents[0]: found[0][0]}
    else:
        under = {**params, PARENTS: open_lists}
        found = await reads.fetch_within(COUNT_SECONDS, count_per_parent(rows, parent), **under)
        numbers = {row[0]: row[1] for row in found or ()}
    for place, id_ in enumerate(parents):
        if id_ in numbers and not pages.are_exact[place]:
            if sizes is None:
                pages.count(place, numbers[id_])
            else:
                pages.totals[place], pages.are_exact[place] = numbers[id_], True


def unknown(pages: PageRows, sizes: Sizes | None) -> list[int]:
    """The places of pages of which a count tells more: counts of filtered lists end at `MOST_COUNTED`."""
    totals = pages.totals
    return [
        place
        for place, is_exact in enumerate(pages.are_exact)
        if not (is_exact or (sizes is None and (totals[place] or 0) >= MOST_COUNTED))
    ]
