"""Change sets: the events of one commit, and those of the job that it started."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from domain.audit.change_sets import ChangeSet, ChangeSetFacts
from domain.audit.events import ChangeSetUndone
from domain.audit.kinds import kinds_of
from domain.audit.model import LoggedEvent, LogSpan
from domain.audit.policies import EventVisibility
from domain.shared.actor import Actor, Cause
from domain.shared.pages import DEFAULT_NESTED, MOST_COUNTED, Page, PageRequest
from domain.shared.slices import Slice
from domain.workspaces.model import Workspace
from infra.audit.guests import seen_by_guest, seen_by_guests
from infra.audit.reader import EVENT_COLUMNS, LOG_ORDER, logged_event, with_texts
from infra.audit.tables import EventRow
from infra.db.job_runs import JobRuns
from infra.db.pages import counted
from infra.db.read import AnyRow, AnySelect, ReadSession
from infra.db.visibility import in_workspace
from infra.workspaces.tables import RevisionRow

_CHANGE_SET = bindparam("change_set", type_=BigInteger)
_HERE = in_workspace(EventRow.workspace_id)
# Events of a commit are contiguous. Those of its job are in a partial index, because no other event is later than the
# revision of its change set.
_OF_COMMIT = and_(EventRow.revision > bindparam("after", type_=BigInteger), EventRow.revision <= _CHANGE_SET)
_OF_JOB = and_(EventRow.change_set == _CHANGE_SET, EventRow.change_set < EventRow.revision)


def _is_undone() -> ColumnElement[bool]:
    """Whether the change set is undone. An undo of the undo makes its changes again, and so on."""

    def undos(of: ColumnElement[int]) -> Select[Any]:
        undo = aliased(EventRow)
        found = select(undo.change_set, undo.revision).where(
            in_workspace(undo.workspace_id),
            undo.subject_id == bindparam("workspace_id"),
            undo.revision > of,
            undo.type == ChangeSetUndone.type,
            undo.changes["change_set"][1].as_integer() == of,
            undo.changes["skipped_count"][1].as_integer() == 0,
        )
        return cast("Select[Any]", found)

    chain = undos(_CHANGE_SET).add_columns(literal(True).label("is_undone")).cte("chain", recursive=True)
    chain = chain.union_all(undos(chain.c.change_set).add_columns(~chain.c.is_undone))
    last = select(chain.c.is_undone).order_by(chain.c.revision.desc()).limit(1)
    return func.coalesce(last.scalar_subquery(), false())


def _heads(runs: Sequence[JobRuns]) -> AnySelect:
    """The revisions that a log has, and the last event of the commit with what else is known about the change set."""
    head, before = aliased(EventRow), aliased(EventRow)
    after = (
        select(before.revision)
        .where(in_workspace(before.workspace_id), before.revision < _CHANGE_SET, before.change_set != _CHANGE_SET)
        .order_by(before.revision.desc())
        .limit(1)
        .scalar_subquery()
    )
    is_head = and_(in_workspace(head.workspace_id), head.revision == _CHANGE_SET, head.change_set == _CHANGE_SET)
    return (
        select(
            RevisionRow.first_revision,
            RevisionRow.revision,
            head.revision,
            func.coalesce(after, RevisionRow.first_revision - 1),
            head.actor_id,
            head.cause,
            head.occurred_at,
            _is_undone(),
            or_(false(), *(each.has_unfinished(_CHANGE_SET) for each in runs)),
        )
        .select_from(RevisionRow)
        .outerjoin(head, is_head)
        .where(in_workspace(RevisionRow.workspace_id))
    )


def _counts(*, of_guests: bool) -> AnySelect:
    """Number of visible events of each type, and whether there are others; at most `most` events of each part."""
    is_seen = [seen_by_guests(EventRow.area_id, EventRow.type)] if of_guests else []
    parts = [
        select(EventRow.type).where(_HERE, part, *is_seen).limit(bindparam("most", type_=BigInteger))
        for part in (_OF_COMMIT, _OF_JOB)
    ]
    seen = union_all(*parts).subquery("seen").c
    others: ColumnElement[bool] = false()
    if of_guests:
        others = or_(*(exists().where(_HERE, part, ~is_seen[0]) for part in (_OF_COMMIT, _OF_JOB)))
    return select(seen.type, func.count(), others).group_by(seen.type)


_COUNTS = {is_guest: _counts(of_guests=is_guest) for is_guest in (False, True)}
_EVENTS = select(*EVENT_COLUMNS).where(_HERE)
_EVENTS_OF_GUESTS = _EVENTS.where(seen_by_guests(EventRow.area_id, EventRow.type))


class SqlChangeSetReader:
    """Reads change sets, as far as the actor sees their events."""

    def __init__(self, reads: ReadSession, slices: Sequence[Slice], runs: Sequence[JobRuns]) -> None:
        self._reads = reads
        self._kinds = kinds_of(slices)
        self._visibility = EventVisibility.of(slices)
        self._heads = _heads(runs)

    async def by_revision(
        self, actor: Actor, workspace: Workspace, revision: int
    ) -> tuple[LogSpan, ChangeSetFacts | None]:
        asked = {"workspace_id": workspace.id, "change_set": revision}
        rows = await self._reads.fetch(self._heads, **asked)
        if not rows:
            return LogSpan(), None
        first, last, head, after, actor_id, cause, occurred_at, is_undone, is_unfinished = rows[0]
        span = LogSpan(first=first, last=last)
        if head is None:
            return span, None
        is_guest = actor.is_guest_in(workspace.id)
        # Imports can have millions of events, and are not undone whatever these are.
        most = MOST_COUNTED + 1 if cause in (Cause.IMPORT, Cause.SEED) else None
        params = asked | {"after": after, "most": most}
        if is_guest:
            params |= seen_by_guest(self._visibility, actor, workspace.id)
        # The request pays for the change set, not for each type of event in it.
        by_type = await self._reads.fetch_aside(_COUNTS[is_guest], **params)
        return span, ChangeSetFacts(
            workspace_id=workspace.id,
            revision=revision,
            after=after,
            actor_id=actor_id,
            cause=cause,
            occurred_at=occurred_at,
            is_undone=is_undone,
            is_unfinished=is_unfinished,
            counts={type_: count for type_, count, _ in by_type},
            is_partly_hidden=any(row[2] for row in by_type),
        )

    async def events_of_change_sets(
        self, actor: Actor, change_sets: Sequence[ChangeSet], request: PageRequest
    ) -> Sequence[Page[LoggedEvent]]:
        await actor.reach_workspaces(each.workspace_id for each in change_sets)
        return [await self._events_of(actor, change_set, request) for change_set in change_sets]

    async def _events_of(self, actor: Actor, change_set: ChangeSet, request: PageRequest) -> Page[LoggedEvent]:
        def build(row: AnyRow) -> LoggedEvent:
            return self._visibility.as_seen(actor, logged_event(row, self._kinds))

        uncounted = replace(request, is_counted=False)
        plan = LOG_ORDER.plan((), uncounted, default=DEFAULT_NESTED, scope="change set", parents=[change_set.id])
        rows, params = _EVENTS, {}
        if actor.is_guest_in(change_set.workspace_id):
            rows, params = _EVENTS_OF_GUESTS, seen_by_guest(self._visibility, actor, change_set.workspace_id)
        page = await plan.page(
            self._reads,
            rows,
            build,
            branches=(_OF_COMMIT, _OF_JOB),
            workspace_id=change_set.workspace_id,
            change_set=change_set.revision,
            after=change_set.after,
            **params,
        )
        page = replace(page, nodes=await with_texts(self._reads, page.nodes))
        total = MOST_COUNTED + 1 if change_set.event_count is None else change_set.event_count
        if not request.is_counted:
            return page
        total_count, is_exact = counted(total)
        return replace(page, total_count=total_count, total_count_is_exact=is_exact)
