"""Every kind of event, by a name that an API can show; a new slice adds its line."""

from enum import Enum

from domain.comments import events as comments
from domain.issues import events as issues
from domain.labels import events as labels
from domain.milestones import events as milestones
from domain.projects import events as projects
from domain.shared.events import Event
from domain.workspaces import events as workspaces

SLICES = (workspaces, projects, milestones, labels, issues, comments)
TYPES = tuple(
    each.type
    for slice_events in SLICES
    for each in vars(slice_events).values()
    if isinstance(each, type) and issubclass(each, Event) and hasattr(each, "type")
)

# UNKNOWN stands for what a newer release has written into the log while this one still runs.
EventKind = Enum(  # type: ignore[misc]  # the members are the event classes
    "EventKind", {**{type_.upper().replace(".", "_"): type_ for type_ in TYPES}, "UNKNOWN": "unknown"}
)


def kind_of(type_: str) -> EventKind:
    return EventKind(type_) if type_ in TYPES else EventKind["UNKNOWN"]
