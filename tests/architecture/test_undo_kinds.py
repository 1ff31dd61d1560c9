"""Each event that can be undone is of a kind of object that an undo knows, and its values become those of objects."""

from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.actor import Permission
from domain.shared.events import from_plain, plain
from domain.shared.slices import undo_kinds_of
from domain.shared.undoing import UndoKind, hints_of
from domain.slices import PLATFORM, TRACKER

SLICES = (*PLATFORM, *TRACKER)
KINDS = undo_kinds_of(SLICES)
RULES = {event.type: rule for each in SLICES for event, rule in each.undo.items()}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field with that type."""
    if get_args(hint):
        return st.one_of(*map(values_of, get_args(hint)))
    kind = getattr(hint, "__supertype__", hint)
    if kind is type(None):
        return st.none()
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    strategies: dict[type, st.SearchStrategy[Any]] = {
        str: st.text(),
        int: st.integers(),
        datetime: st.datetimes(timezones=st.just(UTC)),
        date: st.dates(),
    }
    return strategies[kind]


def test_events_with_a_permission_are_of_kinds_that_an_undo_knows() -> None:
    restored = {type_ for type_, rule in RULES.items() if isinstance(rule, Permission)}
    kinds = {kind.kind for kind in KINDS}
    assert {type_ for type_ in restored if type_.partition(".")[0] not in kinds} == set(), "Enter it in `undo_kinds`."
    assert {type_.partition(".")[0] for type_ in restored} == kinds


def test_kinds_are_registered_after_those_that_they_refer_to() -> None:
    assert [kind.kind for kind in KINDS] == ["workspace", "label", "project", "state", "milestone", "issue", "comment"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_created_objects_are_withdrawn_or_deleted(kind: UndoKind[Any]) -> None:
    is_taken_back = kind.withdraw is not None or kind.deleted is not None
    assert is_taken_back is (kind.created is not None)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
@given(data=st.data())
def test_logged_values_become_those_of_the_object(kind: UndoKind[Any], data: st.DataObject) -> None:
    hints = hints_of(kind.entity)
    for name in kind.updated.logged:
        value = data.draw(values_of(hints[name]), label=name)
        assert from_plain(hints[name], plain(value)) == value
