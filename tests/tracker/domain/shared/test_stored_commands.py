import json
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.issues.batch_commands import IssueBatchUpdate, IssueSelection
from domain.issues.commands import IssueChanges, IssueMove, IssueMoveState
from domain.issues.priorities import Priority
from domain.issues.queries import IssueFilter
from domain.labels.queries import LabelFilter
from domain.projects.queries import StateFilter
from domain.shared.filters import DateComparator, DateTimeComparator, ListComparator, OrderComparator, TextComparator
from domain.shared.many import OnError
from domain.shared.sets import SetChange
from domain.shared.stored_commands import UnreadableCommand, read_command, stored
from domain.shared.unset import Unset
from tests.examples import share_of


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
@given(commands(IssueChanges))
def test_any_change_of_an_issue_is_read_as_it_was_stored(changes: IssueChanges) -> None:
    assert stored_and_read(changes) == changes


def test_the_command_of_a_batch_run_is_read_as_it_was_stored() -> None:
    command = IssueBatchUpdate(
        workspace_id="wsp_1",
        select=IssueSelection(filter=IssueFilter(priority=OrderComparator(eq=Priority.NONE), text="door")),
        change=IssueChanges(move=IssueMove(project_id="prj_1", state=IssueMoveState(id="sta_1")), due_date=None),
        on_error=OnError.SKIP,
        expected_count=1_001,
        expected_revision=7,
    )
    assert stored_and_read(command) == command


@given(commands(Place))
def test_a_value_of_one_of_several_types_keeps_its_type(place: Place) -> None:
    read = stored_and_read(place)
    assert read == place
    assert type(read.at) is type(place.at)


def test_fields_that_were_not_sent_are_left_out_and_nulls_are_kept() -> None:
    changes = IssueChanges(due_date=None, priority=Priority.HIGH, labels=SetChange(add=("lab_1",)))
    assert stored(changes) == {"due_date": None, "priority": "HIGH", "labels": {"add": ["lab_1"]}}
    read = stored_and_read(changes)
    assert read.due_date is None
    assert read.start_date is Unset.UNSET


def test_a_filter_is_read_as_it_was_stored() -> None:
    wanted = IssueFilter(
        and_=(IssueFilter(priority=OrderComparator(in_=(Priority.LOW, Priority.NONE))), IssueFilter(text="door")),
        not_=IssueFilter(state=StateFilter(name=TextComparator(eq=None, starts_with=""))),
        labels=ListComparator(some=LabelFilter(or_=()), none=LabelFilter(name=TextComparator(contains="x"))),
        due_date=DateComparator(eq=None, gte=date(2026, 12, 1)),
        created_at=DateTimeComparator(lt=datetime(2026, 12, 1, 3, 4, 5, 678, tzinfo=UTC)),
    )
    assert stored_and_read(wanted) == wanted


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"color": "red"}, "IssueChanges has no field 'color'."),
        ({"title": 3}, "Expected a value of the type str, found 3."),
        ({"estimate": True}, "Expected a value of the type int, found True."),
        ({"due_date": "soon"}, "Expected a date, found 'soon'."),
        ({"priority": "GREAT"}, "Priority has no member 'GREAT'."),
        ({"labels": ["lab_1"]}, "Expected the fields of SetChange, found ['lab_1']."),
        ({"labels": {"add": "lab_1"}}, "Expected a list, found 'lab_1'."),
        ({"title": None}, "Expected a value of the type str, found None."),
    ],
)
def test_a_command_of_another_version_is_refused(found: Any, message: str) -> None:
    with pytest.raises(UnreadableCommand) as refusal:
        read_command(IssueChanges, found)
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
