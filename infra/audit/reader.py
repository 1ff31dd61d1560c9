from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, bindparam, func, or_, select, true

from domain.audit.kinds import EventKind
from domain.audit.model import LoggedChange, LoggedEvent, as_texts
from domain.shared.pages import DEFAULT_NESTED, Direction, Page, PageRequest, Sort
from domain.shared.security import SecurityEvent
from infra.accounts.tables import UserRow
from infra.audit.tables import EventRow, SecurityEventRow
from infra.db.entities import builder_of, columns_of
from infra.db.keyset import Keyset
from infra.db.read import AnyRow, ReadSession
from infra.workspaces.tables import RevisionRow

_COLUMNS = (
    EventRow.workspace_id,
    EventRow.revision,
    EventRow.type,
    EventRow.subject_id,
    EventRow.area_id,
    EventRow.actor_id,
    EventRow.cause,
    EventRow.changes,
    EventRow.occurred_at,
)
_WIDTH = len(_COLUMNS)
_LATER = (
    select(*_COLUMNS)
    .where(EventRow.revision > bindparam("after", type_=BigInteger))
    .order_by(EventRow.revision)
    .limit(bindparam("most"))
)
_EVENTS = _LATER.where(EventRow.workspace_id == bindparam("workspace_id"))
_ASKED = func.unnest(bindparam("workspace_ids", type_=ARRAY(Text))).table_valued("id").render_derived(name="asked")
_EACH = _LATER.where(EventRow.workspace_id == _ASKED.c.id).lateral("each")
_EVENTS_OF = select(_EACH).select_from(_ASKED.join(_EACH, true())).order_by(_EACH.c.revision)
_HISTORY = select(*_COLUMNS).where(EventRow.workspace_id == func.any(bindparam("workspace_ids", type_=ARRAY(Text))))
_REVISIONS = select(RevisionRow.workspace_id, RevisionRow.revision).where(
    RevisionRow.workspace_id == func.any(bindparam("workspace_ids", type_=ARRAY(Text)))
)


class _NoOrder(StrEnum):
    """Sort keys of the log: none, because the log has one order."""


_KEYSET = Keyset(_NoOrder, {}, id_column=EventRow.revision)

_LINES = select(*columns_of(SecurityEventRow, SecurityEvent))
_LINES_OF = _LINES.where(SecurityEventRow.user_id == bindparam("user_id"))
_USER_ID = bindparam("user_id", type_=Text)
_SINCE = bindparam("since", type_=DateTime(timezone=True))
_LATEST = (
    _LINES.where(
        or_(_USER_ID.is_(None), SecurityEventRow.user_id == _USER_ID),
        or_(_SINCE.is_(None), SecurityEventRow.occurred_at >= _SINCE),
    )
    .order_by(SecurityEventRow.id.desc())
    .limit(bindparam("most"))
)

_PERSON = select(UserRow.id).where(UserRow.email == bindparam("email"))


class _LineOrder(StrEnum):
    OCCURRED_AT = "occurred_at"


_LINE_KEYS = Keyset(_LineOrder, {_LineOrder.OCCURRED_AT: SecurityEventRow.occurred_at}, id_column=SecurityEventRow.id)
_NEWEST_FIRST = (Sort(by=_LineOrder.OCCURRED_AT, direction=Direction.DESC),)
_build_line = builder_of(SecurityEvent)


class SqlEventReader:
    """Reads events in order and without gaps.

    A commit locks its workspace's counter until its events are visible, so a later revision never appears first.
    """

    def __init__(self, reads: ReadSession, kinds: type[EventKind]) -> None:
        self._reads = reads
        self._kinds = kinds

    async def of_workspace(self, workspace_id: str, *, after: int, most: int) -> Sequence[LoggedEvent]:
        rows = await self._reads.fetch(_EVENTS, workspace_id=workspace_id, after=after, most=most)
        return [self._event(row) for row in rows]

    async def of_workspaces(
        self, workspace_ids: Sequence[str], *, after: int, most: int
    ) -> Mapping[str, Sequence[LoggedEvent]]:
        events: dict[str, list[LoggedEvent]] = {}
        rows = await self._reads.fetch(_EVENTS_OF, workspace_ids=list(set(workspace_ids)), after=after, most=most)
        for event in map(self._event, rows):
            events.setdefault(event.workspace_id, []).append(event)
        return events

    async def revision(self, workspace_id: str) -> int:
        return (await self.revisions_of_workspaces([workspace_id])).get(workspace_id, 0)

    async def revisions_of_workspaces(self, workspace_ids: Sequence[str]) -> Mapping[str, int]:
        rows = await self._reads.fetch(_REVISIONS, workspace_ids=list(workspace_ids))
        return {row[0]: row[1] for row in rows}

    async def history_of_subjects(
        self, workspace_ids: Sequence[str], subject_ids: Sequence[str], request: PageRequest
    ) -> Sequence[Page[LoggedEvent]]:
        plan = _KEYSET.plan((), request, default=DEFAULT_NESTED, scope="history", parents=subject_ids)
        return await plan.pages(
            self._reads,
            _HISTORY,
            self._event,
            parent=EventRow.subject_id,
            workspace_ids=list(workspace_ids),
        )

    def _event(self, row: AnyRow) -> LoggedEvent:
        workspace_id, revision, type_, subject_id, area_id, actor_id, cause, changes, occurred_at = row[: len(_COLUMNS)]
        return LoggedEvent(
            workspace_id=workspace_id,
            revision=revision,
            kind=self._kinds(type_),
            subject_id=subject_id,
            area_id=area_id,
            actor_id=actor_id,
            cause=cause,
            changes=tuple(
                LoggedChange(field=field, before=as_texts(before), after=as_texts(after))
                for field, (before, after) in changes.items()
            ),
            occurred_at=occurred_at,
        )


class SqlSecurityLogReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def of_user(self, user_id: str, request: PageRequest) -> Page[SecurityEvent]:
        scope = "security events"
        plan = _LINE_KEYS.plan(_NEWEST_FIRST, request, default=DEFAULT_NESTED, scope=scope, parents=[user_id])
        return await plan.page(self._reads, _LINES_OF, _build_line, user_id=user_id)

    async def person(self, email: str) -> str | None:
        rows = await self._reads.fetch(_PERSON, email=email)
        return rows[0][0] if rows else None

    async def latest(self, *, user_id: str | None, since: datetime | None, most: int) -> Sequence[SecurityEvent]:
        rows = await self._reads.fetch(_LATEST, user_id=user_id, since=since, most=most)
        return [_build_line(row) for row in reversed(rows)]
