"""What functions get in a run, and how often it is built: `info`, and views of records."""

import gc
import inspect
from collections.abc import Sequence
from typing import Any
from weakref import ref

import pytest
import strawberry
from graphql import parse
from strawberry.extensions import ParserCache
from strawberry_compiled.row_blocks import Block, Parents, Place, Records, Shape
from strawberry_compiled.run import Run

from strawberry_compiled import CompiledExecutor, batched

SEEN: list[Any] = []


@strawberry.type
class Person:
    id: int

    @strawberry.field
    def label(self, info: strawberry.Info) -> str:
        SEEN.append(info)
        return info.field_name

    @batched(graphql_type=list[int], description="")
    async def numbers(persons: Sequence[Any], info: strawberry.Info, most: int = 1) -> Sequence[Any]:
        SEEN.append(info)
        return [[most] for _ in persons]


@strawberry.type
class Query:
    @strawberry.field
    def persons(self, info: strawberry.Info) -> list[Person]:
        SEEN.append(info)
        return [Person(id=1), Person(id=2)]


class WithOwnInfo(CompiledExecutor):
    """Builds infos in its own way."""

    def build_resolve_info(self, *args: Any) -> Any:
        info: Any = super().build_resolve_info(*args)
        return info._replace(root_value=args[3].as_list())


STOCK = strawberry.Schema(Query)
COMPILED = strawberry.Schema(Query, extensions=[ParserCache], execution_context_class=CompiledExecutor)
OWN = strawberry.Schema(Query, execution_context_class=WithOwnInfo)
TEXT = "query Q($most: Int!) { persons { id name: label numbers(most: $most) } }"


async def infos(schema: strawberry.Schema) -> list[Any]:
    """Items of the infos that functions get, without functions of the executor."""
    SEEN.clear()
    result: Any = await schema.execute(TEXT, variable_values={"most": 3}, context_value={}, root_value="root")
    assert not result.errors
    found = []
    for info in SEEN:
        raw = info._raw_info._asdict()
        del raw["is_awaitable"], raw["async_helpers"], raw["schema"], raw["context"]
        raw |= {"path": info.path.as_list(), "types": [each.typename for each in _above(info.path)]}
        raw["return_type"], raw["parent_type"] = str(raw["return_type"]), str(raw["parent_type"])
        raw["fragments"] = dict(raw["fragments"])
        found.append((type(info._raw_info), info.python_name, raw))
    return sorted(found, key=lambda each: str(each[2]["path"]))


def _above(path: Any) -> list[Any]:
    return [] if path is None else [*_above(path.prev), path]


async def test_infos_are_those_of_stock_execution() -> None:
    expected = await infos(STOCK)
    assert [each["path"] for _, _, each in expected] == [
        ["persons", 0, "name"],
        ["persons", 0, "numbers"],
        ["persons", 1, "name"],
        ["persons"],
    ]
    assert await infos(COMPILED) == expected


async def test_one_run_builds_what_its_infos_share_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Any] = []
    build = Run.build_resolve_info

    def counted(*args: Any) -> Any:
        built.append(args[-1])
        return build(*args)

    await infos(COMPILED)  # graphql-core completes the first object of a class, with an info of its own
    monkeypatch.setattr(Run, "build_resolve_info", counted)
    for runs in (1, 2):
        await infos(COMPILED)
        assert (len(SEEN), len(built)) == (4, runs)


async def test_an_executor_with_infos_of_its_own_builds_each() -> None:
    assert all(each["root_value"] == each["path"] for _, _, each in await infos(OWN))


class Loaded:
    """What a context keeps for a run."""


@pytest.mark.parametrize(
    "text", ["{ persons { id } }", "{ persons { id name: label numbers } }"], ids=["sync", "async"]
)
async def test_an_answered_run_is_freed_without_a_garbage_collection(text: str) -> None:
    document, compiled = parse(text), None
    freed = []
    gc.disable()
    try:
        for _ in range(3):  # graphql-core completes the first object of a class
            loaded = Loaded()
            executor = CompiledExecutor.build(COMPILED._schema, document, context_value={"loaded": loaded})
            assert isinstance(executor, CompiledExecutor)
            executor.compiled = compiled
            result = executor.execute_operation()
            result = await result if inspect.isawaitable(result) else result
            assert result.errors is None
            known, compiled = ref(loaded), executor.compiled
            SEEN.clear()
            del executor, loaded
            freed.append(known() is None)
    finally:
        gc.enable()
    assert freed[1:] == [True, True]


@pytest.fixture
def block() -> Block:
    shape = Shape(1, {"id": 0, "state.id": 1, "state.project.key": 2, "title": 3})
    records = [("a", "s", "K", "x"), ("b", "t", "L", "y")]
    return Block(shape, [{}, {}], records, Place(Records([]), "tasks", "Query"))  # type: ignore[arg-type]  # no position


def test_views_have_the_attributes_that_are_needed_and_no_others(block: Block) -> None:
    first, second = block.parents(("title", "state.project.key", "state.id"))
    assert (first.title, first.state.id, first.state.project.key) == ("x", "s", "K")
    assert (second.title, second.state.id, second.state.project.key) == ("y", "t", "L")
    assert not hasattr(first, "id")
    assert not hasattr(first, "__dict__")
    assert len(block.parents(())) == 2


def test_columns_and_the_number_of_parents_take_no_views(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    viewer = Shape.viewer
    monkeypatch.setattr(Shape, "viewer", lambda shape, names: made.append(names) or viewer(shape, names))
    parents = Parents([block, block], ("id",))
    assert (len(parents), parents.column("id")) == (4, ["a", "b", "a", "b"])
    assert made == []
    assert [each.id for each in parents] == [parents[0].id, parents[1].id, "a", "b"]
    assert parents[0] is parents[0]
    assert made == [("id",), ("id",)]
