"""Batch fields under both executors: values loaded together, values loaded once, and values that fail alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult

from strawberry_compiled import CompiledExecutor, batched, fallbacks, related


@dataclass(slots=True)
class Context:
    asked: list[Any] = field(default_factory=list)
    loaders: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    id: int
    creator_id: Any
    helper_id: str | None = None


PEOPLE = {key: PersonRow(key, name) for key, name in (("a", "Ada"), ("b", "Bob"), ("c", "Cyd"))}
TASKS = [TaskRow(1, "a", "b"), TaskRow(2, "b"), TaskRow(3, "a", "a")]


async def people(info: strawberry.Info, keys: Sequence[str]) -> Mapping[str, Any]:
    info.context.asked.append(("people", list(keys)))
    return {key: PEOPLE[key] for key in keys if key in PEOPLE}


def line_of(task: TaskRow, person: PersonRow) -> str:
    if task.id == 2:
        raise ValueError("no line")
    return f"{task.id} {person.name}"


def reader_of(task: TaskRow, person: PersonRow) -> PersonRow:
    return person if task.id == 1 else PEOPLE["c"]


@strawberry.type
class Person:
    id: strawberry.ID
    name: str


@strawberry.type
class Task:
    id: int
    creator: Person = related("creator_id", people, graphql_type=Person, description="Who made it.")
    helper: Person | None = related("helper_id", people, graphql_type=Person | None, description="Who helps.")
    creator_name: str | None = related(
        "creator_id", people, pick="name", graphql_type=str | None, description="The name alone."
    )

    line: str | None = related(
        "creator_id", people, show=line_of, graphql_type=str | None, description="Number of the task, and the name."
    )
    reader: Person | None = related(
        "creator_id", people, show=reader_of, graphql_type=Person | None, description="Another person for each task."
    )

    @batched(graphql_type=list[Person], description="Those who read along.")
    async def readers(tasks: Sequence[TaskRow], info: strawberry.Info, most: int = 2) -> Sequence[Any]:
        info.context.asked.append(("readers", [task.id for task in tasks], most))
        return [list(PEOPLE.values())[:most] for _ in tasks]

    @batched(graphql_type=int, description="Fails for the second, and for all if there are four.")
    async def points(tasks: Sequence[TaskRow], info: strawberry.Info) -> Sequence[Any]:
        if len(tasks) == 4:
            return [1]
        return [ValueError("no points") if task.id == 2 else task.id * 10 for task in tasks]

    @batched(graphql_type=int | None, description="Gives a mapping by mistake.")
    async def ranks(tasks: Sequence[TaskRow], info: strawberry.Info) -> Any:
        return {task.id: task.id for task in tasks}


@strawberry.type
class Query:
    @strawberry.field
    def tasks(self, of: list[int] | None = None) -> list[Task]:
        return [TASKS[number - 1] for number in of or (1, 2, 3)]  # type: ignore[misc]  # rows are shown as tasks

    @strawberry.field
    def task(self, unhashable: bool = False) -> Task | None:
        return TaskRow(9, ["x"] if unhashable else "nobody")  # type: ignore[return-value]

    @strawberry.field
    def word(self) -> str:
        return "x"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def rename(self, info: strawberry.Info, name: str) -> Task:
        info.context.loaders.clear()
        PEOPLE["a"] = PersonRow("a", name)
        return TASKS[0]  # type: ignore[return-value]


STOCK = strawberry.Schema(Query, Mutation)
COMPILED = strawberry.Schema(Query, Mutation, execution_context_class=CompiledExecutor)


class OneByOne(CompiledExecutor):
    awaits_one_by_one = True
    shares_arguments = True


FRUGAL = strawberry.Schema(Query, Mutation, execution_context_class=OneByOne)
EVERY = pytest.mark.parametrize("schema", [STOCK, COMPILED, FRUGAL], ids=["stock", "compiled", "one by one"])
PLANNED = pytest.mark.parametrize("schema", [COMPILED, FRUGAL], ids=["compiled", "one by one"])


async def run(schema: strawberry.Schema, text: str, **variables: Any) -> tuple[ExecutionResult, list[Any]]:
    context, before = Context(), fallbacks.total()
    result: Any = await schema.execute(text, variable_values=variables, context_value=context)
    assert fallbacks.total() == before
    return result, context.asked


def told(result: ExecutionResult) -> list[tuple[str, list[Any] | None]]:
    return [(error.message, error.path) for error in result.errors or ()]


@EVERY
async def test_equal_keys_of_several_places_are_loaded_once(schema: strawberry.Schema):
    result, asked = await run(schema, "{ tasks { creator { name } helper { id } creatorName } }")
    assert asked == [("people", ["a", "b"])]
    assert not result.errors
    assert result.data == {
        "tasks": [
            {"creator": {"name": "Ada"}, "helper": {"id": "b"}, "creatorName": "Ada"},
            {"creator": {"name": "Bob"}, "helper": None, "creatorName": "Bob"},
            {"creator": {"name": "Ada"}, "helper": {"id": "a"}, "creatorName": "Ada"},
        ]
    }


@PLANNED
async def test_places_with_equal_arguments_share_a_call(schema: strawberry.Schema):
    text = "{ tasks { id a: readers { id } b: readers(most: 2) { name } c: readers(most: 1) { id } } }"
    result, asked = await run(schema, text)
    assert sorted(asked) == [("readers", [1, 2, 3], 1), ("readers", [1, 2, 3, 1, 2, 3], 2)]
    assert result.data is not None
    assert result.data["tasks"][2] == {
        "id": 3,
        "a": [{"id": "a"}, {"id": "b"}],
        "b": [{"name": "Ada"}, {"name": "Bob"}],
        "c": [{"id": "a"}],
    }


@EVERY
async def test_a_value_of_the_parent_and_the_entity_shares_the_read(schema: strawberry.Schema) -> None:
    result, asked = await run(schema, "{ tasks { creator { name } line reader { name } } }")
    assert asked == [("people", ["a", "b"])]
    assert result.data == {
        "tasks": [
            {"creator": {"name": "Ada"}, "line": "1 Ada", "reader": {"name": "Ada"}},
            {"creator": {"name": "Bob"}, "line": None, "reader": {"name": "Cyd"}},
            {"creator": {"name": "Ada"}, "line": "3 Ada", "reader": {"name": "Cyd"}},
        ]
    }
    assert told(result) == [("no line", ["tasks", 1, "line"])]


def test_a_field_shows_an_attribute_or_a_computed_value() -> None:
    with pytest.raises(TypeError, match="not both"):
        related("creator_id", people, pick="name", show=line_of, graphql_type=str, description="Both.")


@EVERY
async def test_an_exception_for_one_parent_is_that_parents_error(schema: strawberry.Schema):
    result, _ = await run(schema, "{ tasks(of: [1, 2]) { points } }")
    assert result.data is None
    assert told(result) == [("no points", ["tasks", 1, "points"])]


@EVERY
async def test_a_wrong_number_of_results_is_every_parents_error(schema: strawberry.Schema):
    result, _ = await run(schema, "{ tasks(of: [1, 1, 1, 1]) { points } }")
    assert result.data is None
    assert told(result)[0][0] == "A batch function returned 1 results for 4 parents."


@EVERY
async def test_a_mapping_is_taken_as_what_iterating_it_gives(schema: strawberry.Schema):
    result, _ = await run(schema, "{ tasks { ranks } }")
    assert result.data == {"tasks": [{"ranks": 1}, {"ranks": 2}, {"ranks": 3}]}


@EVERY
async def test_a_key_that_finds_nothing_is_null_where_that_is_possible(schema: strawberry.Schema):
    result, _ = await run(schema, "{ task { id creatorName line } }")
    assert (result.data, result.errors) == ({"task": {"id": 9, "creatorName": None, "line": None}}, None)
    result, _ = await run(schema, "{ task { id creator { id } } }")
    assert result.data == {"task": None}
    assert told(result) == [("Cannot return null for non-nullable field Task.creator.", ["task", "creator"])]


@EVERY
async def test_a_key_that_cannot_be_hashed_fails_its_field_only(schema: strawberry.Schema):
    result, _ = await run(schema, "{ task(unhashable: true) { id creatorName } word }")
    assert result.data == {"task": {"id": 9, "creatorName": None}, "word": "x"}
    assert told(result) == [("unhashable type: 'list'", ["task", "creatorName"])]


@EVERY
async def test_each_mutation_reads_what_those_before_it_changed(schema: strawberry.Schema):
    text = 'mutation { a: rename(name: "Eve") { creator { name } } b: rename(name: "Ada") { creator { name } } }'
    result, asked = await run(schema, text)
    assert result.data == {"a": {"creator": {"name": "Eve"}}, "b": {"creator": {"name": "Ada"}}}
    assert asked == [("people", ["a"])] * 2


@PLANNED
async def test_equal_keys_share_their_data_as_long_as_nothing_has_failed(schema: strawberry.Schema):
    result, _ = await run(schema, "{ tasks { creator { id name } } }")
    assert result.data is not None
    first, second, third = (task["creator"] for task in result.data["tasks"])
    assert first is third
    assert first is not second


@PLANNED
async def test_null_in_a_condition_is_an_error_even_after_false(schema: strawberry.Schema):
    text = "query ($if: Boolean = true) { word @skip(if: $if) other: word }"
    assert (await run(schema, text, **{"if": False}))[0].data == {"word": "x", "other": "x"}
    assert (await run(schema, text, **{"if": True}))[0].data == {"other": "x"}
    stock: Any = await STOCK.execute(text, variable_values={"if": None})
    planned: Any = await schema.execute(text, variable_values={"if": None})
    assert stock.errors
    assert (planned.data, told(planned)) == (stock.data, told(stock))
