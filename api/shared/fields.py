"""Fields that are resolved for all parents at once, with the size of their lists."""

from collections.abc import Callable
from typing import Any

from api.shared.list_sizes import at_most as size
from strawberry_compiled import batched as batched_of_all


def batched(
    *, graphql_type: Any, description: str, at_most: int | None = None, per_point: int = 1
) -> Callable[[Any], Any]:
    """A `batched` field of the compiler; `at_most` is the most items of its list, or the highest `first`.

    That number of items costs one point (`per_point`).
    """

    def field(function: Any) -> Any:
        made = batched_of_all(function, graphql_type=graphql_type, description=description)
        if at_most is not None:
            made.metadata = {**made.metadata, **size(at_most, per_point=per_point)}
        return made

    return field
