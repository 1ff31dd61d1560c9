"""Who may see which events."""

from collections.abc import Iterable
from dataclasses import replace

from domain.audit.model import LoggedEvent
from domain.shared.actor import Actor
from domain.shared.errors import NotFound

OPEN_TO_GUESTS = ("workspace", "label")
"""What is in no project, and still seen by guests."""
LEADS_ELSEWHERE = frozenset({"parent_id"})
"""Fields whose values can lie in another project than their subject."""


def require_visible(actor: Actor, workspace_id: str) -> None:
    """Raises NotFound for a workspace that the actor may not see."""
    if not actor.sees(workspace_id):
        raise NotFound("There is no such workspace, or you may not see it.", path=("workspace",))


def visible_to(actor: Actor, events: Iterable[LoggedEvent]) -> list[LoggedEvent]:
    """Whoever belongs to a workspace sees all that happens in it; a guest what happens in their projects."""
    return [as_seen(actor, event) for event in events if _is_visible(actor, event)]


def _is_visible(actor: Actor, event: LoggedEvent) -> bool:
    if not actor.is_guest_in(event.workspace_id):
        return actor.sees(event.workspace_id)
    if event.project_id is None:
        return event.kind.value.partition(".")[0] in OPEN_TO_GUESTS
    return actor.sees_project(event.workspace_id, event.project_id)


def as_seen(actor: Actor, event: LoggedEvent) -> LoggedEvent:
    """What is told of a visible event: guests are not led to what they may not see."""
    if not actor.is_guest_in(event.workspace_id):
        return event
    return replace(event, changes=tuple(change for change in event.changes if change.field not in LEADS_ELSEWHERE))
