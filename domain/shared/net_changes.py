"""Net changes: what the events of one change set changed in total, object by object."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.shared.events import TIMES, FieldChange, Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event of the log with its values as the log keeps them, long texts included."""

    type: str
    subject_id: str
    changes: Mapping[str, FieldChange] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of object, as event types name it."""
        return self.type.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetChange:
    """The total change of one object. `first` and `last` are the types of its first and its last event."""

    subject_id: str
    first: str
    last: str
    fields: Mapping[str, FieldChange]
    """Fields whose values before the first and after the last event differ."""

    @property
    def kind(self) -> str:
        """The kind of object, as event types name it."""
        return self.first.partition(".")[0]

    def after(self, name: str) -> Plain:
        """The value of a field of a new object; None for fields that its events do not have."""
        return self.fields[name].after if name in self.fields else None


def net_changes(events: Iterable[StoredEvent]) -> Sequence[NetChange]:
    """One net change for each object, in the order of the first event of each.

    The two events of an issue that moves to another project, of which one has the values before and one those after,
    add up to an ordinary change.
    """
    by_subject: dict[str, list[StoredEvent]] = {}
    for event in events:
        by_subject.setdefault(event.subject_id, []).append(event)
    return [
        NetChange(
            subject_id=subject_id,
            first=each[0].type,
            last=each[-1].type,
            fields=total(event.changes for event in each),
        )
        for subject_id, each in by_subject.items()
    ]


def total(changes: Iterable[Mapping[str, FieldChange]]) -> dict[str, FieldChange]:
    """Values before the first and after the last of several changes, of the fields that differ."""
    found: dict[str, FieldChange] = {}
    for each in changes:
        for name, change in each.items():
            first = found.get(name, change)
            found[name] = FieldChange(before=first.before, after=change.after)
    return {name: each for name, each in found.items() if name not in TIMES and each.before != each.after}
