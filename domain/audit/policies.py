"""Visibility of events."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.audit.model import LoggedEvent
from domain.shared.actor import Actor
from domain.shared.errors import NotFound
from domain.shared.slices import Slice


def require_visible(actor: Actor, workspace_id: str) -> None:
    """Raises NotFound for a workspace that the actor may not see."""
    if not actor.sees(workspace_id):
        raise NotFound("This workspace does not exist or is not visible to you.", path=("workspace",))


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
        if not actor.is_guest_in(event.workspace_id):
            return event
        seen = tuple(change for change in event.changes if change.field not in self.leads_elsewhere)
        return replace(event, changes=seen)

    def _is_visible(self, actor: Actor, event: LoggedEvent) -> bool:
        if not actor.is_guest_in(event.workspace_id) or not actor.sees(event.workspace_id):
            return actor.sees(event.workspace_id)
        if event.area_id is None:
            return event.kind.value.partition(".")[0] in self.open_to_guests
        return actor.sees_area(event.workspace_id, event.area_id)
