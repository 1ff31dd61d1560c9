"""Deletion of rows with all rows that refer to them, derived from the foreign keys of all tables.

The rows of a new table are deleted too, without a further line, if its foreign keys have the usual form.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    ForeignKeyConstraint,
    Table,
    Update,
    bindparam,
    delete,
    or_,
    select,
    update,
)

from infra.db.arrays import among
from infra.db.base import Base
from infra.db.write_connection import Connection


class NoRule(Exception):
    """A foreign key that deletions cannot follow; the message names it."""


@dataclass(frozen=True, slots=True)
class Link:
    """The column of a foreign key that identifies the referenced row in its workspace."""

    column: Column[Any]
    to: Column[Any]

    @property
    def is_optional(self) -> bool:
        """Whether rows stay without the reference when the referenced row is deleted."""
        return bool(self.column.nullable)


def link_of(key: ForeignKeyConstraint) -> Link:
    """The link of a foreign key between tables of workspace data. Raises NoRule."""
    identity = {column.name for column in key.referred_table.primary_key.columns} - {"workspace_id"}
    links = [Link(each.parent, each.column) for each in key.elements if each.column.name in identity]
    if len(links) != 1 or len(identity) != 1 or "workspace_id" not in key.column_keys:
        raise NoRule(
            f"{key.table.name}: the foreign key on {', '.join(key.column_keys)} must refer to workspace_id and id, so "
            "that rows can be deleted with the row that they refer to."
        )
    return links[0]


@cache
def _statements(root: Table, without: frozenset[Table]) -> Sequence[Delete | Update]:
    """Statements after which no row refers to the rows of `root` with the `ids`, except for rows of `root` itself.

    Deletions return the IDs of the deleted rows.
    """
    doomed: dict[Table, list[ColumnElement[bool]]] = {root: [among(root.c.id, "ids")]}
    found: list[Delete | Update] = []
    for table in root.metadata.sorted_tables:
        if table is root or table in without:
            continue
        links = [link for link in _links(table) if link.to.table in doomed]
        if own := [_refers(link, doomed) for link in links if not link.is_optional]:
            doomed[table] = own
            links += [link for link in _links(table) if link.to.table is table]
        cleared = [_clearing(link, doomed) for link in links if link.is_optional]
        # In front, because rows are deleted before those that they refer to.
        found[:0] = [*cleared, *(_deletion(table, condition) for condition in own)]
    return found


def _links(table: Table) -> Iterator[Link]:
    for key in sorted(table.foreign_key_constraints, key=lambda key: str(key.name)):
        if "workspace_id" in key.referred_table.c:
            yield link_of(key)


def _refers(link: Link, doomed: dict[Table, list[ColumnElement[bool]]]) -> ColumnElement[bool]:
    """Condition for rows that refer to rows that are deleted."""
    target: Any = link.to.table
    conditions = doomed[target]
    if target is next(iter(doomed)):
        return among(link.column, "ids")
    return link.column.in_(select(link.to).where(_in_workspace(target), or_(*conditions)))


def _in_workspace(table: Table) -> ColumnElement[bool]:
    # Not named like the column, because an UPDATE reserves these names for its values.
    return table.c.workspace_id == bindparam("workspace")


def _deletion(table: Table, condition: ColumnElement[bool]) -> Delete:
    deletion: Any = delete(table).where(_in_workspace(table), condition)
    returning: Delete = deletion.returning(table.c.id) if "id" in table.c else deletion
    return returning


def _clearing(link: Link, doomed: dict[Table, list[ColumnElement[bool]]]) -> Update:
    table: Any = link.column.table
    referring = (_in_workspace(table), _refers(link, doomed))
    return update(table).where(*referring).values({link.column: None})


async def delete_referring(
    connection: Connection, root: type[Base], workspace_id: str, ids: Collection[str], *without: type[Base]
) -> set[str]:
    """Deletes the rows that refer to rows of `root`, directly or through others, and returns their IDs.

    Rows of the tables `without` stay, which have no row that refers to these rows.
    """
    deleted = set[str]()
    tables: Any = [each.__table__ for each in without]
    table: Any = root.__table__
    for statement in _statements(table, frozenset(tables)):
        result = await connection.execute(statement, {"workspace": workspace_id, "ids": list(ids)})
        if statement.exported_columns:
            deleted.update(result.scalars())
    return deleted
