"""Logs and sizes of lists written as a commit writes them, without a Unit of Work."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import text

from infra.db.list_sizes import ListSizes
from infra.db.write_connection import Connection

_COMMIT = text("SELECT workgraph_commit(CAST(:events AS jsonb), CAST(:sizes AS jsonb), NULL)")


async def write_logs(connection: Connection, logs: Mapping[str, Any]) -> None:
    """Stores the events of each workspace, in the form of `infra.audit.log.log_of`."""
    await connection.execute(_COMMIT, {"events": orjson.dumps(logs).decode(), "sizes": "{}"})


async def write_sizes(connection: Connection, sizes: ListSizes) -> None:
    changes = {place: sizes.changes_in(place) for place in sizes.workspace_ids}
    await connection.execute(_COMMIT, {"events": "{}", "sizes": orjson.dumps(changes).decode()})
