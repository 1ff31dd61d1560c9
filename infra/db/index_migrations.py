"""Generated migrations build and drop indexes of existing tables without blocking writers."""

from collections.abc import Iterator, Sequence
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op_text, renderers
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext

_IndexOp = ops.CreateIndexOp | ops.DropIndexOp


class ConcurrentIndexesOp(ops.MigrateOperation):
    """Creation or deletion of indexes outside of a transaction."""

    def __init__(self, indexes: Sequence[_IndexOp]) -> None:
        self.indexes = indexes

    def reverse(self) -> "ConcurrentIndexesOp":
        turned: list[Any] = [each.reverse() for each in reversed(self.indexes)]
        return ConcurrentIndexesOp(turned)


@renderers.dispatch_for(ConcurrentIndexesOp)
def _render(context: AutogenContext, operation: ConcurrentIndexesOp) -> list[str]:
    commands = [command for index in operation.indexes for command in _commands(index)]
    return [
        "with op.get_context().autocommit_block():",
        "# PostgreSQL waits for the transactions that have begun, which can take long. Writers do not wait meanwhile.",
        'op.execute("SET lock_timeout = 0")',
        *(render_op_text(context, each) for each in commands),
        'op.execute("RESET lock_timeout")',
        "",
    ]


def _commands(index: _IndexOp) -> Iterator[_IndexOp]:
    index.kw["postgresql_concurrently"] = True
    if isinstance(index, ops.CreateIndexOp):
        # An attempt that failed leaves an invalid index, which would be in the way of the next one.
        leftover = ops.DropIndexOp(str(index.index_name), index.table_name, postgresql_concurrently=True)
        leftover.if_exists = True
        yield leftover
    else:
        index.if_exists = True
    yield index


def split_off_indexes(context: MigrationContext, revision: object, scripts: list[ops.MigrationScript]) -> None:
    """Moves indexes of existing tables to migrations of their own: drops before, and creations after all other changes.

    A failure does not roll back such a migration, so it has only commands that can be repeated.
    """
    [script] = scripts
    upgrade = script.upgrade_ops
    assert upgrade is not None
    whole = {each.table_name for each in upgrade.ops if isinstance(each, ops.CreateTableOp | ops.DropTableOp)}
    drops: list[_IndexOp] = []
    creations: list[_IndexOp] = []
    others: list[ops.MigrateOperation] = []
    for each in upgrade.ops:
        if isinstance(each, ops.ModifyTableOps) and each.table_name not in whole:
            drops += [one for one in each.ops if isinstance(one, ops.DropIndexOp)]
            creations += [one for one in each.ops if isinstance(one, ops.CreateIndexOp)]
            each.ops = [one for one in each.ops if not isinstance(one, _IndexOp)]
            others += [each] if each.ops else []
        else:
            others.append(each)
    parts: list[tuple[str, list[ops.MigrateOperation]]] = [
        (": drop indexes", [ConcurrentIndexesOp(drops)] if drops else []),
        ("", others),
        (": build indexes", [ConcurrentIndexesOp(creations)] if creations else []),
    ]
    scripts[:] = _scripts(script, [(name, part) for name, part in parts if part])


def _scripts(
    script: ops.MigrationScript, parts: list[tuple[str, list[ops.MigrateOperation]]]
) -> Iterator[ops.MigrationScript]:
    below, number = script.head, int(script.rev_id or 0)
    for name, operations in parts:
        upgrade = ops.UpgradeOps(operations)
        message = script.message if len(parts) == 1 else f"{script.message}{name}"
        yield ops.MigrationScript(str(number), upgrade, upgrade.reverse(), message=message, head=below)
        below, number = str(number), number + 1
