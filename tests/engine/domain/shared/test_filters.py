import pytest

from domain.shared.filters import OrderComparator, has_conditions, without_conditions
from tests.sample.domain.conditions import Condition
from tests.sample.domain.queries import BookFilter, BookQuery, TagFilter


def test_there_is_one_filter_of_each_kind_without_conditions():
    assert without_conditions(BookFilter) is without_conditions(BookFilter)
    assert without_conditions(TagFilter) == TagFilter()


@pytest.mark.parametrize("filter", [without_conditions(BookFilter), BookFilter(), BookQuery().filter, TagFilter()])
def test_filters_without_conditions_are_recognized(filter: object):
    assert not has_conditions(filter)


@pytest.mark.parametrize(
    "filter",
    [
        BookFilter(condition=OrderComparator(eq=Condition.POOR)),
        BookFilter(and_=()),
        TagFilter(or_=(TagFilter(),)),
    ],
)
def test_a_filter_with_a_field_has_conditions(filter: object):
    assert has_conditions(filter)
