from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import ARRAY, BigInteger, DateTime, Text, any_, bindparam, or_, select

from domain.audit.kinds import EventKind
from domain.audit.model import LoggedChange, LoggedEvent, LogSpan
from domain.audit.service import event_points
from domain.shared.events import as_texts
from domain.shared.pages import DEFAULT_NESTED, Direction, Page, PageRequest, Sort
from domain.shared.security import SecurityEvent
from infra.accounts.tables import UserRow
from infra.audit.tables import EventRow, EventTextRow, SecurityEventRow
from infra.db.entities import builder_of, columns_of
from infra.db.keyset import Keyset
from infra.db.read import AnyRow, ReadSession
from infra.db.visibility import in_workspace
from infra.workspaces.tables import RevisionRow

EVENT_COLUMNS = (
    EventRow.workspace_id,
    EventRow.revision,
    EventRow.change_set,
    EventRow.type,
    EventRow.subject_id,
    EventRow.area_id,
    EventRow.actor_id,
    EventRow.cause,
    EventRow.changes,
    EventRow.occurred_at,
    EventRow.text_length,
)
_WIDTH = len(EVENT_COLUMNS)
_EVENTS = (
    select(*EVENT_COLUMNS)
    .where(in_workspace(EventRow.workspace_id))
    .where(EventRow.revision > bindparam("after", type_=BigInteger))
    .order_by(EventRow.revision)
    .limit(bindparam("most"))
)
_TEXTS = select(EventTextRow.revision, EventTextRow.field, EventTextRow.side, EventTextRow.body).where(
    in_workspace(EventTextRow.workspace_id),
    EventTextRow.revision == any_(bindparam("revisions", type_=ARRAY(BigInteger))),
)
_SPAN = select(RevisionRow.first_revision, RevisionRow.revision).where(in_workspace(RevisionRow.workspace_id))


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


class _NoOrder(StrEnum):
    """Sort keys of events: none, because the log has one order."""


LOG_ORDER = Keyset(_NoOrder, {}, id_column=EventRow.revision)

Changes: TypeAlias = Mapping[str, Sequence[Any]]  # stored changes: values before and after by field
_PERSON = select(UserRow.id).where(UserRow.email == bindparam("email"))


class _LineOrder(StrEnum):
    OCCURRED_AT = "occurred_at"


_LINE_KEYS = Keyset(_LineOrder, {_LineOrder.OCCURRED_AT: SecurityEventRow.occurred_at}, id_column=SecurityEventRow.id)
_NEWEST_FIRST = (Sort(by=_LineOrder.OCCURRED_AT, direction=Direction.DESC),)
_build_line = builder_of(SecurityEvent)


def logged_event(row: AnyRow, kinds: type[EventKind], first_half: Changes | None = None) -> LoggedEvent:
    """The event of a row that begins with EVENT_COLUMNS; values before it are those of the first half, if given."""
    workspace_id, revision, change_set, type_, *of_subject, changes, occurred_at, text_length = row[:_WIDTH]
    subject_id, area_id, actor_id, cause = of_subject
    if first_half is not None:
        changes = {name: (first_half.get(name, sides)[0], sides[1]) for name, sides in changes.items()}
    return LoggedEvent(
        workspace_id=workspace_id,
        revision=revision,
        change_set=change_set,
        kind=kinds(type_),
        subject_id=subject_id,
        area_id=area_id,
        actor_id=actor_id,
        cause=cause,
        changes=tuple(
            LoggedChange(field=field, before=as_texts(before), after=as_texts(after))
            for field, (before, after) in changes.items()
        ),
        occurred_at=occurred_at,
        text_length=text_length or 0,
    )


async def with_texts(reads: ReadSession, events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    """The events with their long texts."""
    wanted: dict[str, list[int]] = {}
    for event in events:
        if event.text_length:
            wanted.setdefault(event.workspace_id, []).append(event.revision)
    texts: dict[tuple[str, int], dict[tuple[str, int], str]] = {}
    for workspace_id, revisions in wanted.items():
        rows = await reads.fetch_aside(_TEXTS, workspace_id=workspace_id, revisions=revisions)
        for revision, field, side, body in rows:
            texts.setdefault((workspace_id, revision), {})[field, side] = body
    return [
        _with_texts(event, found) if (found := texts.get((event.workspace_id, event.revision))) else event
        for event in events
    ]


class SqlEventReader:
    """Reads events in order and without gaps.

    A commit locks its workspace's counter until its events are visible, so a later revision never appears first.
    """

    def __init__(self, reads: ReadSession, kinds: type[EventKind]) -> None:
        self._reads = reads
        self._kinds = kinds

    async def of_workspace(self, workspace_id: str, *, after: int, most: int) -> Sequence[LoggedEvent]:
        rows = await self._reads.fetch_cheap(
            _EVENTS, points=event_points, workspace_id=workspace_id, after=after, most=most
        )
        return [logged_event(row, self._kinds) for row in rows]

    async def of_workspaces(
        self, workspace_ids: Sequence[str], *, after: int, most: int
    ) -> Mapping[str, Sequence[LoggedEvent]]:
        return {each: await self.of_workspace(each, after=after, most=most) for each in dict.fromkeys(workspace_ids)}

    async def span(self, workspace_id: str) -> LogSpan:
        rows = await self._reads.fetch(_SPAN, workspace_id=workspace_id)
        return LogSpan(first=rows[0][0], last=rows[0][1]) if rows else LogSpan()

    async def spans_of_workspaces(self, workspace_ids: Sequence[str]) -> Mapping[str, LogSpan]:
        return {each: await self.span(each) for each in dict.fromkeys(workspace_ids)}

    async def with_texts(self, events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
        return await with_texts(self._reads, events)


def _with_texts(event: LoggedEvent, texts: Mapping[tuple[str, int], str]) -> LoggedEvent:
    changes = [
        replace(
            change,
            before=as_texts(texts.get((change.field, 0))) or change.before,
            after=as_texts(texts.get((change.field, 1))) or change.after,
        )
        for change in event.changes
    ]
    return replace(event, changes=tuple(changes))


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
