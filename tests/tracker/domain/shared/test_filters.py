import pytest

from domain.issues.priorities import Priority
from domain.issues.queries import IssueFilter, IssueQuery
from domain.labels.queries import LabelFilter
from domain.shared.filters import OrderComparator, has_conditions, without_conditions


def test_there_is_one_filter_of_each_kind_without_conditions():
    assert without_conditions(IssueFilter) is without_conditions(IssueFilter)
    assert without_conditions(LabelFilter) == LabelFilter()


@pytest.mark.parametrize("filter", [without_conditions(IssueFilter), IssueFilter(), IssueQuery().filter, LabelFilter()])
def test_filters_without_conditions_are_recognized(filter: object):
    assert not has_conditions(filter)


@pytest.mark.parametrize(
    "filter",
    [
        IssueFilter(priority=OrderComparator(eq=Priority.LOW)),
        IssueFilter(and_=()),
        LabelFilter(or_=(LabelFilter(),)),
    ],
)
def test_a_filter_with_a_field_has_conditions(filter: object):
    assert has_conditions(filter)
