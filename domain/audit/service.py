from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from domain.audit.errors import RevisionGone
from domain.audit.model import ChangeBatch, LoggedEvent
from domain.audit.policies import EventVisibility, beyond_log, require_visible, require_within
from domain.audit.ports import EventReader
from domain.shared.actor import Actor
from domain.shared.errors import ErrorCode, InvalidInput
from domain.shared.streams import EventBatch, EventStream
from domain.workspaces.model import Workspace

MOST_EVENTS = 500
LARGEST_REVISION = 2**63 - 1  # the largest number that the log can hold
MOST_TEXT = 4_000_000  # characters of long texts in one batch; a batch has at least one event
EVENTS_PER_POINT = 20  # a client that begins with a large workspace reads millions


def event_points(count: int) -> int:
    """Points for reading that number of events at once."""
    return -(-count // EVENTS_PER_POINT)


class AuditService:
    """Reads the event log in batches, or follows it."""

    def __init__(self, reader: EventReader, stream: EventStream[LoggedEvent], visibility: EventVisibility) -> None:
        self._reader = reader
        self._stream = stream
        self._visibility = visibility

    async def changes_of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], *, after: int, first: int
    ) -> Sequence[ChangeBatch]:
        """The next events of each workspace after a revision, 1 to 500; `up_to` is what to ask after next."""
        if not 1 <= first <= MOST_EVENTS:
            message = f"{{field}} must be between 1 and {MOST_EVENTS}."
            raise InvalidInput(message, path=("first",), code=ErrorCode.OUT_OF_RANGE)
        ids = [workspace.id for workspace in workspaces]
        await actor.reach_workspaces(ids)
        for workspace_id in ids:
            require_visible(actor, workspace_id)
        if not 0 <= after <= LARGEST_REVISION:
            raise beyond_log("after")
        found = await self._reader.of_workspaces(ids, after=after, most=first + 1)
        # After the events, so that a deletion between the two reads leaves no unnoticed gap.
        spans = await self._reader.spans_of_workspaces(ids)
        for workspace_id in ids:
            require_within(spans[workspace_id], after)
            _require_next(found[workspace_id], after)
        return [await self._batch(actor, found[each][:first], after=after, last=spans[each].last) for each in ids]

    async def first_revisions_of_workspaces(self, actor: Actor, workspaces: Sequence[Workspace]) -> Sequence[int]:
        """The first revision that the log of each workspace still has; the next one if it is empty."""
        await actor.reach_workspaces(workspace.id for workspace in workspaces)
        for workspace in workspaces:
            require_visible(actor, workspace.id)
        spans = await self._reader.spans_of_workspaces([workspace.id for workspace in workspaces])
        return [spans[workspace.id].first for workspace in workspaces]

    async def follow(
        self, actor: Callable[[], Actor], workspace_id: str, *, after: int | None
    ) -> AsyncGenerator[ChangeBatch, None]:
        """Streams events after a revision, or from now on, while the actor may see them.

        Reloads the actor at least once a second; raises NotFound when the workspace is no longer
        visible to it, RevisionGone if the next event is deleted, and FellBehind if batches are taken too slowly.
        """
        await actor().reach_workspaces((workspace_id,))
        require_visible(actor(), workspace_id)
        span = await self._reader.span(workspace_id)
        after = span.last if after is None else after
        require_within(span, after)
        async with aclosing(self._stream.follow(workspace_id, after=after)) as batches:
            async for batch in batches:
                current = actor()
                # The socket replaces the actor when it reloads the roles.
                await current.reach_workspaces((workspace_id,))
                require_visible(current, workspace_id)
                _require_next(batch.events, after)
                rest = batch.events
                while batch.up_to > after:
                    events, rest = _split(rest)
                    after = events[-1].revision if rest else batch.up_to
                    seen = await self._reader.with_texts(self._visibility.visible_to(current, events))
                    has_more = batch.has_more or bool(rest)
                    yield replace(batch, events=seen, read_count=len(events), up_to=after, has_more=has_more)

    async def _batch(self, actor: Actor, found: Sequence[LoggedEvent], *, after: int, last: int) -> ChangeBatch:
        events, _ = _split(found)
        up_to = events[-1].revision if events else after
        seen = await self._reader.with_texts(self._visibility.visible_to(actor, events))
        return EventBatch(events=seen, read_count=len(events), up_to=up_to, has_more=bool(events) and up_to < last)


def _split(events: Sequence[LoggedEvent]) -> tuple[Sequence[LoggedEvent], Sequence[LoggedEvent]]:
    """The first events, whose long texts fit into one batch, and the rest."""
    length = 0
    for place, event in enumerate(events):
        length += event.text_length
        if length > MOST_TEXT and place:
            return events[:place], events[place:]
    return events, ()


def _require_next(events: Sequence[LoggedEvent], after: int) -> None:
    """Raises RevisionGone if events between the revision and the first of these were deleted."""
    if events and events[0].revision > after + 1:
        raise RevisionGone(events[0].revision)
