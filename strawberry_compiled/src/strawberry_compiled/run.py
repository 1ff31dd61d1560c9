"""State of one execution, for generated code and its helper functions."""

from collections import defaultdict
from collections.abc import Coroutine
from typing import Any, Protocol

from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from strawberry_compiled.field_errors import LateErrors
from strawberry_compiled.row_blocks import Block, Entry


class Tasks(Protocol):
    def add_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Makes the run wait for the coroutine."""


class Run(StrawberryGraphQLCoreExecutionContext):
    """Executor of graphql-core with additional state for a plan."""

    awaits_one_by_one = False
    """Whether batch functions of a wave run one after the other, which is faster on one shared connection."""
    shares_arguments = False
    """Whether functions never change input objects and lists, so that all parents can share them."""
    pending: defaultdict[int, list[Entry]]
    """Entries that wait for the next wave, by the number of their selection."""
    blocks: list[Block]
    """Data made from records that waits for the next wave."""
    awaiting: list[tuple[int, Entry]]
    """Objects whose async functions have not begun, each with the number of its selection."""
    known_arguments: dict[int, dict[str, Any]]
    """Converted arguments, by the number of their field."""
    known_info: tuple[type[Any], tuple[Any, ...]] | None
    """Class of graphql-core's `info`, and those of its items that are the same for all fields of the run."""
    late_errors: LateErrors
    late_tasks: Tasks
