"""Net changes of change sets."""

from domain.shared.events import FieldChange
from domain.shared.net_changes import NetChange, StoredEvent, net_changes


def event(type_: str, subject: str = "x", **changes: tuple[object, object]) -> StoredEvent:
    fields = {name: FieldChange(before=before, after=after) for name, (before, after) in changes.items()}  # type: ignore[arg-type]
    return StoredEvent(type=type_, subject_id=subject, changes=fields)


def sides(net: NetChange) -> dict[str, tuple[object, object]]:
    return {name: (change.before, change.after) for name, change in net.fields.items()}


def test_changes_of_one_object_add_up() -> None:
    [net] = net_changes(
        [event("label.updated", name=("a", "b"), color=("c", "d")), event("label.updated", name=("b", "e"))]
    )
    assert sides(net) == {"name": ("a", "e"), "color": ("c", "d")}
    assert net.kind == "label"


def test_fields_that_end_as_they_began_are_no_change() -> None:
    [net] = net_changes([event("label.updated", name=("a", "b")), event("label.updated", name=("b", "a"))])
    assert sides(net) == {}


def test_times_are_no_change() -> None:
    [net] = net_changes([event("label.created", created_at=(None, "t"), updated_at=(None, "t"), name=(None, "a"))])
    assert sides(net) == {"name": (None, "a")}


def test_objects_keep_the_order_of_their_first_events_and_the_types_of_the_first_and_the_last() -> None:
    nets = net_changes(
        [
            event("state.updated", "s", deleting_since=(None, "t")),
            event("issue.updated", "i", state_id=("s", "r")),
            event("state.deleted", "s", name=("Todo", None), deleting_since=("t", None)),
        ]
    )
    assert [(net.subject_id, net.first, net.last) for net in nets] == [
        ("s", "state.updated", "state.deleted"),
        ("i", "issue.updated", "issue.updated"),
    ]
    assert sides(nets[0]) == {"name": ("Todo", None)}


def test_the_two_events_of_an_issue_that_moves_to_another_project_add_up() -> None:
    [net] = net_changes(
        [
            event("issue.moved", project_id=("a", None), number=(7, None)),
            event("issue.updated", project_id=(None, "b"), number=(None, 1)),
        ]
    )
    assert sides(net) == {"project_id": ("a", "b"), "number": (7, 1)}


def test_fields_without_an_event_had_no_value_after_a_creation() -> None:
    [net] = net_changes([event("issue.created", title=(None, "a"))])
    assert (net.after("title"), net.after("due_date")) == ("a", None)
