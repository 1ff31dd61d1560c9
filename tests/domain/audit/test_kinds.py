from domain.audit.kinds import SLICES, TYPES, EventKind, kind_of
from domain.shared.events import Event
from domain.subscribers import REACTIONS


def test_every_event_type_has_its_kind() -> None:
    assert {event.type for event in REACTIONS} == set(TYPES), "Enter the slice in SLICES in domain/audit/kinds.py."
    assert {kind_of(type_).name for type_ in TYPES} == {type_.upper().replace(".", "_") for type_ in TYPES}
    assert len(EventKind) == len(TYPES) + 1


def test_no_two_events_share_a_type() -> None:
    classes = {
        each
        for slice_events in SLICES
        for each in vars(slice_events).values()
        if isinstance(each, type) and issubclass(each, Event) and hasattr(each, "type")
    }
    assert len({each.type for each in classes}) == len(classes) == len(TYPES)


def test_an_unknown_type_has_the_kind_unknown() -> None:
    assert kind_of("issue.teleported") is EventKind["UNKNOWN"]
    assert kind_of("unknown") is EventKind["UNKNOWN"]
