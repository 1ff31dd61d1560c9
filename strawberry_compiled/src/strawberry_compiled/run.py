"""The state of one execution, as generated code and its helpers see it."""

from collections import defaultdict
from collections.abc import Coroutine
from typing import Any, Protocol, TypeAlias

from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from strawberry_compiled.field_errors import LateErrors, Position

Entry: TypeAlias = tuple[dict[str, Any], Any, Position | None]
"""(data, parent, position) of an object whose batch fields are still to be written."""


class Tasks(Protocol):
    def add_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Has the run wait for the coroutine, too."""


class Run(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor with what a plan needs beside."""

    awaits_one_by_one = False
    """Whether the batch functions of a wave run one after the other: faster where they share one connection."""
    shares_arguments = False
    """Whether functions promise to leave input objects and lists as they are, so that all parents get the same."""
    pending: defaultdict[int, list[Entry]]
    """What waits for the next wave, by the number of its selection."""
    awaiting: list[tuple[int, Entry]]
    """Objects whose async functions have not begun, each with the number of its selection."""
    known_arguments: dict[int, dict[str, Any]]
    """Arguments that were converted before, by the number of their field."""
    late_errors: LateErrors
    late_tasks: Tasks
