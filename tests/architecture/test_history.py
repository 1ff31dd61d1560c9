"""Every field that an event of an object with a history can have is shown by a member, or hidden for a reason."""

from collections.abc import Collection, Iterator, Sequence
from typing import ClassVar

import pytest

from api.shared.slices import ApiSlice
from domain.audit.history import histories_of
from domain.issues.slice import SLICE as ISSUES
from domain.shared.events import Event
from domain.shared.history import Shown
from domain.shared.slices import Slice, Unregistered
from domain.slices import PLATFORM, TRACKER

SLICES = (*PLATFORM, *TRACKER)


def kinds_of(event: type[Event]) -> set[str]:
    """Kinds of the objects whose histories list the event."""
    return {event.type.partition(".")[0], event.parent.removesuffix("_id")} - {""}


def unshown(slices: Sequence[Slice]) -> Iterator[str]:
    histories = histories_of(slices)
    hidden = {
        of: {name for each in slices for part in each.history if part.of == of for name in part.hidden}
        for of in histories
    }
    for slice_ in slices:
        for event in slice_.events:
            for of in sorted(kinds_of(event) & histories.keys()):
                if event.type in histories[of].events:
                    continue
                known: Collection[str] = histories[of].fields.keys() | hidden[of]
                for name in dict.fromkeys((*event.logged, *event.linked)):
                    if name not in known:
                        yield f"{event.__name__}.{name}: enter it in `fields` or `hidden` of the history of {of}."


def test_every_field_of_an_event_has_a_member_or_a_reason() -> None:
    assert list(dict.fromkeys(unshown(SLICES))) == []
    assert {"issue", "comment"} <= histories_of(SLICES).keys()


def test_an_unshown_field_is_found_by_name() -> None:
    class NoteUpdated(Event):
        type: ClassVar[str] = "note.updated"
        logged: ClassVar[tuple[str, ...]] = ("text", "color", "weight")
        linked: ClassVar[tuple[str, ...]] = ("readers",)
        parent: ClassVar[str] = "issue_id"

    shown = Shown(of="note", fields={"text": object}, hidden={"color": "nobody asks"})
    notes = Slice(name="notes", events={NoteUpdated: ()}, history=(shown,))
    missing = [line.partition(":")[0] for line in unshown([notes])]
    assert missing == ["NoteUpdated.weight", "NoteUpdated.readers"]
    of_issue = [line for line in unshown([*SLICES, notes]) if "history of issue" in line]
    assert len(of_issue) == 4


def test_hidden_fields_are_logged_and_not_shown() -> None:
    for each in SLICES:
        for part in each.history:
            logged = {name for event in each.events for name in (*event.logged, *event.linked)}
            assert part.hidden.keys() | part.fields.keys() <= logged, part.of
            assert not part.hidden.keys() & part.fields.keys(), part.of


def test_members_of_one_history_have_kinds_of_their_own() -> None:
    for of, history in histories_of(SLICES).items():
        kinds = [member.kind for member in history.members]
        assert len(kinds) == len(set(kinds)), of


def test_a_member_without_a_graphql_type_is_named() -> None:
    with pytest.raises(Unregistered, match=r"api/issues/slice\.py: enter the type of IssueCreation in `changes`"):
        ApiSlice(
            domain=ISSUES,
            error_codes=dict.fromkeys(ISSUES.error_codes or (), "A code."),
            batches=dict.fromkeys(ISSUES.batches, "A run."),
        )
