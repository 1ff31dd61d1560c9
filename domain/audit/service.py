from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from domain.audit.model import ChangeBatch, LoggedEvent, Subject
from domain.audit.policies import EventVisibility, require_visible
from domain.audit.ports import EventReader
from domain.shared.actor import Actor
from domain.shared.errors import ErrorCode, InvalidInput
from domain.shared.pages import Page, PageRequest
from domain.shared.streams import EventBatch, EventStream
from domain.workspaces.model import Workspace

MOST_EVENTS = 500


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
        revisions = await self._reader.revisions_of_workspaces(ids)
        await actor.reach_workspaces(ids)
        for workspace_id in ids:
            require_visible(actor, workspace_id)
            _require_reached(after, revisions[workspace_id])
        found = await self._reader.of_workspaces(ids, after=after, most=first + 1)
        return [self._batch(actor, found[workspace_id], after=after, first=first) for workspace_id in ids]

    async def history_of_subjects(
        self, actor: Actor, subjects: Sequence[Subject], request: PageRequest
    ) -> Sequence[Page[LoggedEvent]]:
        """Events of each of these entities, oldest first."""
        await actor.reach_workspaces(subject.workspace_id for subject in subjects)
        seen = [subject for subject in subjects if actor.sees(subject.workspace_id)]
        pages = dict(zip(seen, await self._reader.history_of_subjects(seen, request), strict=True))
        found = [pages.get(subject) or Page[LoggedEvent].empty(request) for subject in subjects]
        return [replace(page, nodes=[self._visibility.as_seen(actor, event) for event in page.nodes]) for page in found]

    async def follow(
        self, actor: Callable[[], Actor], workspace_id: str, *, after: int | None
    ) -> AsyncGenerator[ChangeBatch, None]:
        """Streams events after a revision, or from now on, while the actor may see them.

        Reloads the actor at least once a second; raises NotFound when the workspace is no longer
        visible to it, and FellBehind if batches are taken too slowly.
        """
        await actor().reach_workspaces((workspace_id,))
        require_visible(actor(), workspace_id)
        revision = await self._reader.revision(workspace_id)
        after = revision if after is None else after
        _require_reached(after, revision)
        async with aclosing(self._stream.follow(workspace_id, after=after)) as batches:
            async for batch in batches:
                current = actor()
                # The socket replaces the actor when it reloads the roles.
                await current.reach_workspaces((workspace_id,))
                require_visible(current, workspace_id)
                if batch.up_to > after:
                    after = batch.up_to
                    yield replace(batch, events=self._visibility.visible_to(current, batch.events))

    def _batch(self, actor: Actor, found: Sequence[LoggedEvent], *, after: int, first: int) -> ChangeBatch:
        events = found[:first]
        return EventBatch(
            events=self._visibility.visible_to(actor, events),
            up_to=events[-1].revision if events else after,
            has_more=len(found) > first,
        )


def _require_reached(after: int, revision: int) -> None:
    """Raises InvalidInput for a revision that the workspace has not given yet."""
    if not 0 <= after <= revision:
        message = "{field} must not be greater than the current revision of the workspace."
        raise InvalidInput(message, path=("after",), code=ErrorCode.OUT_OF_RANGE)
