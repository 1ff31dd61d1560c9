"""Values that take the place of values of a filter, before it becomes a condition."""

from dataclasses import dataclass
from typing import Any


class KnownIds(tuple[str, ...]):
    """IDs read from the database. They become part of the statement's text, so that PostgreSQL plans for them."""

    __slots__ = ()


class FoundIds(frozenset[str]):
    """IDs of the rows that a search found, in place of its value. There can be many, so they are one parameter."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ByRow:
    """The value of a search in a statement that walks rows in order: each row is checked by itself."""

    value: Any
