"""Projections: the attributes that a caller will read of the objects that a reader returns.

A reader may answer with objects that have these attributes only. Each name is an attribute; a dot leads into an object
or list, such as `nodes.title` of a page.
"""

from functools import lru_cache
from typing import TypeAlias

DISTINCT_PROJECTIONS = 1024  # projections whose order is remembered

Names: TypeAlias = frozenset[str]
Projection: TypeAlias = Names | None
"""Names of the attributes; None for all of them, with the methods of the domain's objects."""


@lru_cache(DISTINCT_PROJECTIONS)
def in_order(names: Names, lists: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The names in the order in which records have their values, without those inside `lists`."""
    return tuple(sorted(name for name in names if not any(name.startswith(f"{each}.") for each in lists)))


def below(names: Names, name: str) -> Names:
    """The names inside the object or list of that name."""
    start = f"{name}."
    return frozenset(each.removeprefix(start) for each in names if each.startswith(start))
