"""Registration of slices: permissions, error codes, events, reactions and jobs of each slice."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from domain.shared.actor import Permission
from domain.shared.batches import BatchKind, BatchWork
from domain.shared.errors import ErrorCode
from domain.shared.events import Event
from domain.shared.history import Shown
from domain.shared.jobs import Job
from domain.shared.security import SecurityEventKind
from domain.shared.undo import UndoRule
from domain.shared.undoing import UndoKind

T = TypeVar("T")


class Unregistered(Exception):
    """A slice lacks an entry in its slice.py, or two slices claim one entry; the message names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Makes the job that follows from an event; an outward one leaves the server.

    Changes caused by an import or a seed start no outward job (mail, webhooks, mentions).
    """

    job: Callable[[Event], Job]
    is_outward: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A slice of the domain, defined as `SLICE` in `domain/<name>/slice.py`."""

    name: str
    permissions: Sequence[Permission] = ()
    error_codes: type[StrEnum] | None = None
    """Codes of the slice's own refusals; the codes of `ErrorCode` belong to every slice."""
    events: Mapping[type[Event], Sequence[Reaction]] = field(default_factory=dict)
    """Every event type of the slice, with the jobs that its commit inserts."""
    batches: Mapping[BatchKind, BatchWork] = field(default_factory=dict)
    """Work of the slice's batch runs, by kind."""
    security_events: Sequence[SecurityEventKind] = ()
    open_to_guests: Sequence[str] = ()
    """Subjects outside of areas whose events guests can see, as event types name them."""
    leads_elsewhere: Sequence[str] = ()
    """Logged fields whose values can lie in another area than their subject: hidden from guests."""
    undo_kinds: Sequence[UndoKind[Any]] = ()
    """Kinds of objects whose changes can be undone, each after those that it refers to."""
    history: Sequence[Shown] = ()
    """Changes that histories of objects show, also of objects of earlier slices."""
    undo: Mapping[type[Event], UndoRule] = field(default_factory=dict)
    """Rules for undoing events, by event type. Events without a rule cannot be undone."""

    def __post_init__(self) -> None:
        for module in {event.__module__ for event in self.events}:
            for missing in _events_in(module):
                if missing not in self.events:
                    advice = f"enter {missing.__name__} in `events`, with () if nothing follows from it."
                    raise Unregistered(f"domain/{self.name}/slice.py: {advice}")


def reactions_of(slices: Iterable[Slice]) -> Mapping[type[Event], Sequence[Reaction]]:
    """The jobs that follow from each event type; raises Unregistered if two slices share a type."""
    found = [(event, reactions) for each in slices for event, reactions in each.events.items()]
    once((event.type for event, _ in found), what="the event type")
    return dict(found)


def batch_works_of(slices: Iterable[Slice]) -> Mapping[BatchKind, BatchWork]:
    """The work of the batch runs of each kind; raises Unregistered if two slices enter one kind."""
    found = [(kind, work) for each in slices for kind, work in each.batches.items()]
    once((kind for kind, _ in found), what="the batch kind")
    return dict(found)


def undo_kinds_of(slices: Iterable[Slice]) -> Sequence[UndoKind[Any]]:
    """Kinds of objects whose changes can be undone; raises Unregistered if two slices enter one kind."""
    found = [kind for each in slices for kind in each.undo_kinds]
    once((kind.kind for kind in found), what="the undo of the kind")
    return found


def error_codes_of(slices: Iterable[Slice]) -> Sequence[StrEnum]:
    """The codes of all refusals; raises Unregistered if two slices define the same one."""
    own = [code for each in slices if each.error_codes is not None for code in each.error_codes]
    return once([*ErrorCode, *own], what="the error code")


def once(entries: Iterable[T], *, what: str) -> Sequence[T]:
    """The entries; raises Unregistered for a duplicate."""
    found = list(entries)
    twice = [entry for place, entry in enumerate(found) if entry in found[:place]]
    if twice:
        raise Unregistered(f"Two slices register {what} {twice[0]!r}: rename one of them.")
    return found


def _events_in(module: str) -> Iterator[type[Event]]:
    for value in vars(sys.modules[module]).values():
        if isinstance(value, type) and issubclass(value, Event) and "type" in vars(value):
            yield value
