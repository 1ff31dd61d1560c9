"""Clean-up of the event log: events past their retention, and those of deleted workspaces."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import Select, and_, delete, exists, func, select, text, true, update
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import cast

from domain.shared.events import FREE_TEXTS_KEPT
from infra.audit.log import forget_texts
from infra.audit.tables import WITH_TOMBSTONE_TEXT, EventRow, EventTextRow
from infra.workspaces.tables import RevisionRow, WorkspaceRow

EVENTS_AT_ONCE = 5000  # deleted per transaction
OBJECTS_AT_ONCE = 500  # whose texts are removed per transaction

_LOGS = select(RevisionRow.workspace_id, RevisionRow.first_revision, RevisionRow.revision)
_LATER = aliased(EventRow)
# An undo can bring a deleted object back, with its text.
_IS_LAST_DELETION = and_(
    EventRow.changes["deleted_at"][1].as_string().is_not(None),
    ~exists().where(
        _LATER.workspace_id == EventRow.workspace_id,
        _LATER.subject_id == EventRow.subject_id,
        _LATER.revision > EventRow.revision,
        _LATER.changes.has_key("deleted_at"),
    ),
)
_FORGETTABLE = (
    select(EventRow.workspace_id, EventRow.subject_id)
    .where(text(WITH_TOMBSTONE_TEXT), _IS_LAST_DELETION)
    .where(EventRow.occurred_at < func.now() - cast(FREE_TEXTS_KEPT, INTERVAL))
    .order_by(EventRow.occurred_at)
)
_ABANDONED = _LOGS.where(~exists().where(WorkspaceRow.id == RevisionRow.workspace_id)).limit(1)


def change_log_cleaning(kept: timedelta | None) -> Callable[[AsyncConnection], Awaitable[bool]]:
    """Step that deletes events older than `kept`, or none for None, and events of deleted workspaces."""
    old_logs = None if kept is None else _old_logs(kept)

    async def delete_old_events(connection: AsyncConnection) -> bool:
        log = (await connection.execute(_ABANDONED)).first()
        if log is not None:
            await _delete_abandoned(connection, *log)
            return True
        log = (await connection.execute(old_logs)).first() if old_logs is not None else None
        if log is None or kept is None:
            return False
        await _delete_old(connection, *log, kept=kept)
        return True

    return delete_old_events


async def forget_deleted_texts(connection: AsyncConnection) -> bool:
    """Step that removes the texts of objects of which a tombstone has remained for long enough."""
    found: dict[str, list[str]] = {}
    for workspace_id, subject_id in await connection.execute(_FORGETTABLE.limit(OBJECTS_AT_ONCE)):
        found.setdefault(workspace_id, []).append(subject_id)
    for workspace_id, ids in found.items():
        await forget_texts(connection, workspace_id, ids)
    return bool(found)


def _old_logs(kept: timedelta) -> Select[str, int, int]:
    """Query for one log whose first event is older than `kept`."""
    oldest = (
        select(EventRow.occurred_at)
        .where(EventRow.workspace_id == RevisionRow.workspace_id, EventRow.revision >= RevisionRow.first_revision)
        .order_by(EventRow.revision)
        .limit(1)
        .lateral("oldest")
    )
    return _LOGS.join(oldest, true()).where(oldest.c.occurred_at < func.now() - cast(kept, INTERVAL)).limit(1)


async def _delete_old(
    connection: AsyncConnection, workspace_id: str, first: int, last: int, *, kept: timedelta
) -> None:
    end = min(first + EVENTS_AT_ONCE, last + 1)
    # Up to the first event that stays, whatever the clocks of several processes have said about later ones.
    first_kept = (
        select(EventRow.revision)
        .where(
            EventRow.workspace_id == workspace_id,
            EventRow.revision >= first,
            EventRow.revision < end,
            EventRow.occurred_at >= func.now() - cast(kept, INTERVAL),
        )
        .order_by(EventRow.revision)
        .limit(1)
    )
    end = (await connection.execute(first_kept)).scalar() or end
    await _delete_events(connection, workspace_id, first, end)
    # Last, because commits of the workspace wait for this row.
    moved = update(RevisionRow).where(RevisionRow.workspace_id == workspace_id).values(first_revision=end)
    await connection.execute(moved)


async def _delete_abandoned(connection: AsyncConnection, workspace_id: str, first: int, last: int) -> None:
    end = first + EVENTS_AT_ONCE
    await _delete_events(connection, workspace_id, first, end)
    counter = RevisionRow.workspace_id == workspace_id
    if end > last:
        await connection.execute(delete(RevisionRow).where(counter))
    else:
        await connection.execute(update(RevisionRow).where(counter).values(first_revision=end))


async def _delete_events(connection: AsyncConnection, workspace_id: str, first: int, end: int) -> None:
    """Deletes the events from `first` to before `end`."""
    among = (EventRow.workspace_id == workspace_id) & (EventRow.revision >= first) & (EventRow.revision < end)
    await connection.execute(delete(EventRow).where(among))
    texts = (EventTextRow.revision >= first) & (EventTextRow.revision < end)
    await connection.execute(delete(EventTextRow).where(EventTextRow.workspace_id == workspace_id, texts))
