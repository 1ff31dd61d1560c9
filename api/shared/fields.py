"""Fields that are resolved for all parents at once, with the size of their lists."""

from collections.abc import Callable
from typing import Any

from api.shared.list_sizes import WITH_PARENT
from api.shared.list_sizes import at_most as size
from strawberry_compiled import batched as batched_of_all
from strawberry_compiled import related

PLACE = ("id", "workspace_id")
"""Attributes of parents that readers of lists read. The parents may be rows with these attributes only."""


def batched(
    *,
    graphql_type: Any,
    description: str,
    at_most: int | None = None,
    per_point: int = 1,
    needs: tuple[str, ...] | None = None,
) -> Callable[[Any], Any]:
    """A `batched` field of the compiler; `at_most` is the most items of its list, or the highest `first`.

    That number of items costs one point (`per_point`).
    """

    def field(function: Any) -> Any:
        made = batched_of_all(function, graphql_type=graphql_type, description=description, needs=needs)
        if at_most is not None:
            made.metadata = {**made.metadata, **size(at_most, per_point=per_point)}
        return made

    return field


def batched_with_parent(*, graphql_type: Any, description: str) -> Callable[[Any], Any]:
    """A `batched` field whose items are known with the parent, and count as one object with it."""

    def field(function: Any) -> Any:
        made = batched_of_all(function, graphql_type=graphql_type, description=description)
        made.metadata = {**made.metadata, **WITH_PARENT}
        return made

    return field


def related_list(key: str, load: Any, *, graphql_type: Any, description: str) -> Any:
    """A `related` field whose key has the IDs of several entities, which count as one object with their parent."""
    made = related(key, load, graphql_type=graphql_type, description=description)
    made.metadata = {**made.metadata, **WITH_PARENT}
    return made


def named(name: str, field: Any) -> Any:
    """The field under a name that Python reserves, such as `from`."""
    field.graphql_name = name
    return field
