from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, parse
from strawberry_compiled.testing import Difference, difference

NODES = parse("{ a b }").definitions[0].selection_set.selections  # type: ignore[union-attr, attr-defined]


def error(message: str, *path: str | int, node: Any = None, cause: Exception | None = None) -> GraphQLError:
    return GraphQLError(message, node, path=list(path), original_error=cause)


def compare(
    data: Any, other: Any = ..., errors: list[GraphQLError] | None = None, others: list[GraphQLError] | None = None
) -> Difference | None:
    """The difference, which must be found from either side."""
    one, two = ExecutionResult(data, errors), ExecutionResult(data if other is ... else other, others)
    found, back = difference(one, two), difference(two, one)
    assert found == back
    return found


@pytest.mark.parametrize("data", [None, {}, {"a": [1, None, {"b": "x"}], "c": {"d": 1.5, "e": True}}])
def test_equal_answers(data: Any):
    assert compare(data, data) is None


@pytest.mark.parametrize(
    ("one", "other", "path", "kind"),
    [
        (None, {}, (), "null on one side"),
        ({"a": 1}, {"b": 1}, (), "keys"),
        ({"a": 1}, {"a": 1, "b": 1}, (), "keys"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, (), "order of keys"),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}]}, ("a", 1, "b"), "value"),
        ({"a": 1, "b": 1}, {"a": 2, "b": 2}, ("a",), "value"),
        ({"a": 1}, {"a": True}, ("a",), "type"),
        ({"a": 1}, {"a": 1.0}, ("a",), "type"),
        ({"a": 1}, {"a": "1"}, ("a",), "type"),
        ({"a": []}, {"a": None}, ("a",), "null on one side"),
        ({"a": [1]}, {"a": [1, 1]}, ("a",), "length of the list"),
        ({"a": [1]}, {"a": {"b": 1}}, ("a",), "type"),
    ],
)
def test_the_first_difference_in_data(one: Any, other: Any, path: tuple[Any, ...], kind: str):
    assert compare(one, other) == Difference(path, kind)


def test_the_order_of_errors_is_free_and_their_number_is_not():
    data = {"a": None, "b": None}
    first, second = error("one", "a"), error("two", "b")
    assert compare(data, errors=[first, second], others=[second, first]) is None
    assert compare(data, errors=[first, second], others=[first]) == Difference(("b",), "error on one side")
    assert compare({"a": 1}, errors=[first, first], others=[first]) == Difference(("a",), "error")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (error("one", "a"), error("other", "a")),
        (error("one", "a", node=NODES[0]), error("one", "a", node=NODES[1])),
        (error("one", "a", cause=ValueError()), error("one", "a", cause=TypeError())),
        (error("one"), error("other")),
    ],
)
def test_errors_differ_in_what_clients_see(one: GraphQLError, other: GraphQLError):
    assert compare({"a": None}, errors=[one], others=[other]) == Difference(tuple(one.path or ()), "error")
    assert compare({"a": None}, errors=[one], others=[one]) is None


def test_below_the_same_null_the_failing_field_may_differ():
    data = {"a": [None, 1]}
    assert compare(data, errors=[error("x", "a", 0, "b")], others=[error("y", "a", 0, "c")]) is None
    assert compare(None, errors=[error("x", "a")], others=[error("y", "b"), error("z", "c")]) is None
    assert compare(data, errors=[error("x", "a", 0, "b")]) == Difference(("a", 0), "error on one side")
    # The list may have failed before an item or after it, but fails in one way only.
    assert compare(data, errors=[error("x", "a", 0)], others=[error("y", "a", 0, "b")]) is None
    assert compare(data, errors=[error("x", "a", 0)], others=[error("y", "a", 0)]) == Difference(("a", 0), "error")
    # Nor do positions that are not null.
    assert compare(data, errors=[error("x", "a", 1)], others=[error("y", "a", 1)]) == Difference(("a", 1), "error")
