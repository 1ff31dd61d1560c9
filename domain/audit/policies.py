"""Who may see which events."""

from collections.abc import Iterable

from domain.audit.model import LoggedEvent
from domain.shared.actor import Actor
from domain.shared.errors import NotFound


def require_visible(actor: Actor, workspace_id: str) -> None:
    """Raises NotFound for a workspace that the actor may not see."""
    if not actor.sees(workspace_id):
        raise NotFound("There is no such workspace, or you may not see it.", path=("workspace",))


def visible_to(actor: Actor, events: Iterable[LoggedEvent]) -> list[LoggedEvent]:
    """Whoever belongs to a workspace sees all that happens in it."""
    return [event for event in events if actor.sees(event.workspace_id)]
