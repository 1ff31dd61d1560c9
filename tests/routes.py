"""Check that the ID of every stored object of a workspace ends with the route of the workspace."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.ids import route_of, route_of_workspace
from infra.metadata import TABLES

WITHOUT_ROUTE = {"job", "idempotency_key", "security_event"}
"""Tables of server-wide rows that name a workspace."""


async def rows_without_route(engine: AsyncEngine) -> dict[str, list[str]]:
    """IDs by table whose route is not that of their row's workspace."""
    wrong: dict[str, list[str]] = {}
    async with engine.connect() as connection:
        for name, columns in _columns().items():
            for entity_id, workspace_id in await connection.execute(select(columns["id"], columns["workspace_id"])):
                if route_of(entity_id) != route_of_workspace(workspace_id):
                    wrong.setdefault(name, []).append(entity_id)
    return wrong


def _columns() -> dict[str, dict[str, object]]:
    tables = {table.__tablename__: dict(table.__table__.c) for table in TABLES}
    return {
        name: columns
        for name, columns in tables.items()
        if {"id", "workspace_id"} <= columns.keys() and name not in WITHOUT_ROUTE
    }
