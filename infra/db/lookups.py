"""Filters on the few states, labels or projects of a workspace, said by their ids."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, Integer, Select, bindparam, literal_column, select, union_all

from domain.shared.filters import check_filter
from infra.db.filters import Filters, KnownIds, ToFew
from infra.db.read import Reads

MOST_LOOKUPS = 8  # in one filter; what is beyond stays a join, and so does what has more ids
MOST_IDS = 100
DISTINCT_FILTERS = 128


async def looked_up(reads: Reads, filters: Filters, filter: Any, *, workspace_id: str) -> Any:
    """A filter that means the same for rows of that workspace; in one statement, if any. Raises InvalidInput."""
    parts, statement = _lookups(filters, filter)
    if statement is None:
        return filter
    ids: list[list[str]] = [[] for _ in parts]
    for place, id_ in await reads.fetch(statement, workspace_id=workspace_id):
        ids[place].append(id_)
    # In order, so that the same rows make the same text.
    known = {part: KnownIds(sorted(found)) for part, found in zip(parts, ids, strict=True) if len(found) <= MOST_IDS}
    return filters.swapped(filter, lambda relation, part: relation.by_ids(part, known[part]) if part in known else part)


@lru_cache(DISTINCT_FILTERS)
def _lookups(filters: Filters, filter: Any) -> tuple[Sequence[Any], Executable | None]:
    """The parts of the filter that can be said by ids, and the statement that finds these by the parts' places."""
    check_filter(filter)
    asked: dict[Any, ToFew] = {}

    def ask(relation: ToFew, part: Any) -> Any:
        if len(asked) < MOST_LOOKUPS:
            asked.setdefault(part, relation)
        return part

    filters.swapped(filter, ask)
    selects = [_matching(place, relation, part) for place, (part, relation) in enumerate(asked.items())]
    return tuple(asked), union_all(*selects) if len(selects) > 1 else next(iter(selects), None)


def _matching(place: int, relation: ToFew, part: Any) -> Select[int, str]:
    target = relation.target
    return (
        select(literal_column(str(place), Integer), relation.key)
        .where(relation.workspace == bindparam("workspace_id"), target.match(part, target.table))
        .limit(MOST_IDS + 1)
    )
