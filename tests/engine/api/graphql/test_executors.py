"""Executors of known operations have the variables that graphql-core gives them, and its errors."""

from typing import Any

import pytest
from graphql import GraphQLError, GraphQLScalarType, GraphQLSchema, OperationDefinitionNode, build_schema, parse
from graphql.execution import values as core
from graphql.execution.values import get_variable_values

from api.graphql.executors import ExecutorParts
from tests import api_defaults
from tests.engine.api.graphql.runner_world import World

DECLARED = """
query Q(
  $text: String, $number: Int!, $size: Size, $wish: Wish, $either: Either, $even: Even
  $rows: [[Int!]], $ids: [ID!] = ["a"], $limit: Int = 3, $hidden: Int! = 4
) { __typename ...F }
fragment F on Query { a(wish: $wish) }
"""
TEXT = """
enum Size { SMALL LARGE }
scalar Even
input Wish { name: String!, count: Int = 2, below: Wish, size: Size, all: [Wish!] }
input Either @oneOf { a: Int, b: String }
type Query { id: ID, a(wish: Wish, either: Either, even: Even): Int }
"""
GIVEN: list[dict[str, Any]] = [
    {"number": 1},
    {"number": 1, "text": None, "wish": None, "rows": None},
    {"number": 2.0, "text": "a", "size": "LARGE", "rows": [[1, 2], None], "unknown": 1},
    {"number": 1, "rows": 7},
    {"number": 1, "wish": {"name": "a", "below": {"name": "b", "count": None, "all": {"name": "c"}}}},
    {"number": 1, "either": {"a": 1}},
    {"number": 1, "even": 4},
    {"number": 1, "ids": ["b", 3], "limit": None, "hidden": 5},
    {},
    {"number": None},
    {"number": "1"},
    {"number": 2**31},
    {"number": 1.5},
    {"number": True},
    {"number": 1, "text": 5},
    {"number": 1, "size": "large"},
    {"number": 1, "size": 1},
    {"number": 1, "wish": {}},
    {"number": 1, "wish": {"name": None}},
    {"number": 1, "wish": {"name": "a", "other": 1}},
    {"number": 1, "wish": {"name": "a", "all": [{"name": "a"}, {"count": 1}]}},
    {"number": 1, "wish": []},
    {"number": 1, "either": {"a": 1, "b": "x"}},
    {"number": 1, "either": {"a": None}},
    {"number": 1, "even": 3},
    {"number": 1, "rows": [[None]]},
    {"number": 1, "hidden": None},
]


def even(value: Any) -> int:
    if value % 2:
        raise GraphQLError("odd")
    return int(value)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    built = build_schema(TEXT)
    scalar = built.type_map["Even"]
    assert isinstance(scalar, GraphQLScalarType)
    scalar.coerce_input_value = even
    return built


def parts_of(schema: GraphQLSchema, text: str) -> tuple[ExecutorParts, OperationDefinitionNode]:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return ExecutorParts.of(schema, document, operation), operation


def with_all(given: dict[str, Any]) -> dict[str, Any]:
    return {"ids": [], "limit": 1, "hidden": 1, **given}


@pytest.mark.parametrize("given", [*GIVEN, *map(with_all, GIVEN)], ids=repr)
def test_variables_are_those_of_graphql_core(schema: GraphQLSchema, given: dict[str, Any]) -> None:
    parts, operation = parts_of(schema, DECLARED)
    expected = get_variable_values(schema, operation.variable_definitions or (), given)
    found = parts.values(given)
    if isinstance(expected, list):
        assert found is None
    elif {"ids", "limit", "hidden"} <= given.keys():
        assert found is not None
        assert found.coerced == expected.coerced
        assert list(found.coerced) == list(expected.coerced)
        assert {name: each.value for name, each in found.sources.items()} == {
            name: each.value for name, each in expected.sources.items()
        }
    else:
        assert found is None  # graphql-core takes the default values


def test_values_nested_too_deeply_are_left_to_graphql_core(schema: GraphQLSchema) -> None:
    wish: dict[str, Any] = {"name": "a"}
    for _ in range(2_000):
        wish = {"name": "a", "below": wish}
    parts, operation = parts_of(schema, "query ($wish: Wish) { a(wish: $wish) }")
    [error] = get_variable_values(schema, operation.variable_definitions or (), {"wish": wish})
    assert isinstance(error, GraphQLError)
    assert error.message == "Variable values are nested too deeply."
    assert parts.values({"wish": wish}) is None


@pytest.mark.parametrize("given", [{}, {"owners": None}, {"owners": ["ada", 3]}, {"owners": {"a": 1}}], ids=repr)
async def test_wrong_variables_have_equal_errors_in_all_runs(given: dict[str, Any]) -> None:
    world = World(api_defaults.execution())
    text = "query Tasks($owners: [String!]!) { tasks(owners: $owners) { title } }"
    errors = []
    for _ in range(4):
        result = await world.run(text, **given)
        await world.runner.settle_compilations()
        assert result.data is None
        errors.append([error.formatted for error in result.errors or ()])
    assert errors[0]
    assert errors == [errors[0]] * 4


async def test_types_of_variables_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(api_defaults.execution())
    text = "query Tasks($owners: [String!]!) { tasks(owners: $owners) { ...F } } fragment F on Task { title }"
    for _ in range(3):
        await world.data(text, owners=["ada"])
        await world.runner.settle_compilations()
    monkeypatch.setattr(core, "get_variable_signature", None)
    assert await world.data(text, owners=["ada", "bob"]) == {"tasks": [{"title": "of ada"}, {"title": "of bob"}]}
