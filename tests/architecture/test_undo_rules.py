"""Each type of event says what undoing it takes, or is listed here with the reason why it cannot be undone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.audit.events import ChangeSetUndone
from domain.batches.events import BatchStarted
from domain.labels.events import LabelCreated
from domain.labels.slice import SLICE as LABELS
from domain.shared.actor import Permission
from domain.shared.slices import Slice
from domain.slices import PLATFORM, TRACKER

SLICES = (*PLATFORM, *TRACKER)
ACCESS = "access of people is given and taken by name, and tells them by mail"
NOT_UNDONE = {
    "invitation.accepted": ACCESS,
    "invitation.created": ACCESS,
    "invitation.resent": ACCESS,
    "invitation.revoked": ACCESS,
    "member.added": ACCESS,
    "member.claimed": "the placeholder is gone, and its work is mixed with that of the member",
    "member.removed": ACCESS,
    "member.updated": ACCESS,
    "project_member.added": ACCESS,
    "project_member.removed": ACCESS,
    "workspace.created": "a workspace is deleted by its owner, who proves it with a password",
}
"""Event type that no undo knows -> why."""
CHANGE_NOTHING = {BatchStarted, ChangeSetUndone}


def unruled(slices: Iterable[Slice], exceptions: Mapping[str, str]) -> list[str]:
    """Event types without a rule that are not listed."""
    found = [event.type for each in slices for event in each.events if event not in each.undo]
    return sorted(set(found) - exceptions.keys())


def test_each_event_has_a_rule_or_a_reason() -> None:
    assert unruled(SLICES, NOT_UNDONE) == [], "Enter them in `undo` of the slice, or say in NOT_UNDONE why not."
    assert unruled(SLICES, {}) == sorted(NOT_UNDONE)


def test_rules_are_for_events_of_the_slice() -> None:
    assert [event.type for each in SLICES for event in each.undo if event not in each.events] == []


def test_events_without_a_permission_change_nothing_that_could_be_restored() -> None:
    rules = {event: rule for each in SLICES for event, rule in each.undo.items()}
    assert {event for event, rule in rules.items() if rule is None} == CHANGE_NOTHING
    assert {rule for rule in rules.values() if isinstance(rule, Permission)} <= {
        permission for each in SLICES for permission in each.permissions
    }


def test_a_forgotten_event_is_found() -> None:
    assert unruled([replace(LABELS, undo={LabelCreated: None})], {}) == ["label.deleted", "label.updated"]
