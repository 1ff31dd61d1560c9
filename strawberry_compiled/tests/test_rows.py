"""Rows in place of objects: answers equal those from objects, and functions are asked for rows wherever possible."""

import gc
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, OperationDefinitionNode, parse
from row_schema import BROKEN, COMMENTS, FIRST, ROW_TYPES, SECOND, TASKS, TEXT, Context, Mutation, Query
from strawberry_compiled.row_blocks import shown
from strawberry_compiled.strawberry_internals import core_schema
from strawberry_compiled.testing import difference

from strawberry_compiled import (
    Column,
    CompiledExecutor,
    CompiledOperation,
    ListsOfRows,
    Rows,
    RowType,
    explain,
    fallbacks,
)

NULLABLE = Column(str, is_nullable=True)


def with_rows(row_types: Mapping[str, RowType], **settings: bool) -> strawberry.Schema:
    executor = type("WithRows", (CompiledExecutor,), {"row_types": row_types, **settings})
    return strawberry.Schema(Query, Mutation, execution_context_class=executor)


STOCK = strawberry.Schema(Query, Mutation)
SCHEMAS = [with_rows(ROW_TYPES), with_rows(ROW_TYPES, awaits_one_by_one=True, shares_arguments=True)]


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


@contextmanager
def replace_comments(index: int, comments: list[Any]) -> Iterator[None]:
    key = TASKS[index].id
    before, COMMENTS[key] = COMMENTS[key], comments
    yield
    COMMENTS[key] = before


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


async def test_positions_with_equal_arguments_share_a_call_for_the_columns_of_all() -> None:
    selection = "a: comments { total } b: comments { nodes { id } } c: comments(first: 1) { total }"
    _, asked = await answers(f"{{ list {{ task {{ {selection} }} }} }}")
    assert asked == [("task", {"id"}), ("comments", {"total", "nodes.id"}), ("comments", {"total"})]


async def test_fields_with_one_load_share_its_columns() -> None:
    _, asked = await answers("{ list { task { owner { id } helper { name } team { id } floor label } } }")
    assert sorted(asked[1:]) == [("people", {"id", "name"}), ("places", {"team.id", "team.name", "floor"})]


async def test_rows_of_loads_are_kept_for_later_waves() -> None:
    text = "{ list { task { owner { id name } comments { nodes { author { id name } } } } } }"
    _, context = await run(SCHEMAS[1], text)
    assert [name for name, _ in context.asked] == ["task", "comments", "people"]
    _, context = await run(SCHEMAS[0], text)
    assert [name for name, _ in context.asked] == ["task", "comments", "people", "people"]


@pytest.mark.parametrize(
    ("selection", "name", "reason"),
    [
        ("points", "task", "Task.points: the column does not prove a valid Float"),
        ("secret", "task", "Task.secret: a batch field without `needs`"),
        ("unclear", "task", "Task.unclear: what `show` reads is not declared"),
        ("owner { shout }", "people", "Person.shout: not an attribute or batch field"),
        ("comments { nodes { __typename } }", "comments", "Page.nodes: a list without columns"),
        ("comments { nodes { author { shout } } }", "people", "Person.shout: not an attribute or batch field"),
    ],
)
async def test_functions_are_asked_for_objects_otherwise(selection: str, name: str, reason: str) -> None:
    text = f"{{ list {{ task {{ {selection} }} }} }}"
    _, asked = await answers(text)
    assert [projection for each, projection in asked if each == name] == [None]
    assert f": objects: {reason}" in explain(SCHEMAS[0], text)


@pytest.mark.parametrize(
    ("type_name", "row_type", "reason"),
    [
        ("Team", None, "Team has no RowType"),
        ("Team", RowType({"id": TEXT}), "Team.name: not among the columns of the RowType"),
        ("Team", RowType({"id": TEXT, "name": NULLABLE}), "Team.name: a nullable column under a non-null field"),
        ("Team", RowType({"id": TEXT, "name": Column(int)}), "Team.name: the column does not prove a valid String"),
        ("Person", RowType({"id": TEXT}), "Person.name: not among the columns of the RowType"),
        ("Comment", RowType({"text": TEXT}), "Comment.author: needs author_id, which is not a column"),
        ("Page", RowType(lists=frozenset({"nodes"})), "Page.info: not among the columns, objects and lists"),
    ],
)
async def test_what_a_row_type_leaves_out_is_asked_for_as_objects(
    type_name: str, row_type: RowType | None, reason: str
) -> None:
    text = """{ list { task { team { id name } owner { name } comments {
        info { cursor } nodes { text author { name } }
    } } } }"""
    row_types = {**ROW_TYPES, type_name: row_type}
    if row_type is None:
        del row_types[type_name]
    schema = with_rows({name: each for name, each in row_types.items() if each is not None})
    stock, _ = await run(STOCK, text)
    found, _ = await run(schema, text)
    assert difference(stock, found) is None
    assert f": objects: {reason}" in explain(schema, text)


async def test_mutations_are_asked_for_objects() -> None:
    _, asked = await answers("mutation { change { tasks { id title } } }")
    assert asked == [("tasks", None)]


@pytest.mark.parametrize("name", ["tasks", "comments", "people", "places", "watchers"])
@pytest.mark.parametrize(
    "change",
    [
        lambda answer: ValueError("nothing"),
        lambda answer: answer if isinstance(answer, dict) else list(answer)[:-1],
        lambda answer: {} if isinstance(answer, dict) else [None, *answer[1:]],
        lambda answer: (
            dict.fromkeys(answer, ValueError("one")) if isinstance(answer, dict) else [ValueError("one"), *answer[1:]]
        ),
    ],
    ids=["raises", "too few", "null", "exceptions"],
)
async def test_objects_in_answer_to_a_projection_fail_as_ever(name: str, change: Any) -> None:
    def changed(each: str, answer: Any) -> Any:
        if each != name:
            return answer
        found = change(answer)
        if isinstance(found, ValueError):
            raise found
        return found

    selection = """title team { id } label owner { name } helper { id } watchers { name }
        comments { total nodes { text author { id } } }"""
    for field in ("tasks", "task"):
        text = f"{{ list {{ id {field} {{ {selection} }} }} }}"
        stock, _ = await run(STOCK, text, change=changed, rows=False)
        for schema in SCHEMAS:
            found, _ = await run(schema, text, change=changed, rows=False)
            assert difference(stock, found) is None, (stock, found)


async def test_an_object_in_place_of_a_list_is_an_error_though_lists_have_shown_its_class() -> None:
    def changed(name: str, answer: Any) -> Any:
        if name != "watchers":
            return answer
        people = next(each for each in answer if each)
        return [people] * (len(answer) - 1) + [people[0]]

    text = "{ list { id tasks { title watchers { name } } } }"
    stock, _ = await run(STOCK, text, change=changed, rows=False)
    assert stock.errors is not None
    assert [error.message[:17] for error in stock.errors] == ["Expected Iterable"]
    for schema in SCHEMAS:
        found, _ = await run(schema, text, change=changed, rows=False)
        assert difference(stock, found) is None, (stock, found)


async def test_rows_and_objects_wait_for_one_call() -> None:
    """The tasks of the list are rows, and the task at the root is an object."""
    selection = "owner { name } watchers { id } comments { total nodes { length author { name } } } label team { name }"
    _, context = await run(SCHEMAS[0], f"{{ list {{ tasks {{ {selection} }} }} own {{ {selection} }} }}")
    await answers(f"{{ list {{ tasks {{ {selection} }} task {{ {selection} }} }} own {{ {selection} }} }}")
    assert context.asked.count(("watchers", {"id"})) == 2


async def test_errors_below_rows_have_their_position() -> None:
    broken = replace_comments(1, [FIRST, BROKEN])
    with broken:
        text = "{ list { tasks { comments { nodes { id length } edges { node { length author { name } } } } } } }"
        answer, _ = await answers(text)
    assert answer.data == {"list": None} or answer.errors
    places = sorted([tuple(error.path or ()) for error in answer.errors or ()], key=str)
    assert ("list", "tasks", 1, "comments", "nodes", 1, "length") in places


async def test_an_error_in_a_row_nulls_what_cannot_be_without_it() -> None:
    with replace_comments(0, [BROKEN, SECOND]):
        answer, _ = await answers("{ list { tasks { latest { length } comments { nodes { text author { id } } } } } }")
    assert answer.errors


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        ("tasks", ListsOfRows(Rows([("calm",)]), [slice(1)]), "IndexError: tuple index out of range"),
        ("tasks", ListsOfRows(Rows([]), []), "A batch function returned 0 results for 1 parents."),
        ("tasks", Rows([("x", "y", "z")]), "AttributeError: 'Rows' object has no attribute 'slices'"),
        ("task", Rows([None]), "TypeError: 'NoneType' object is not subscriptable"),
        ("task", Rows([("calm",)]), "IndexError: tuple index out of range"),
        ("task", Rows([("sad", "x", "x")]), "KeyError: 'sad'"),
    ],
)
async def test_rows_that_break_a_promise_are_the_error_of_the_field(name: str, rows: Any, message: str) -> None:
    text = f"{{ list {{ id {name} {{ mood title owner {{ id }} }} }} }}"
    for schema in SCHEMAS:
        found, _ = await run(schema, text, change=lambda each, answer: rows if each == name else answer)
        assert found.data is None
        [error] = found.errors or ()
        assert error.path == ["list", name]
        assert error.message.endswith(message)


async def test_the_memory_of_rows_is_not_underestimated() -> None:
    text = """{ list { tasks { id title mood note owner { id name } helper { id name } team { id name } floor label
        watchers { id name } comments { total nodes { id text author { id name } } }
        latest { id text replies { id text } author { id name } } } } }"""

    async def plan(row_types: Mapping[str, RowType]) -> tuple[int, int]:
        """Memory of the plan, and its estimate."""
        document, schema = parse(text), core_schema(STOCK)
        executor = CompiledExecutor.build(schema, document, context_value=Context())
        assert isinstance(executor, CompiledExecutor)
        operation = document.definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        executor.compiled = compiled = CompiledOperation(schema, operation, {}, row_types=row_types)
        answer: Any = await executor.execute_operation()
        assert not answer.errors
        del executor, answer
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before, compiled.size

    tracemalloc.start()
    try:
        for _ in range(3):  # the first plan of a schema fills caches
            [objects, estimated_objects], [rows, estimated_rows] = await plan({}), await plan(ROW_TYPES)
    finally:
        tracemalloc.stop()
    assert objects < estimated_objects < 2 * objects
    assert rows < estimated_rows < 2 * rows
    assert rows < 0.8 * objects  # functions for objects are generated when an object is met


def numbers(slices: Sequence[slice], count: int) -> tuple[list[int], list[list[int]], bool]:
    """The rows that are shown, the lists that their slices make of them, and whether they are the given ones."""
    given = Rows([(number,) for number in range(count)])
    found, own = shown(given, slices)
    records = [record[0] for record in found.records]
    return records, [records[each] for each in own], found is given


@pytest.mark.parametrize(
    ("slices", "count", "records", "is_given"),
    [
        ([slice(0, 2), slice(2, 3)], 3, [0, 1, 2], True),
        ([slice(0, 2), slice(0, 0), slice(7, 7), slice(2, 3)], 3, [0, 1, 2], True),
        ([slice(0, 1), slice(2, 3)], 4, [0, 2], False),
        ([slice(0, 3)], 4, [0, 1, 2], False),
        ([slice(1, 3), slice(0, 2)], 3, [1, 2, 0, 1], False),
        ([slice(None), slice(None, 1), slice(-1, None)], 2, [0, 1, 0, 1], False),
        ([slice(None, None, -1)], 2, [1, 0], False),
        ([], 2, [], False),
    ],
)
def test_rows_below_which_fields_are_written_are_there_once_and_in_order(
    slices: list[slice], count: int, records: list[int], is_given: bool
) -> None:
    assert numbers(slices, count) == (records, [list(range(count))[each] for each in slices], is_given)


async def test_a_row_that_several_lists_show_has_a_position_in_each() -> None:
    """The function of `length` gets a parent for each position, and fails at each."""
    shared = ListsOfRows(Rows([("c3",)]), [slice(1), slice(0), slice(1)])
    found, context = await run(
        SCHEMAS[0],
        "{ list { tasks { latest { length } } } }",
        change=lambda name, answer: shared if name == "latest" else answer,
    )
    assert ("length", ["c3", "c3"]) in context.asked
    assert found.data is None
    assert {error.message for error in found.errors or ()} == {"no length"}
