"""Generated migrations create, replace and drop the functions and triggers that differ from the declared ones."""

from collections.abc import Set as AbstractSet
from textwrap import TextWrapper
from typing import Any

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from alembic.util import DispatchPriority
from sqlalchemy import MetaData

from infra.db.routines import Routine, declared, found_in

_WIDTH = 100  # characters of a line of the migration


class RoutineOp(ops.MigrateOperation):
    """Change of one function or trigger; `before` or `after` is None if there is none."""

    def __init__(self, before: Routine | None, after: Routine | None) -> None:
        self.before = before
        self.after = after

    def reverse(self) -> "RoutineOp":
        return RoutineOp(self.after, self.before)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """The difference as `workgraph migrate --check` prints it."""
        changed = self.after or self.before
        assert changed is not None
        kind = "add" if self.before is None else "remove" if self.after is None else "modify"
        return (f"{kind}_routine", changed.name)

    @property
    def statements(self) -> list[str]:
        """SQL of the change. A trigger is replaced by another one, because its table may be partitioned."""
        dropping, creating = self.before, self.after
        is_replaced = dropping is not None and creating is not None and dropping.is_function
        return [
            *([dropping.dropping] if dropping is not None and not is_replaced else []),
            *([creating.definition] if creating is not None else []),
        ]


@comparators.dispatch_for("schema", priority=DispatchPriority.LAST)  # triggers come after their tables
def _compare(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: AbstractSet[str | None]) -> None:
    assert context.connection is not None
    assert isinstance(context.metadata, MetaData)
    wanted = {routine.name: routine for routine in declared(context.metadata)}
    found = {
        name: Routine(name=name, definition=definition) for name, definition in found_in(context.connection).items()
    }
    gone = [routine for name, routine in found.items() if name not in wanted]
    # Triggers are dropped before the functions that they call.
    for routine in sorted(gone, key=lambda routine: routine.is_function):
        upgrade.ops.append(RoutineOp(routine, None))
    for name, routine in wanted.items():
        if found.get(name) != routine:
            upgrade.ops.append(RoutineOp(found.get(name), routine))


@renderers.dispatch_for(RoutineOp)
def _render(context: AutogenContext, operation: RoutineOp) -> list[str]:
    return [_executed(statement) for statement in operation.statements]


def _executed(statement: str) -> str:
    """The statement as literals of a line or less, because Alembic indents what it renders."""
    wrapper = TextWrapper(_WIDTH, drop_whitespace=False, replace_whitespace=False, break_long_words=False)
    parts = [part for line in statement.splitlines(keepends=True) for part in wrapper.wrap(line) or [line]]
    return "\n".join(["op.execute(", *(f"    {part!r}" for part in parts), ")"])
