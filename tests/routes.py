"""Check that the ID of every stored object of a workspace ends with its route, and workspaces of one route."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.ids import route_of, route_of_workspace
from domain.workspaces.model import Workspace, WorkspaceId
from infra.metadata import TABLES
from tests.factories.accounts import IDS

WITHOUT_ROUTE = {"job", "idempotency_key", "security_event"}
"""Tables of server-wide rows that name a workspace."""

_unpaired: dict[int, WorkspaceId] = {}  # by route; of 320 random IDs two share one, so each call uses what others left


async def rows_without_route(engine: AsyncEngine) -> dict[str, list[str]]:
    """IDs by table whose route is not that of their row's workspace."""
    wrong: dict[str, list[str]] = {}
    async with engine.connect() as connection:
        for name, columns in _columns().items():
            for entity_id, workspace_id in await connection.execute(select(columns["id"], columns["workspace_id"])):
                if route_of(entity_id) != route_of_workspace(workspace_id):
                    wrong.setdefault(name, []).append(entity_id)
    return wrong


def twins() -> tuple[WorkspaceId, WorkspaceId]:
    """Fresh IDs of two workspaces that share a route."""
    while True:
        fresh = WorkspaceId(IDS.new(Workspace.prefix))
        twin = _unpaired.setdefault(route_of_workspace(fresh), fresh)
        if twin != fresh:
            del _unpaired[route_of_workspace(fresh)]
            return twin, fresh


def _columns() -> dict[str, dict[str, object]]:
    tables = {table.__tablename__: dict(table.__table__.c) for table in TABLES}
    return {
        name: columns
        for name, columns in tables.items()
        if {"id", "workspace_id"} <= columns.keys() and name not in WITHOUT_ROUTE
    }
