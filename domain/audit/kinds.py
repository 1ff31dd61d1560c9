"""Every kind of event, by a name that an API can show."""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Self

from domain.shared.slices import Slice, reactions_of


class EventKind(StrEnum):
    """Kind of a logged event: its value is the type of the event.

    The members belong to subclasses, since an application has the events of its slices only (`kinds_of`).
    """

    @classmethod
    def _missing_(cls, value: object) -> Self:
        # A newer release may have written events into the log while this one still runs.
        return cls["UNKNOWN"]


def kinds_of(slices: Iterable[Slice]) -> type[EventKind]:
    """The kinds of event that these slices record, and UNKNOWN; one class for equal slices."""
    return _kinds(tuple(event.type for event in reactions_of(slices)))


@cache
def _kinds(types: tuple[str, ...]) -> type[EventKind]:
    members = {type_.upper().replace(".", "_"): type_ for type_ in types}
    kinds: type[EventKind] = EventKind("EventKind", members | {"UNKNOWN": "unknown"})  # type: ignore[call-arg, assignment]  # the functional form, which makes a class
    return kinds
