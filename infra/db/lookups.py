"""Conversion of filters on states, labels or projects, which a workspace has few of, to filters on their ids.

Only rows visible to the actor are looked up, at no points, so that neither the answer nor its cost reveals to a
guest whether a hidden row matches.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, Integer, Select, literal_column, select, union_all

from domain.shared.actor import Actor
from domain.shared.filters import check_filter
from infra.db.filters import Filters, KnownIds, ToSmallSet
from infra.db.read import ReadSession
from infra.db.visibility import guest_visibility_in, in_workspace

MOST_LOOKUPS = 8  # lookups per filter; further conditions, and those with more than MOST_IDS rows, stay joins
MOST_IDS = 100
DISTINCT_FILTERS = 128


async def looked_up(reads: ReadSession, filters: Filters, filter: Any, *, actor: Actor, workspace_id: str) -> Any:
    """An equivalent filter by id for the rows of the workspace that the actor sees. Raises InvalidInput.

    Takes one statement, or none.
    """
    is_guest = actor.is_guest_in(workspace_id)
    parts, statement = _lookups(filters, filter, is_guest=is_guest)
    if statement is None:
        return filter
    params = guest_visibility_in(actor, workspace_id) if is_guest else {}
    ids: list[list[str]] = [[] for _ in parts]
    for place, id_ in await reads.fetch_aside(statement, workspace_id=workspace_id, **params):
        ids[place].append(id_)
    # Sort the IDs, so that equal rows give an equal statement text.
    known = {part: KnownIds(sorted(found)) for part, found in zip(parts, ids, strict=True) if len(found) <= MOST_IDS}
    return filters.swapped(filter, lambda relation, part: relation.by_ids(part, known[part]) if part in known else part)


@lru_cache(DISTINCT_FILTERS)
def _lookups(filters: Filters, filter: Any, *, is_guest: bool) -> tuple[Sequence[Any], Executable | None]:
    """The parts of the filter that can be replaced by IDs, and the statement that finds the IDs by position."""
    check_filter(filter)
    asked: dict[Any, ToSmallSet] = {}

    def ask(relation: ToSmallSet, part: Any) -> Any:
        if len(asked) < MOST_LOOKUPS:
            asked.setdefault(part, relation)
        return part

    filters.swapped(filter, ask)
    places = enumerate(asked.items())
    selects = [_matching(place, relation, part, is_guest=is_guest) for place, (part, relation) in places]
    return tuple(asked), union_all(*selects) if len(selects) > 1 else next(iter(selects), None)


def _matching(place: int, relation: ToSmallSet, part: Any, *, is_guest: bool) -> Select[int, str]:
    target = relation.target
    found = select(literal_column(str(place), Integer), relation.key).where(
        in_workspace(relation.workspace), target.match(part, target.table)
    )
    if is_guest and relation.guests is not None:
        found = found.where(relation.guests.within)
    return found.limit(MOST_IDS + 1)
