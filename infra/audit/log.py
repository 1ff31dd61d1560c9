"""Writing of the event log, and removal of texts from it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, text

from domain.shared.actor import Actor
from domain.shared.events import FREE_TEXTS, LONGEST_TEXT, TIMES, Event, FieldChange, Plain, plain
from infra.db.write_connection import Connection

_FORGET = text(
    """WITH forgotten AS (
        UPDATE event SET changes = changes - :names, text_length = NULL
        WHERE workspace_id = :workspace_id AND subject_id = ANY(:ids) AND changes ?| :names RETURNING revision
    )
    DELETE FROM event_text WHERE workspace_id = :workspace_id AND revision IN (SELECT revision FROM forgotten)"""
).bindparams(bindparam("names", list(FREE_TEXTS), ARRAY(Text)), bindparam("ids", type_=ARRAY(Text)))


def log_of(events: Sequence[Event], *, actor: Actor, now: datetime) -> dict[str, Any]:
    """The events of one workspace in the form that `workgraph_commit` stores, with their long texts apart from them."""
    time = plain(now)
    rows: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    for number, event in enumerate(events, 1):
        changes: dict[str, list[Any]] = {
            name: [change.before, change.after]
            for name, change in event.changes.items()
            if is_logged(name, change, time)
        }
        row: dict[str, Any] = {"type": event.type, "subject_id": event.subject_id, "changes": changes}
        if event.parent_id is not None:
            row["parent_id"] = event.parent_id
        if event.area_id is not None:
            row["project_id"] = event.area_id
        length = _put_apart(number, changes, texts)
        if length:
            row["text_length"] = length
        rows.append(row)
    log = {
        "change_set": actor.change_set,
        "actor_id": actor.user_id,
        "cause": actor.cause,
        "occurred_at": now,
        "events": rows,
    }
    return {**log, "texts": texts} if texts else log


def is_logged(name: str, change: FieldChange, time: Plain) -> bool:
    """Whether an event of that time has the change: not if it is the time itself."""
    return name not in TIMES or change.after != time


def _put_apart(number: int, changes: dict[str, list[Any]], texts: list[dict[str, Any]]) -> int:
    """Moves long texts from the changes of an event to `texts`. Returns the number of their characters."""
    length = 0
    for field, sides in changes.items():
        for side, value in enumerate(sides):
            if isinstance(value, str) and len(value) > LONGEST_TEXT:
                texts.append({"number": number, "field": field, "side": side, "body": value})
                sides[side] = None
                length += len(value)
    return length


async def forget_texts(connection: Connection, workspace_id: str, ids: Collection[str]) -> None:
    """Removes the texts of the objects from all of their events."""
    if ids:
        await connection.execute(_FORGET, {"workspace_id": workspace_id, "ids": list(ids)})
