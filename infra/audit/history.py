"""Histories of objects: a page of the log's events under each object, as typed changes."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select
from sqlalchemy.orm import aliased

from domain.audit.history import History, HistoryEntry, histories_of
from domain.audit.kinds import kinds_of
from domain.audit.model import LoggedEvent, Subject
from domain.audit.policies import EventVisibility
from domain.audit.queries import HistoryQuery
from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT_NESTED, Page, PageRequest
from domain.shared.slices import Slice
from infra.audit.guests import seen_by_guest, seen_by_guests
from infra.audit.reader import EVENT_COLUMNS, LOG_ORDER, logged_event, with_texts
from infra.audit.tables import EventRow
from infra.db.arrays import among, texts
from infra.db.keyset import KeysetPlan
from infra.db.parents import ids_by_workspace, ids_of
from infra.db.read import AnyRow, AnySelect, ReadSession
from infra.db.visibility import in_workspace

_SUBJECTS = (EventRow.subject_id, EventRow.parent_id)
_WIDTH = len(EVENT_COLUMNS)
_IS_FIRST_HALF = among(EventRow.type, "halves")


def _has_any(changes: Any, name: str) -> ColumnElement[bool]:
    """Whether the stored changes have one of the fields in the parameter."""
    return changes.bool_op("?|")(texts(name))  # type: ignore[no-any-return]  # the operator has no type


def _other_half(step: int, *columns: Any, of_guests: bool) -> Any:
    """Selection from the event before or after an event, if both have the same subject and the reader sees it."""
    half = aliased(EventRow)
    conditions = [
        in_workspace(half.workspace_id),
        half.revision == EventRow.revision + step,
        half.subject_id == EventRow.subject_id,
    ]
    if of_guests:
        conditions.append(seen_by_guests(half.area_id, half.type))
    if step < 0:
        return select(half.changes).where(*conditions, among(half.type, "halves")).correlate(EventRow).scalar_subquery()
    return exists().where(*conditions).correlate(EventRow)


def _history(*, of_guests: bool) -> AnySelect:
    """Events that a history shows, each with the changes of its first half if it is a second one.

    A first half is shown by itself only to guests who do not see the second one.
    """
    is_second = _has_any(EventRow.changes, "half_fields")
    first_half = case((is_second, _other_half(-1, of_guests=of_guests)), else_=None).label("first_half")
    is_shown = or_(
        among(EventRow.type, "events"),
        and_(~among(EventRow.type, "whole_events"), _has_any(EventRow.changes, "fields")),
    )
    rows: AnySelect = select(*EVENT_COLUMNS, first_half).where(in_workspace(EventRow.workspace_id), is_shown)
    if not of_guests:
        return rows.where(~_IS_FIRST_HALF)
    is_alone = or_(~_IS_FIRST_HALF, ~_other_half(1, of_guests=True))
    return rows.where(seen_by_guests(EventRow.area_id, EventRow.type), is_alone)


_ROWS = {is_guest: _history(of_guests=is_guest) for is_guest in (False, True)}


class SqlHistoryReader:
    """Reads the histories of objects, as far as the actor sees them."""

    def __init__(self, reads: ReadSession, slices: Sequence[Slice]) -> None:
        self._reads = reads
        self._kinds = kinds_of(slices)
        self._histories = histories_of(slices)
        self._visibility = EventVisibility.of(slices)

    async def of_subjects(
        self, actor: Actor, subjects: Sequence[Subject], query: HistoryQuery, request: PageRequest
    ) -> Sequence[Page[HistoryEntry]]:
        scope = ("history", query.of, query.kinds and sorted(query.kinds))
        plan = LOG_ORDER.plan((), request, default=DEFAULT_NESTED, scope=scope, parents=ids_of(subjects))
        await actor.reach_workspaces(subject.workspace_id for subject in subjects)
        found: dict[str, Page[HistoryEntry]] = {}
        for workspace_id, ids in ids_by_workspace(subjects, ids_of(subjects)).items():
            part = replace(plan, parents=ids)
            pages = await self._pages(self._histories[query.of], actor, workspace_id, part, query.kinds)
            found |= zip(part.parents, pages, strict=True)
        return [found[subject.id] for subject in subjects]

    async def _pages(
        self, history: History, actor: Actor, workspace_id: str, plan: KeysetPlan, kinds: frozenset[str] | None
    ) -> Sequence[Page[HistoryEntry]]:
        """The pages of objects in one workspace."""

        def build(row: AnyRow) -> LoggedEvent:
            return self._visibility.as_seen(actor, logged_event(row, self._kinds, row[_WIDTH]))

        hidden = self._visibility.hidden_fields(actor, workspace_id)
        params: dict[str, Any] = {
            "workspace_id": workspace_id,
            "events": history.events_of(kinds),
            "whole_events": list(history.events),
            "fields": [name for name in history.fields_of(kinds) if name not in hidden],
            "halves": list(history.halves),
            "half_fields": list(history.halves.values()),
        }
        is_guest = actor.is_guest_in(workspace_id)
        if is_guest:
            params |= seen_by_guest(self._visibility, actor, workspace_id)
        pages = await plan.pages(self._reads, _ROWS[is_guest], build, parent=_SUBJECTS, **params)
        whole = iter(await with_texts(self._reads, [event for page in pages for event in page.nodes]))
        entries = [[history.entry(event, kinds) for event in islice(whole, len(page.nodes))] for page in pages]
        return [
            Page(
                nodes=nodes,
                cursors=page.cursors,
                has_next_page=page.has_next_page,
                has_previous_page=page.has_previous_page,
                total_count=page.total_count,
                total_count_is_exact=page.total_count_is_exact,
            )
            for page, nodes in zip(pages, entries, strict=True)
        ]
