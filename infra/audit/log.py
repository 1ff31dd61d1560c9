"""Writing of the event log, and removal of texts from it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ARRAY, Insert, Text, bindparam, insert, text

from domain.shared.actor import Actor
from domain.shared.events import FREE_TEXTS, LONGEST_TEXT, TIMES, Event, FieldChange, Plain, plain
from infra.audit.tables import EventRow, EventTextRow
from infra.db.base import Base
from infra.db.bulk import copy_rows
from infra.db.write_connection import Connection, WriteConnection

ROWS_TO_COPY = 100  # number of rows from which COPY is faster than INSERT

_ADD: Mapping[type[Base], Insert] = {table: insert(table) for table in (EventRow, EventTextRow)}
_FORGET = text(
    """WITH forgotten AS (
        UPDATE event SET changes = changes - :names, text_length = NULL
        WHERE workspace_id = :workspace_id AND subject_id = ANY(:ids) AND changes ?| :names RETURNING revision
    )
    DELETE FROM event_text WHERE workspace_id = :workspace_id AND revision IN (SELECT revision FROM forgotten)"""
).bindparams(bindparam("names", list(FREE_TEXTS), ARRAY(Text)), bindparam("ids", type_=ARRAY(Text)))


async def write_events(
    connection: WriteConnection, workspace_id: str, events: Sequence[Event], *, last: int, actor: Actor, now: datetime
) -> None:
    """Stores the events with the revisions up to `last`, and their long texts apart from them."""
    time = plain(now)
    rows: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    for revision, event in enumerate(events, last - len(events) + 1):
        changes: dict[str, list[Any]] = {
            name: [change.before, change.after]
            for name, change in event.changes.items()
            if is_logged(name, change, time)
        }
        rows.append(
            {
                "workspace_id": workspace_id,
                "revision": revision,
                "change_set": actor.change_set or last,
                "type": event.type,
                "subject_id": event.subject_id,
                "parent_id": event.parent_id,
                "area_id": event.area_id,
                "actor_id": actor.user_id,
                "cause": actor.cause,
                "text_length": _put_apart({"workspace_id": workspace_id, "revision": revision}, changes, texts),
                "changes": changes,
                "occurred_at": now,
            }
        )
    if len(rows) >= ROWS_TO_COPY:
        for row in rows:
            row["changes"] = orjson.dumps(row["changes"]).decode()
    await _insert(connection, EventRow, rows)
    await _insert(connection, EventTextRow, texts)


def is_logged(name: str, change: FieldChange, time: Plain) -> bool:
    """Whether an event of that time has the change: not if it is the time itself."""
    return name not in TIMES or change.after != time


def _put_apart(key: dict[str, Any], changes: dict[str, list[Any]], texts: list[dict[str, Any]]) -> int | None:
    """Moves long texts from the changes to `texts`. Returns the number of their characters, None if there are none."""
    length = 0
    for field, sides in changes.items():
        for side, value in enumerate(sides):
            if isinstance(value, str) and len(value) > LONGEST_TEXT:
                texts.append(key | {"field": field, "side": side, "body": value})
                sides[side] = None
                length += len(value)
    return length or None


async def _insert(connection: WriteConnection, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if len(rows) >= ROWS_TO_COPY:
        await copy_rows(connection, table, tuple(rows[0]), [tuple(row.values()) for row in rows])
    elif rows:
        await connection.execute(_ADD[table], rows)


async def forget_texts(connection: Connection, workspace_id: str, ids: Collection[str]) -> None:
    """Removes the texts of the objects from all of their events."""
    if ids:
        await connection.execute(_FORGET, {"workspace_id": workspace_id, "ids": list(ids)})
