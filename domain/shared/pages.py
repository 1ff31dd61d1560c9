"""Lists are read in pages, by keyset."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from domain.shared.errors import ErrorCode, InvalidInput
from domain.shared.projections import Projection

T_co = TypeVar("T_co", covariant=True)
O = TypeVar("O", bound=StrEnum)  # noqa: E741  an enum of orders

MOST = 100
MOST_COUNTED = 10_000
COUNTS = frozenset({"total_count", "total_count_is_exact"})
"""Attributes of pages that need the size of the list."""
DEFAULT = 50
DEFAULT_NESTED = 20
MOST_SORTED = 50_000  # items that are sorted without an index
MOST_SORTED_IN_INDEX = 100_000  # the same, in lists whose index has all sort keys


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A page of a list: `first` items after a cursor, or `last` items before one; 1 to 100 items.

    With a `projection`, such as `nodes.title` and `total_count`, readers may answer with pages that have these
    attributes only.
    """

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
    is_counted: bool = False
    projection: Projection = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None:
            raise InvalidInput("Use either {field} or {other}, not both.", path=("last",), other="first")
        if self.first is not None and self.before is not None:
            raise InvalidInput("Use {field} only together with {other}.", path=("before",), other="last")
        if self.last is not None and self.after is not None:
            raise InvalidInput("Use {field} only together with {other}.", path=("after",), other="first")
        for name, count in (("first", self.first), ("last", self.last)):
            if count is not None and not 1 <= count <= MOST:
                raise InvalidInput(
                    f"{{field}} must be between 1 and {MOST}.", path=(name,), code=ErrorCode.OUT_OF_RANGE
                )

    @property
    def is_backward(self) -> bool:
        return self.last is not None or self.before is not None

    @property
    def cursor(self) -> str | None:
        return self.before if self.is_backward else self.after

    def size(self, default: int) -> int:
        return self.first or self.last or default


class Direction(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


class Nulls(StrEnum):
    FIRST = "FIRST"
    LAST = "LAST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort(Generic[O]):
    """A sort key; nulls come last by default."""

    by: O
    direction: Direction = Direction.ASC
    nulls: Nulls = Nulls.LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge(Generic[T_co]):
    node: T_co
    cursor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T_co]):
    """A part of a list, in the list's own order whichever way it was read; `cursors[i]` belongs to `nodes[i]`.

    `total_count` is of the whole list, and None unless the request asked for it. Without `total_count_is_exact`, the
    list has at least that many items.
    """

    nodes: Sequence[T_co]
    cursors: Sequence[str]
    has_next_page: bool
    has_previous_page: bool
    total_count: int | None = None
    total_count_is_exact: bool = True

    @classmethod
    def empty(cls, request: PageRequest) -> "Page[T_co]":
        """The page of an empty list."""
        count = 0 if request.is_counted else None
        return cls(nodes=(), cursors=(), has_next_page=False, has_previous_page=False, total_count=count)

    @property
    def edges(self) -> list[Edge[T_co]]:
        return [Edge(node=node, cursor=cursor) for node, cursor in zip(self.nodes, self.cursors, strict=True)]

    @property
    def page_info(self) -> PageInfo:
        return PageInfo(
            has_next_page=self.has_next_page,
            has_previous_page=self.has_previous_page,
            start_cursor=self.cursors[0] if self.cursors else None,
            end_cursor=self.cursors[-1] if self.cursors else None,
        )
