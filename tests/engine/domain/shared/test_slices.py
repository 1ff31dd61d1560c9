from enum import StrEnum

import pytest

from domain.shared.errors import ErrorCode
from domain.shared.slices import Slice, Unregistered, error_codes_of, reactions_of
from domain.slices import PLATFORM
from tests.sample.domain.events import BookCreated, ShelfCreated, ShelfDeleted
from tests.sample.domain.slice import SLICE as LIBRARY


def test_a_forgotten_event_is_named() -> None:
    with pytest.raises(Unregistered, match=r"domain/library/slice\.py: enter ShelfUpdated in `events`"):
        Slice(name="library", events={ShelfCreated: (), ShelfDeleted: ()})


def test_two_slices_cannot_record_the_same_event() -> None:
    with pytest.raises(Unregistered, match=r"event type 'shelf\."):
        reactions_of([*PLATFORM, LIBRARY, LIBRARY])


def test_two_slices_cannot_define_the_same_error_code() -> None:
    class Codes(StrEnum):
        NOT_FOUND = "NOT_FOUND"

    with pytest.raises(Unregistered, match="NOT_FOUND"):
        error_codes_of([Slice(name="second", error_codes=Codes)])


def test_a_part_of_the_slices_has_their_entries_only() -> None:
    assert set(error_codes_of(PLATFORM)) > set(ErrorCode)
    assert "OWN_VOLUME" not in error_codes_of(PLATFORM)
    assert "OWN_VOLUME" in error_codes_of([LIBRARY])
    assert BookCreated not in reactions_of(PLATFORM)
    assert BookCreated in reactions_of([LIBRARY])
