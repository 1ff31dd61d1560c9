import json
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.shared.filters import DateComparator, DateTimeComparator, ListComparator, OrderComparator, TextComparator
from domain.shared.sets import SetChange
from domain.shared.stored_commands import UnreadableCommand, read_command, stored
from domain.shared.unset import Unset
from tests.examples import share_of
from tests.sample.domain.commands import BookBatchCreate, BookChanges
from tests.sample.domain.conditions import Condition
from tests.sample.domain.queries import BookFilter, ShelfFilter, TagFilter


class Rule(Enum):
    BY_NAME = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A command with a union of several types, each of which has to come back as itself."""

    at: str | int | Rule | date | None
    is_open: bool = True


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) is UnionType or (get_origin(hint) is not tuple and get_args(hint)):
        return st.one_of(*(values_of(each) for each in get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=3).map(tuple)
    plain = {NoneType: st.none(), str: st.text(max_size=5), int: st.integers(), date: st.dates(), bool: st.booleans()}
    if hint in plain:
        return plain[hint]
    return st.sampled_from(list(hint)) if issubclass(hint, Enum) else commands(hint)


def commands(kind: Any) -> st.SearchStrategy[Any]:
    """Commands with any value in any field, and with any of the optional fields left out."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: values_of(hints[field.name]) for field in fields(kind)})


def stored_and_read(command: Any) -> Any:
    return read_command(type(command), json.loads(json.dumps(stored(command))))


@settings(max_examples=share_of(200))
@given(commands(BookChanges))
def test_any_change_is_read_as_it_was_stored(changes: BookChanges) -> None:
    assert stored_and_read(changes) == changes


@given(commands(BookBatchCreate))
def test_any_batch_is_read_as_it_was_stored(batch: BookBatchCreate) -> None:
    assert stored_and_read(batch) == batch


@given(commands(Place))
def test_a_value_of_one_of_several_types_keeps_its_type(place: Place) -> None:
    read = stored_and_read(place)
    assert read == place
    assert type(read.at) is type(place.at)


def test_fields_that_were_not_sent_are_left_out_and_nulls_are_kept() -> None:
    changes = BookChanges(due_on=None, condition=Condition.GOOD, tags=SetChange(add=("tag_1",)))
    assert stored(changes) == {"due_on": None, "condition": "GOOD", "tags": {"add": ["tag_1"]}}
    read = stored_and_read(changes)
    assert read.due_on is None
    assert read.lent_on is Unset.UNSET


def test_a_filter_is_read_as_it_was_stored() -> None:
    wanted = BookFilter(
        and_=(
            BookFilter(condition=OrderComparator(in_=(Condition.POOR, Condition.MINT))),
            BookFilter(title=TextComparator(contains="door")),
        ),
        not_=BookFilter(shelf=ShelfFilter(name=TextComparator(eq=None, starts_with=""))),
        tags=ListComparator(some=TagFilter(or_=()), none=TagFilter(name=TextComparator(contains="x"))),
        due_on=DateComparator(eq=None, gte=date(2026, 12, 1)),
        created_at=DateTimeComparator(lt=datetime(2026, 12, 1, 3, 4, 5, 678, tzinfo=UTC)),
    )
    assert stored_and_read(wanted) == wanted


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"color": "red"}, "BookChanges has no field 'color'."),
        ({"title": 3}, "Expected a value of the type str, found 3."),
        ({"pages": True}, "Expected a value of the type int, found True."),
        ({"due_on": "soon"}, "Expected a date, found 'soon'."),
        ({"condition": "GREAT"}, "Condition has no member 'GREAT'."),
        ({"tags": ["tag_1"]}, "Expected the fields of SetChange, found ['tag_1']."),
        ({"tags": {"add": "tag_1"}}, "Expected a list, found 'tag_1'."),
        ({"title": None}, "Expected a value of the type str, found None."),
    ],
)
def test_a_command_of_another_version_is_refused(found: Any, message: str) -> None:
    with pytest.raises(UnreadableCommand) as refusal:
        read_command(BookChanges, found)
    assert str(refusal.value) == message


@pytest.mark.parametrize("found", [{}, {"at": {"bytes": "x"}}, {"at": {"str": "x", "int": 1}}, {"at": "x"}])
def test_an_incomplete_or_ambiguous_command_is_refused(found: Any) -> None:
    with pytest.raises(UnreadableCommand):
        read_command(Place, found)


def test_a_type_that_cannot_be_stored_is_no_silent_loss() -> None:
    @dataclass
    class Weight:
        kilograms: float

    with pytest.raises(TypeError, match="float"):
        stored(Weight(kilograms=1.5))
