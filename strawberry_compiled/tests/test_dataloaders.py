"""DataLoaders behind `related` fields, and in resolvers as they are."""

from collections.abc import Sequence
from typing import Any

import pytest
import strawberry
from strawberry.dataloader import DataLoader

from strawberry_compiled import CompiledExecutor, loaded_by, related

NAMES = {1: "Ada", 2: "Bob"}
EVERY = pytest.mark.parametrize("executor", [None, CompiledExecutor], ids=["stock", "compiled"])


class People:
    """A DataLoader and the keys that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.loader: DataLoader[int, Any] = DataLoader(load_fn=self.find)

    async def find(self, keys: list[int]) -> Sequence[Any]:
        self.asked.append(keys)
        return [Person(name=NAMES[key]) if key in NAMES else ValueError(f"nobody {key}") for key in keys]


people = loaded_by(lambda info: info.context["people"].loader)


@strawberry.type
class Person:
    name: str


@strawberry.type
class Task:
    author_id: strawberry.Private[int | None]
    author: Person | None = related("author_id", people, graphql_type=Person | None, description="Author of the task.")

    @strawberry.field
    async def loaded(self, info: strawberry.Info) -> Person | None:
        found: Person = await info.context["people"].loader.load(self.author_id)
        return found


@strawberry.type
class Query:
    @strawberry.field
    def tasks(self, of: list[int | None]) -> list[Task]:
        return [Task(author_id=number) for number in of]


def schema_of(executor: Any) -> strawberry.Schema:
    return strawberry.Schema(Query, execution_context_class=executor)


@EVERY
async def test_a_dataloader_loads_each_key_once(executor: Any) -> None:
    people = People()
    query = "{ tasks(of: [1, 2, 1, null]) { author { name } } }"
    result = await schema_of(executor).execute(query, context_value={"people": people})
    assert result.errors is None
    assert result.data == {
        "tasks": [{"author": each} for each in ({"name": "Ada"}, {"name": "Bob"}, {"name": "Ada"}, None)]
    }
    assert people.asked == [[1, 2]]


@EVERY
async def test_an_error_for_one_key_is_the_error_of_its_fields(executor: Any) -> None:
    people = People()
    query = "{ tasks(of: [1, 3]) { author { name } } }"
    result = await schema_of(executor).execute(query, context_value={"people": people})
    assert result.data == {"tasks": [{"author": {"name": "Ada"}}, {"author": None}]}
    assert [(error.message, error.path) for error in result.errors or ()] == [("nobody 3", ["tasks", 1, "author"])]


@EVERY
async def test_primed_values_are_not_loaded(executor: Any) -> None:
    people = People()
    people.loader.prime(1, Person(name="Primed"))
    query = "{ tasks(of: [1]) { author { name } } }"
    result = await schema_of(executor).execute(query, context_value={"people": people})
    assert (result.data, people.asked) == ({"tasks": [{"author": {"name": "Primed"}}]}, [])


@EVERY
async def test_resolvers_that_await_a_dataloader_load_together(executor: Any) -> None:
    people = People()
    query = "{ tasks(of: [1, 2, 1]) { loaded { name } author { name } } }"
    result = await schema_of(executor).execute(query, context_value={"people": people})
    assert result.errors is None
    assert result.data is not None
    assert [task["loaded"]["name"] for task in result.data["tasks"]] == ["Ada", "Bob", "Ada"]
    assert people.asked == [[1, 2]]


@EVERY
async def test_a_context_with_a_mapping_or_attributes_keeps_what_was_loaded(executor: Any) -> None:
    class Mapped:
        def __init__(self) -> None:
            self.loaders: dict[Any, Any] = {}
            self.people = People()

        def __getitem__(self, name: str) -> Any:
            return getattr(self, name)

    class Taken(Mapped):
        """Context whose `loaders` attribute belongs to the application and is no mapping."""

        def __init__(self) -> None:
            super().__init__()
            self.loaders: Any = object()

    for context in (Mapped(), Taken()):
        query = "{ tasks(of: [1]) { author { name } } }"
        result = await schema_of(executor).execute(query, context_value=context)
        assert (result.data, result.errors) == ({"tasks": [{"author": {"name": "Ada"}}]}, None)
