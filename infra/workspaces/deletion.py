"""Deletion of workspaces with all their rows, derived from the tables.

The rows of a new table are deleted too, without a further line.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    type_coerce,
    update,
)

from domain.workspaces.model import Workspace
from infra.db.cascades import link_of
from infra.db.write_connection import WriteConnection
from infra.workspaces.tables import AreaGrantRow, InvitationRow, MemberRow, WorkspaceRow

ROWS_AT_ONCE = 5_000


class Order(NamedTuple):
    """Tables of workspace data in the order of their deletion.

    `referring` have foreign keys, and come before the workspace; new rows of them are impossible without it. `free`
    have none, such as the event log.
    """

    referring: Sequence[Table]
    free: Sequence[Table]


def deletion_order(tables: Sequence[Table]) -> Order:
    """The order of deletion for the tables of an application, which are given in the order of their references."""
    owned = [table for table in reversed(tables) if "workspace_id" in table.primary_key.c]
    return Order(
        referring=[table for table in owned if table.foreign_keys],
        free=[table for table in owned if not table.foreign_keys],
    )


class SqlWorkspaceContents:
    def __init__(self, connection: WriteConnection, order: Order) -> None:
        self._connection = connection
        self._order = order

    async def hide(self, workspace: Workspace, *, now: datetime) -> None:
        await self._without_time_limit()
        # Members and invitations come before the slug, which waits for all writes in the workspace: these may wait for
        # the locks of a member or of an invitation.
        for table in (InvitationRow, AreaGrantRow, MemberRow):
            await self._connection.execute(delete(table).where(table.workspace_id == workspace.id))
        # An ID is no valid slug, so nobody can take or ask for it.
        hidden = {"slug": workspace.id, "deleting_since": now}
        await self._connection.execute(update(WorkspaceRow).where(WorkspaceRow.id == workspace.id).values(hidden))

    async def delete_some(self, workspace_id: str, position: Mapping[str, Any]) -> Mapping[str, Any] | None:
        await self._without_time_limit()
        referring, free = self._order
        index, done = position.get("table", 0), position.get("done", 0)
        count = len(referring) + 1 + len(free)
        if index >= count:
            return None
        if index == len(referring):
            # Rows of writes that were under way when the workspace was hidden are deleted in another round.
            following = index + 1 if await self._remove_workspace(workspace_id) else 0
            return {"table": following, "after": None, "done": done, "share": following / count}
        table = referring[index] if index < len(referring) else free[index - len(referring) - 1]
        deleted, after = await self._delete_rows(table, workspace_id, position.get("after"))
        following = index if after is not None else index + 1
        return {"table": following, "after": after, "done": done + deleted, "share": following / count}

    async def _remove_workspace(self, workspace_id: str) -> bool:
        """Deletes the row of the workspace; False if rows refer to it."""
        try:
            async with self._connection.savepoint():
                await self._connection.execute(delete(WorkspaceRow).where(WorkspaceRow.id == workspace_id))
        except asyncpg.IntegrityConstraintViolationError:
            return False
        return True

    async def _delete_rows(
        self, table: Table, workspace_id: str, after: Sequence[Any] | None
    ) -> tuple[int, list[Any] | None]:
        """Deletes the last rows before the key `after`; returns their number and the key of the first, None at the end.

        By ranges of keys from the last to the first, so that no statement reads what earlier ones have deleted, and
        issues are mostly deleted before their parent.
        """
        keys = [column for column in table.primary_key.columns if column.name != "workspace_id"]
        here = table.c.workspace_id == bindparam("workspace")
        values: dict[str, Any] = {"workspace": workspace_id, **_named(keys, "after", after or ())}
        before = here if not after else here & (_key(keys) < _bound(keys, "after"))
        first: list[Any] | None = None
        within = before
        if keys:
            ordered = [plain(key).desc() for key in keys]
            edge = select(*map(plain, keys)).where(before).order_by(*ordered).offset(ROWS_AT_ONCE - 1).limit(1)
            row = (await self._connection.execute(edge, values)).first()
            if row is not None:
                first = list(row)
                within = before & (_key(keys) >= _bound(keys, "first"))
                values |= _named(keys, "first", first)
        for column in _own_links(table) if first is not None else ():
            # Rows that stay for now must not refer to those that go.
            parents = select(keys[0]).where(within)
            orphaned = update(table).where(here, column.in_(parents), keys[0] < bindparam("first_0"))
            await self._connection.execute(orphaned.values({column: None}), values)
        deleted = await self._connection.execute(delete(table).where(within), values)
        return deleted.rowcount, first

    async def _without_time_limit(self) -> None:
        # The limit of a request's statements may be too short for a large workspace on a busy server.
        await self._connection.execute(select(func.set_config("statement_timeout", "0", True)))


def plain(column: Column[Any]) -> ColumnElement[Any]:
    """The column with a type whose values JSON can hold."""
    return type_coerce(column, BigInteger if isinstance(column.type, Integer) else Text)


def _key(keys: Collection[Column[Any]]) -> ColumnElement[Any]:
    columns = [plain(key) for key in keys]
    return columns[0] if len(columns) == 1 else tuple_(*columns)


def _bound(keys: Collection[Column[Any]], name: str) -> ColumnElement[Any]:
    values: list[ColumnElement[Any]] = [
        bindparam(f"{name}_{number}", type_=plain(key).type) for number, key in enumerate(keys)
    ]
    return values[0] if len(values) == 1 else tuple_(*values)


def _named(keys: Collection[Column[Any]], name: str, values: Sequence[Any]) -> dict[str, Any]:
    return {f"{name}_{number}": value for number, (_, value) in enumerate(zip(keys, values, strict=False))}


def _own_links(table: Table) -> list[Column[Any]]:
    """Columns by which rows of the table refer to others of it."""
    return [link_of(key).column for key in table.foreign_key_constraints if key.referred_table is table]
