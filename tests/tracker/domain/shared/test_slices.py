from enum import StrEnum

import pytest

from domain.issues.events import IssueCreated
from domain.labels.events import LabelCreated, LabelDeleted
from domain.shared.errors import ErrorCode
from domain.shared.slices import Slice, Unregistered, error_codes_of, reactions_of
from domain.slices import PLATFORM, TRACKER


def test_a_forgotten_event_is_named() -> None:
    with pytest.raises(Unregistered, match=r"domain/labels/slice\.py: enter Label\w+ in `events`"):
        Slice(name="labels", events={LabelCreated: (), LabelDeleted: ()})


def test_two_slices_cannot_record_the_same_event() -> None:
    with pytest.raises(Unregistered, match=r"event type 'label\."):
        reactions_of([*TRACKER, next(each for each in TRACKER if each.name == "labels")])


def test_two_slices_cannot_define_the_same_error_code() -> None:
    class Codes(StrEnum):
        NOT_FOUND = "NOT_FOUND"

    with pytest.raises(Unregistered, match="NOT_FOUND"):
        error_codes_of([Slice(name="second", error_codes=Codes)])


def test_a_part_of_the_slices_has_their_entries_only() -> None:
    assert set(error_codes_of(PLATFORM)) > set(ErrorCode)
    assert "PARENT_CYCLE" not in error_codes_of(PLATFORM)
    assert "PARENT_CYCLE" in error_codes_of(TRACKER)
    assert IssueCreated not in reactions_of(PLATFORM)
    assert IssueCreated in reactions_of(TRACKER)
