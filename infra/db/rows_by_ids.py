"""Lookups by ID: one statement for each workspace of the actor that can hold some of the rows."""

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import ARRAY, Integer, Text, any_, bindparam, column, select, table

from domain.shared.actor import Actor
from domain.shared.ids import by_route, route_of
from domain.shared.projections import Names, in_order
from infra.db.arrays import among
from infra.db.projected import NamedColumns
from infra.db.read import AnyRow, AnySelect, ReadSession
from infra.db.rows import KeyedRows
from infra.db.visibility import Column, GuestRule, guest_visibility_in, in_workspace
from infra.db.write_connection import Connection

# The class of the table belongs to a slice, and this package knows none.
_WORKSPACE = table("workspace", column("id", Text), column("route", Integer))
_BY_ROUTES = (
    select(_WORKSPACE.c.id)
    .where(_WORKSPACE.c.route == any_(bindparam("routes", type_=ARRAY(Integer))))
    .order_by(_WORKSPACE.c.id)
)


class RowsByIds:
    """Rows with given IDs that an actor may see; guests see those that `guests` admits, or all without a rule."""

    def __init__(
        self,
        rows: AnySelect,
        id_column: Column,
        workspace_id: Column,
        guests: GuestRule | None = None,
    ) -> None:
        self._id = id_column
        self._rows = rows.where(in_workspace(workspace_id), among(id_column, "ids"))
        self._rows_of_guests = None if guests is None else self._rows.where(guests.within)

    async def fetch(self, reads: ReadSession, actor: Actor, ids: Sequence[str]) -> Sequence[AnyRow]:
        """The rows in no particular order. An actor in one workspace with the IDs' bits takes one statement."""
        return await self._fetch(reads, actor, ids, lambda rows: rows)

    async def fetch_keyed(
        self, reads: ReadSession, actor: Actor, ids: Sequence[str], columns: NamedColumns, names: Names
    ) -> KeyedRows:
        """The rows by ID, with the columns of these names."""
        wanted = in_order(names)
        found = await self._fetch(reads, actor, ids, lambda rows: columns.select(rows, wanted, self._id))
        return KeyedRows.of(wanted, found)

    async def _fetch(
        self, reads: ReadSession, actor: Actor, ids: Sequence[str], form: Callable[[AnySelect], AnySelect]
    ) -> Sequence[AnyRow]:
        found: list[AnyRow] = []
        for workspace_id, within in (await _places_of(reads, actor, ids)).items():
            rows, params = self._rows, {}
            if self._rows_of_guests is not None and actor.is_guest_in(workspace_id):
                rows, params = self._rows_of_guests, guest_visibility_in(actor, workspace_id)
            found += await reads.fetch(form(rows), workspace_id=workspace_id, ids=within, **params)
        return found


async def _places_of(reads: ReadSession, actor: Actor, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """The IDs by the workspaces that can hold them and that the actor sees."""
    if not actor.is_system:
        await actor.reach(ids)
        return by_route(actor.roles, ids)
    rows = await reads.fetch_aside(_BY_ROUTES, routes=[route_of(entity_id) for entity_id in ids])
    return by_route([row[0] for row in rows], ids)


async def places_to_write(
    connection: Connection, actor: Actor, ids: Collection[str]
) -> Sequence[tuple[str, Sequence[str]]]:
    """The workspaces that the actor sees and that can hold some of the IDs, in order, with these IDs."""
    if not actor.is_system:
        await actor.reach(ids)
        return sorted(by_route(actor.roles, ids).items())
    params = {"routes": [route_of(entity_id) for entity_id in ids]}
    return sorted(by_route(await connection.scalars(_BY_ROUTES, params), ids).items())
