"""Registration of the events and logged fields that histories of objects show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.shared.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Changes that the history of one kind of object shows: a line for each event or logged field.

    The values of `events` and `fields` are subclasses of `Change` (domain/audit/history.py).
    """

    of: str
    """Kind of object that the history belongs to, as event types name it."""
    events: Mapping[type[Event], type[Any]] = field(default_factory=dict)
    """Member that shows an event as a whole, by event."""
    fields: Mapping[str, type[Any]] = field(default_factory=dict)
    """Member that shows the change of a field, by logged field; for all events that are not in `events`."""
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Logged fields that no member shows, with the reason."""
    halves: Mapping[type[Event], str] = field(default_factory=dict)
    """First halves of changes, by event, with the field that the second half changes; it is the next event."""
