"""Arguments and types of connections."""

from collections.abc import Iterable
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from api.shared.context import Info
from api.shared.enums import describe_enum
from api.shared.list_sizes import COUNT_FIELDS
from domain.shared import pages
from domain.shared.pages import COUNTS, Direction, Nulls, PageRequest, Sort
from strawberry_compiled import projection_of

T = TypeVar("T")
O = TypeVar("O")  # noqa: E741  an enum of orders

First = Annotated[
    int | None,
    strawberry.argument(
        description="Maximum number of items to return from the start of the list, 1 to 100. Default: 50 in "
        "`Query` and `Workspace`, 20 in other types. Cannot be combined with `last` or `before`."
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="Cursor of the item after which the page starts, such as `endCursor` of the previous page."
    ),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description="Maximum number of items to return from the end of the list, 1 to 100. Cannot be combined with "
        "`first` or `after`."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(
        description="Cursor of the item before which the page ends, such as `startCursor` of the next page."
    ),
]
IncludeArchived = Annotated[
    bool, strawberry.argument(description="Whether to include archived items in the list. Default: false.")
]

describe_enum(
    Direction,
    name="SortDirection",
    description="Direction of a sort order.",
    ASC="Smallest value first.",
    DESC="Largest value first.",
)
describe_enum(
    Nulls,
    name="SortNulls",
    description="Position of items without a value in a sort order.",
    FIRST="Before all other items.",
    LAST="After all other items.",
)


@strawberry.type(description="Position of a page in its list.")
class PageInfo:
    describes = pages.PageInfo

    has_next_page: bool = strawberry.field(
        description="Whether more items follow the page. When paging backward, true if `before` was given."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether more items precede the page. When paging forward, true if `after` was given."
    )
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first item of the page. Null if the page is empty."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last item of the page. Null if the page is empty."
    )


@strawberry.type(description="An item of a list with its cursor.")
class Edge(Generic[T]):
    describes = pages.Edge

    node: T = strawberry.field(description="The item of the list.")
    cursor: str = strawberry.field(description="Cursor of the item, for use in `after` and `before`.")


@strawberry.type(description="A page of a list, with cursors for fetching further pages.")
class Connection(Generic[T]):
    describes = pages.Page

    edges: list[Edge[T]] = strawberry.field(description="Items of the page with their cursors.")
    nodes: list[T] = strawberry.field(description="Items of the page without cursors.")
    page_info: PageInfo = strawberry.field(description="Position of the page in its list, for fetching further pages.")
    total_count: int = strawberry.field(
        description="Number of items in the whole list, on all pages. If `totalCountIsExact` is false, the list has at "
        "least this many items. Counted only if selected."
    )
    total_count_is_exact: bool = strawberry.field(
        description="Whether `totalCount` is exact. Lists whose sizes the server stores are exact at any size if they "
        "have no filter. Other lists are counted up to 10,000 items. False if the list has more, or if counting took "
        "too long; `totalCount` is then 10,000, or the number of items known from the page."
    )


@strawberry.input(description="Direction of a sort key and position of items without a value.")
class SortOrder:
    direction: Direction = strawberry.field(
        default=Direction.ASC, description="Direction of the sort order. Default: `ASC`."
    )
    nulls: Nulls = strawberry.field(
        default=Nulls.LAST, description="Position of items without a value. Default: `LAST`."
    )


def page_request(info: Info, first: int | None, after: str | None, last: int | None, before: str | None) -> PageRequest:
    """The requested page; raises InvalidInput for contradictory arguments."""
    projection = projection_of(info)
    is_counted = _selects(info, COUNT_FIELDS) if projection is None else not projection.isdisjoint(COUNTS)
    return PageRequest(first=first, after=after, last=last, before=before, is_counted=is_counted, projection=projection)


def sorts(keys: Iterable[Any] | None, order: type[Any]) -> tuple[Sort[Any], ...] | None:
    """Sort keys of a list of oneOf inputs; None without any."""
    if not keys:
        return None
    named = ((name, getattr(key, name)) for key in keys for name in vars(key))
    return tuple(
        Sort(by=order(name), direction=chosen.value.direction, nulls=chosen.value.nulls)
        for name, chosen in named
        if chosen is not None
    )


def _selects(info: Info, names: frozenset[str]) -> bool:
    """Whether the field's selection includes a child with one of the names, also through fragments."""
    raw = info._raw_info  # noqa: SLF001  Info's own `selected_fields` converts the whole selection, at 20 µs
    return any(_has_child(node.selection_set, names, raw.fragments) for node in raw.field_nodes)


def _has_child(selection_set: SelectionSetNode | None, names: frozenset[str], fragments: Any) -> bool:
    for selection in selection_set.selections if selection_set else ():
        if isinstance(selection, FieldNode):
            if selection.name.value in names:
                return True
        elif isinstance(selection, InlineFragmentNode):
            if _has_child(selection.selection_set, names, fragments):
                return True
        elif isinstance(selection, FragmentSpreadNode):
            fragment = fragments[selection.name.value]
            if _has_child(getattr(fragment, "definition", fragment).selection_set, names, fragments):
                return True
    return False
