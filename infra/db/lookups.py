"""Conversion of parts of a filter to IDs: of states, labels, projects or people, and of rows that a search finds.

Only rows visible to the actor are looked up, at no points, so that neither the answer nor its cost reveals to a
guest whether a hidden row matches.
"""

from collections import OrderedDict
from collections.abc import Collection, Hashable, Sequence
from functools import lru_cache
from time import monotonic
from typing import Any

from sqlalchemy import Executable, Integer, Select, and_, case, literal_column, select, union_all

from domain.shared.actor import Actor
from domain.shared.filters import check_filter
from infra.db.filters import Filters, Search, ToMany, ToSmallSet, table_of
from infra.db.read import ReadSession
from infra.db.visibility import guest_visibility_in, in_workspace

MOST_LOOKUPS = 8  # lookups per filter; further conditions, and those with more than MOST_IDS rows, stay joins
MOST_IDS = 100
MOST_FOUND = 2_000  # rows of a search; reading so many one by one takes as long as finding a page of more by its order
DISTINCT_FILTERS = 128

REMEMBERED_SECONDS = 600.0
MOST_REMEMBERED = 1_024

_Part = tuple[ToSmallSet | Search, Any]


class FrequentSearches:
    """Searches of workspaces that lately found more rows than can be replaced by IDs, the latest ones last.

    Finding this out again takes as long as reading the index of all their rows.
    """

    def __init__(self) -> None:
        self._until: OrderedDict[Hashable, float] = OrderedDict()

    def add(self, search: Hashable) -> None:
        self._until[search] = monotonic() + REMEMBERED_SECONDS
        self._until.move_to_end(search)
        if len(self._until) > MOST_REMEMBERED:
            self._until.popitem(last=False)

    def __contains__(self, search: Hashable) -> bool:
        return monotonic() < self._until.get(search, 0.0)


async def looked_up(
    reads: ReadSession,
    filters: Filters,
    filter: Any,
    *,
    actor: Actor,
    workspace_id: str,
    lists: int = 1,
    frequent: FrequentSearches | None = None,
) -> Any:
    """An equivalent filter by id for the rows of the workspace that the actor sees. Raises InvalidInput.

    Takes one statement, or none. `lists` is the number of lists that will be filtered: each reads the found rows.
    Searches among `frequent` stay conditions.
    """
    is_guest = actor.is_guest_in(workspace_id)
    most_found = MOST_FOUND // lists
    parts, statement = _lookups(filters, filter, is_guest=is_guest, most_found=most_found)
    frequent = FrequentSearches() if frequent is None else frequent
    if left_out := frozenset(part for part in parts if (workspace_id, most_found, part) in frequent):
        parts, statement = _lookups(filters, filter, is_guest=is_guest, most_found=most_found, left_out=left_out)
    if statement is None:
        return filter
    params = guest_visibility_in(actor, workspace_id) if is_guest else {}
    ids: list[list[str | None]] = [[] for _ in parts]
    for place, id_ in await reads.fetch_aside(statement, workspace_id=workspace_id, **params):
        ids[place].append(id_)
    known = {part: found for part, found in zip(parts, ids, strict=True) if len(found) <= _most(part, most_found)}
    for part in parts:
        if part not in known and isinstance(part[0], Search):
            frequent.add((workspace_id, most_found, part))

    def swap(condition: ToSmallSet | ToMany | Search, value: Any) -> Any:
        found = None if isinstance(condition, ToMany) else known.get((condition, value))
        if found is None or isinstance(condition, ToMany):
            return value
        # Sort the IDs, so that equal rows give an equal statement text.
        return condition.by_ids(value, sorted(id_ for id_ in found if id_ is not None))

    return filters.swapped(filter, swap)


@lru_cache(DISTINCT_FILTERS)
def _lookups(
    filters: Filters, filter: Any, *, is_guest: bool, most_found: int, left_out: Collection[_Part] = frozenset()
) -> tuple[Sequence[_Part], Executable | None]:
    """The parts of the filter that can be replaced by IDs, and the statement that finds the IDs by position."""
    check_filter(filter)
    asked: dict[_Part, None] = {}

    def ask(condition: ToSmallSet | ToMany | Search, value: Any) -> Any:
        if not isinstance(condition, ToMany) and (condition, value) not in left_out and len(asked) < MOST_LOOKUPS:
            asked.setdefault((condition, value))
        return value

    filters.swapped(filter, ask)
    selects = [
        (_found if isinstance(condition, Search) else _matching)(
            place, condition, value, is_guest=is_guest, most=_most((condition, value), most_found)
        )
        for place, (condition, value) in enumerate(asked)
    ]
    return tuple(asked), union_all(*selects) if len(selects) > 1 else next(iter(selects), None)


def _most(part: _Part, most_found: int) -> int:
    return most_found if isinstance(part[0], Search) else MOST_IDS


def _matching(place: int, relation: Any, filter: Any, *, is_guest: bool, most: int) -> Select[Any]:
    target = relation.target
    found = select(_place(place), relation.key).where(relation.within, target.match(filter, target.table))
    if is_guest and relation.guests is not None:
        found = found.where(relation.guests.within)
    return found.limit(most + 1)


def _found(place: int, search: Any, value: Any, *, is_guest: bool, most: int) -> Select[Any]:
    """Candidates of a search, with null for those that do not meet the condition."""
    # PostgreSQL plans a materialized part without regard to the limit. For the limit alone, it would rather look for
    # words without the index if it expects many rows with them, and read all rows if there are none.
    candidates = search.candidates(value).cte(f"candidates_{place}").prefix_with("MATERIALIZED")
    some = select(*candidates.c).limit(most + 1).subquery()
    [id_] = some.c
    if search.is_exact and not is_guest:
        return select(_place(place), id_)
    rows = table_of(search.key)
    conditions = [] if search.is_exact else [search.condition(value, rows)]
    if is_guest:
        conditions.append(search.guests.within)
    return (
        select(_place(place), case((and_(*conditions), search.key)))
        .join_from(some, rows, search.key == id_)
        .where(in_workspace(rows.c.workspace_id))
    )


def _place(place: int) -> Any:
    return literal_column(str(place), Integer)
