"""Visibility of events, and the revisions that a log has."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.audit.errors import RevisionGone
from domain.audit.model import LoggedEvent, LogSpan
from domain.shared.actor import Actor
from domain.shared.conflicts import LaterChange
from domain.shared.errors import ErrorCode, InvalidInput, NotFound
from domain.shared.slices import Slice


def require_visible(actor: Actor, workspace_id: str) -> None:
    """Raises NotFound for a workspace that the actor may not see."""
    if not actor.sees(workspace_id):
        raise NotFound("This workspace does not exist or is not visible to you.", path=("workspace",))


def require_within(span: LogSpan, revision: int, *, field: str = "after") -> None:
    """Raises RevisionGone or, for a revision that the workspace has not given yet, InvalidInput."""
    if 0 <= revision < span.first - 1:
        raise RevisionGone(span.first, path=(field,))
    if not 0 <= revision <= span.last:
        raise beyond_log(field)


def beyond_log(field: str) -> InvalidInput:
    message = "{field} must not be greater than the current revision of the workspace."
    return InvalidInput(message, path=(field,), code=ErrorCode.OUT_OF_RANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventVisibility:
    """Visibility of events: members see all events of their workspace, guests those of their areas.

    `open_to_guests` and `leads_elsewhere` are those of all slices.
    """

    open_to_guests: frozenset[str]
    leads_elsewhere: frozenset[str]

    @classmethod
    def of(cls, slices: Iterable[Slice]) -> "EventVisibility":
        known = list(slices)
        return cls(
            open_to_guests=frozenset(subject for each in known for subject in each.open_to_guests),
            leads_elsewhere=frozenset(name for each in known for name in each.leads_elsewhere),
        )

    def visible_to(self, actor: Actor, events: Iterable[LoggedEvent]) -> list[LoggedEvent]:
        """The events that the actor sees, as the actor sees them."""
        return [self.as_seen(actor, event) for event in events if self._is_visible(actor, event)]

    def as_seen(self, actor: Actor, event: LoggedEvent) -> LoggedEvent:
        """A visible event without changes that name objects hidden from a guest."""
        hidden = self.hidden_fields(actor, event.workspace_id)
        if not hidden:
            return event
        return replace(event, changes=tuple(change for change in event.changes if change.field not in hidden))

    def hidden_fields(self, actor: Actor, workspace_id: str) -> frozenset[str]:
        """Logged fields whose changes the actor does not see in the workspace."""
        return self.leads_elsewhere if actor.is_guest_in(workspace_id) else frozenset()

    def shows(self, actor: Actor, workspace_id: str, change: LaterChange) -> bool:
        """Whether the actor sees all values of a changed field of an object that the actor sees."""
        if not actor.is_guest_in(workspace_id):
            return True
        is_near = all(area_id is None or actor.sees_area(workspace_id, area_id) for area_id in change.area_ids)
        return is_near and change.field not in self.leads_elsewhere

    def _is_visible(self, actor: Actor, event: LoggedEvent) -> bool:
        if not actor.is_guest_in(event.workspace_id) or not actor.sees(event.workspace_id):
            return actor.sees(event.workspace_id)
        if event.area_id is None:
            return event.kind.value.partition(".")[0] in self.open_to_guests
        return actor.sees_area(event.workspace_id, event.area_id)
