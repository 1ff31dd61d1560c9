"""Histories of objects: their events in the log, as typed changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from domain.audit.model import LoggedChange, LoggedEvent
from domain.shared.actor import Cause
from domain.shared.events import Texts
from domain.shared.history import Shown
from domain.shared.slices import Slice

_NO_FIELD = LoggedChange(field="", before=None, after=None)


def text_of(texts: Texts) -> str | None:
    """The value of a field with one text; None without a value."""
    return texts[0] if texts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change in a history: one field of an event, or the whole event. Each subclass is a member of a union."""

    kind: ClassVar[str]
    """Name of the change in filters, such as `TITLE`."""

    event: LoggedEvent
    logged: LoggedChange = _NO_FIELD

    def field(self, name: str) -> LoggedChange:
        """The change of that field in the event; without values if the event does not have it."""
        absent = LoggedChange(field=name, before=None, after=None)
        return next((each for each in self.event.changes if each.field == name), absent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An object that a change names by its ID. The object may have been deleted since."""

    id: str

    @classmethod
    def of(cls, texts: Sequence[str] | None) -> Self | None:
        """The object of a field with one ID; None without a value."""
        return cls(id=texts[0]) if texts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """An event in the history of an object."""

    revision: int
    change_set: int
    occurred_at: datetime
    actor_id: str | None
    cause: Cause
    changes: Sequence[Any]

    @property
    def actor_ids(self) -> tuple[str, ...] | None:
        """The actor as a list, so that all users of a history are read together."""
        return None if self.actor_id is None else (self.actor_id,)


class History:
    """The history of one kind of object: which events and fields are shown, and by which members."""

    def __init__(self, shown: Iterable[Shown]) -> None:
        parts = list(shown)
        self.events: Mapping[str, type[Change]] = {
            event.type: member for part in parts for event, member in part.events.items()
        }
        self.fields: Mapping[str, type[Change]] = {
            name: member for part in parts for name, member in part.fields.items()
        }
        self.halves: Mapping[str, str] = {event.type: name for part in parts for event, name in part.halves.items()}

    @property
    def members(self) -> Sequence[type[Change]]:
        return list(dict.fromkeys((*self.events.values(), *self.fields.values())))

    def events_of(self, kinds: frozenset[str] | None) -> list[str]:
        """Types of the events that are shown as a whole, of these kinds of change or of all."""
        return [type_ for type_, member in self.events.items() if kinds is None or member.kind in kinds]

    def fields_of(self, kinds: frozenset[str] | None) -> list[str]:
        return [name for name, member in self.fields.items() if kinds is None or member.kind in kinds]

    def entry(self, event: LoggedEvent, kinds: frozenset[str] | None) -> HistoryEntry:
        """The entry of an event, with its changes of these kinds."""
        return HistoryEntry(
            revision=event.revision,
            change_set=event.change_set,
            occurred_at=event.occurred_at,
            actor_id=event.actor_id,
            cause=event.cause,
            changes=[each for each in self._changes(event) if kinds is None or each.kind in kinds],
        )

    def _changes(self, event: LoggedEvent) -> list[Change]:
        whole = self.events.get(event.kind.value)
        if whole is not None:
            return [whole(event=event)]
        # In the order of the table, because stored changes have none.
        logged = {each.field: each for each in event.changes}
        return [member(event=event, logged=logged[name]) for name, member in self.fields.items() if name in logged]


def histories_of(slices: Iterable[Slice]) -> Mapping[str, History]:
    """The histories that these slices show, by the kind of object."""
    parts: dict[str, list[Shown]] = {}
    for each in slices:
        for shown in each.history:
            parts.setdefault(shown.of, []).append(shown)
    return {of: History(shown) for of, shown in parts.items()}
