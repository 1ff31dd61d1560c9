"""Rows in place of objects: answers equal those from objects, and functions are asked for rows wherever possible."""

from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult
from row_schema import ROW_TYPES, Context, Mutation, Query
from strawberry_compiled.testing import difference

from strawberry_compiled import CompiledExecutor, fallbacks


class WithRows(CompiledExecutor):
    row_types = ROW_TYPES


class OneByOne(WithRows):
    awaits_one_by_one = True
    shares_arguments = True


STOCK = strawberry.Schema(Query, Mutation)
SCHEMAS = [strawberry.Schema(Query, Mutation, execution_context_class=each) for each in (WithRows, OneByOne)]


async def run(schema: strawberry.Schema, text: str, **settings: Any) -> tuple[ExecutionResult, Context]:
    context, before = Context(**settings), fallbacks.total()
    result: Any = await schema.execute(text, context_value=context)
    assert fallbacks.total() == before
    return result, context


async def answers(text: str, **settings: Any) -> tuple[ExecutionResult, list[Any]]:
    """The answer, equal in all ways of execution, and what was asked with rows."""
    stock, _ = await run(STOCK, text, **settings)
    asked = []
    for schema in SCHEMAS:
        for rows in (False, True):
            found, context = await run(schema, text, **{"rows": rows, **settings})
            assert difference(stock, found) is None, (stock, found)
            asked.append(context.asked)
    return stock, asked[1]


def asks_for_objects(asked: list[Any], name: str) -> bool:
    [projection] = [projection for each, projection in asked if each == name]
    return projection is None


@pytest.mark.parametrize(
    ("selection", "projection"),
    [
        ("id title mood note isDone madeAt", {"id", "title", "mood", "note", "is_done", "made_at"}),
        ("a: id b: id __typename kind: __typename", {"id"}),
        ("__typename", set()),
        ("meta { rank kind: __typename }", {"meta.rank"}),
        ("title meta { keeper { name } rank }", {"title", "meta.keeper_id", "meta.rank"}),
        ("id owner { id name } helper { name }", {"id", "owner_id", "helper_id"}),
        ("team { name } floor label", {"place_id", "number"}),
        ("watchers { name }", {"id", "meta.rank"}),
        ("... on Task { title } ...F", {"title", "id"}),
    ],
)
@pytest.mark.parametrize("field", ["task(number: 2)", "tasks"])
async def test_the_projection_has_the_columns_that_are_needed(field: str, selection: str, projection: set[str]) -> None:
    fragment = "fragment F on Task { id }" if "...F" in selection else ""
    _, asked = await answers(f"{{ list {{ id {field} {{ {selection} }} }} }} {fragment}")
    assert asked[0] == (field.partition("(")[0], projection)


async def test_a_connection_is_one_source_with_lists() -> None:
    selection = "comments { total info { cursor hasMore } nodes { text author { name } } edges { cursor node { id } } }"
    answer, asked = await answers(f"{{ list {{ tasks {{ {selection} }} }} }}")
    names = {"total", "info.cursor", "info.has_more", "nodes.text", "nodes.author_id", "edges.cursor", "edges.node.id"}
    assert asked == [("tasks", {"id"}), ("comments", names), ("people", {"name"})]
    assert answer.data is not None
    first, second, _ = (task["comments"] for task in answer.data["list"]["tasks"])
    assert second == {"total": 0, "info": {"cursor": None, "hasMore": False}, "nodes": [], "edges": []}
    assert [each["author"]["name"] for each in first["nodes"]] == ["Ada", "Bob"]


@pytest.mark.parametrize(
    "selection",
    [
        "comments { nodes { id replies { text } } }",
        "comments { nodes { length replies { id } } edges { node { length author { id } replies { id } } } }",
        "comments { edges { node { __typename author { name } } } }",
        "latest { text replies { id text } author { name } length }",
        "a: comments(first: 1) { nodes { id } } b: comments(first: 1) { total nodes { text author { id } } }",
        "a: comments { info { cursor } } b: comments(first: 1) { total } c: comments { edges { cursor } }",
        "owner { name } helper { id } meta { keeper { id name } } comments { nodes { author { name } } }",
        "team { id } again: team { name } floor label unclear",
        "secret id",
        "points owner { name }",
        "owner { name shout }",
        "comments { nodes { __typename } }",
        "comments { nodes { author { shout } } total }",
        "watchers { __typename } helper { __typename }",
    ],
)
async def test_answers_are_equal_whatever_is_selected(selection: str) -> None:
    await answers(f"{{ list {{ tasks {{ {selection} }} task(number: 3) {{ {selection} }} }} own {{ {selection} }} }}")
