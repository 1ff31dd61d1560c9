"""Rules of slices for undoing events, and reasons why a change set cannot be undone."""

from enum import StrEnum
from typing import TypeAlias

from domain.shared.actor import Permission


class Obstacle(StrEnum):
    """A reason why an actor cannot undo a change set. Several are told in the order of the members."""

    IMPORTED = "IMPORTED"
    PERMANENTLY_DELETED = "PERMANENTLY_DELETED"
    UNSUPPORTED = "UNSUPPORTED"
    ALREADY_UNDONE = "ALREADY_UNDONE"
    UNFINISHED = "UNFINISHED"
    NOT_YOUR_OWN = "NOT_YOUR_OWN"
    TOO_OLD = "TOO_OLD"
    PERMISSION_DENIED = "PERMISSION_DENIED"

    @property
    def message(self) -> str:
        return _MESSAGES[self]


_MESSAGES = {
    Obstacle.IMPORTED: "Changes of imports and of the demo data cannot be undone.",
    Obstacle.PERMANENTLY_DELETED: "The change set deleted objects permanently, which cannot be restored.",
    Obstacle.UNSUPPORTED: "The change set contains changes of a kind that cannot be undone, such as those of members.",
    Obstacle.ALREADY_UNDONE: "The change set was already undone. To repeat its changes, undo the undo.",
    Obstacle.UNFINISHED: "A job of the change set is unfinished. Wait until it ends, or cancel it.",
    Obstacle.NOT_YOUR_OWN: "Only an admin can undo the changes of other users and of the server.",
    Obstacle.TOO_OLD: "Only an admin can undo changes that are older than 30 days.",
    Obstacle.PERMISSION_DENIED: "Your role or your API key does not allow all changes that the undo would make.",
}

UndoRule: TypeAlias = Permission | Obstacle | None
"""Permission that undoing an event takes, or an obstacle to any undo; None if there is nothing to undo."""
