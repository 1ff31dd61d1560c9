"""Lists as connections."""

from collections.abc import Iterable
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from api.shared.context import Info
from api.shared.enums import describe_enum
from domain.shared import pages
from domain.shared.pages import Direction, Nulls, PageRequest, Sort

T = TypeVar("T")
O = TypeVar("O")  # noqa: E741  an enum of orders

First = Annotated[int | None, strawberry.argument(description="How many items from the start, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="The cursor behind which `first` begins.")]
Last = Annotated[int | None, strawberry.argument(description="How many items from the end, 1 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="The cursor before which `last` ends.")]
IncludeArchived = Annotated[bool, strawberry.argument(description="Whether archived ones are in the list too.")]

describe_enum(
    Direction, name="SortDirection", description="Which way to sort.", ASC="Smallest first.", DESC="Largest first."
)
describe_enum(
    Nulls, name="SortNulls", description="Where items without a value go.", FIRST="Before all.", LAST="After all."
)


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    describes = pages.PageInfo

    has_next_page: bool = strawberry.field(description="Whether more items follow.")
    has_previous_page: bool = strawberry.field(description="Whether items precede, as far as the request tells.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last item.")


@strawberry.type(description="An item of a list with its cursor.")
class Edge(Generic[T]):
    describes = pages.Edge

    node: T = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="The item's place in the list, for `after` and `before`.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    describes = pages.Page

    edges: list[Edge[T]] = strawberry.field(description="The items with their cursors.")
    nodes: list[T] = strawberry.field(description="The items.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    total_count: int = strawberry.field(description="How many items the whole list has; counted only when asked for.")


@strawberry.input(description="How one key sorts.")
class SortOrder:
    direction: Direction = strawberry.field(default=Direction.ASC, description="Which way to sort.")
    nulls: Nulls = strawberry.field(default=Nulls.LAST, description="Where items without a value go.")


def page_request(info: Info, first: int | None, after: str | None, last: int | None, before: str | None) -> PageRequest:
    """Raises InvalidInput for arguments that contradict each other."""
    is_counted = _selects(info, "totalCount")
    return PageRequest(first=first, after=after, last=last, before=before, is_counted=is_counted)


def sorts(keys: Iterable[Any] | None, order: type[Any]) -> tuple[Sort[Any], ...] | None:
    """What a list of oneOf sort inputs says, None if it says nothing."""
    if not keys:
        return None
    named = ((name, getattr(key, name)) for key in keys for name in vars(key))
    return tuple(
        Sort(by=order(name), direction=chosen.value.direction, nulls=chosen.value.nulls)
        for name, chosen in named
        if chosen is not None
    )


def _selects(info: Info, name: str) -> bool:
    """Whether the field's selection has a child of that name, looking into fragments."""
    raw = info._raw_info  # noqa: SLF001  Info's own `selected_fields` converts the whole selection, at 20 µs
    return any(_has_child(node.selection_set, name, raw.fragments) for node in raw.field_nodes)


def _has_child(selection_set: SelectionSetNode | None, name: str, fragments: Any) -> bool:
    for selection in selection_set.selections if selection_set else ():
        if isinstance(selection, FieldNode):
            if selection.name.value == name:
                return True
        elif isinstance(selection, InlineFragmentNode):
            if _has_child(selection.selection_set, name, fragments):
                return True
        elif isinstance(selection, FragmentSpreadNode):
            fragment = fragments[selection.name.value]
            if _has_child(getattr(fragment, "definition", fragment).selection_set, name, fragments):
                return True
    return False
