import asyncio
import builtins
import itertools
import logging
from typing import Any

import pytest
from graphql import ExecutionResult
from strawberry.schema.schema_converter import GraphQLCoreConverter

from api.graphql.counts import INTROSPECTION, ExecutionCounts
from api.graphql.options import ExecutionOptions
from api.graphql.runner import FIRST_SIGHT, SWITCHED_OFF
from strawberry_compiled import IncompatibleStrawberry, check_strawberry
from tests import api_defaults
from tests.engine.api.graphql.runner_world import COMPILED, STOCK, World
from tests.patience import PATIENCE

TASKS = "query Tasks($owners: [String!]!) { tasks(owners: $owners) { title owner { id name } } }"
BOTH = pytest.mark.parametrize("options", [STOCK, COMPILED], ids=["stock", "compiled"])


@pytest.fixture
def compiled_sources(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of each piece of generated code that Python is given to compile."""
    names: list[str] = []
    original = builtins.compile

    def compile_and_note(source: Any, filename: Any, *arguments: Any, **named: Any) -> Any:
        if str(filename).startswith("<plan of"):
            names.append(str(filename))
        return original(source, filename, *arguments, **named)

    monkeypatch.setattr(builtins, "compile", compile_and_note)
    return names


async def test_the_second_run_has_the_operation_compiled_once_in_the_background(compiled_sources: list[str]):
    world = World(api_defaults.execution())
    answers, compiled = [], []
    for _ in range(4):
        answers.append(await world.data(TASKS, owners=["ada", "bob", "ada"]))
        await world.runner.settle_compilations()
        compiled.append(len(compiled_sources))
    assert answers == [answers[0]] * 4
    assert [task["owner"]["name"] for task in answers[0]["tasks"]] == ["Ada", "Bob", "Ada"]
    assert compiled == [0, compiled[1], compiled[1], compiled[1]]
    assert compiled[1] > 0
    assert world.counts == ExecutionCounts(compiled=2, stock={FIRST_SIGHT: 1, "being compiled": 1})
    assert world.store.loads == [("ada", "bob")] * 4


async def test_the_setting_turns_compiled_execution_off(compiled_sources: list[str]):
    world = World(STOCK)
    for _ in range(3):
        await world.data(TASKS, owners=["ada"])
    assert world.prepared(TASKS)[1].compiled is None
    assert not compiled_sources
    assert world.counts == ExecutionCounts(stock={SWITCHED_OFF: 3})


async def test_wrong_variables_are_reported_before_execution():
    for options in (STOCK, COMPILED):
        world = World(options)
        result = await world.run(TASKS, owners=[None])
        assert result.data is None
        assert [error.path for error in result.errors or ()] == [None]
        assert (world.store.scopes, world.counts) == (0, ExecutionCounts())


async def test_plans_count_in_the_cache():
    world = World(api_defaults.execution())
    sizes = []
    for _ in range(3):
        await world.data(TASKS, owners=["ada"])
        await world.runner.settle_compilations()
        sizes.append(world.documents.stats.bytes)
    compiled = world.prepared(TASKS)[1].compiled
    assert compiled is not None
    assert [size - sizes[0] for size in sizes] == [0, compiled.size, compiled.size]
    # Another variant of the same operation counts as well.
    query = "query ($all: Boolean!) { tasks(owners: []) { title owner @include(if: $all) { name } } }"
    for all_fields in (True, True, False):
        await world.data(query, all=all_fields)
        await world.runner.settle_compilations()
        sizes.append(world.documents.stats.bytes)
    assert sizes[3] < sizes[4] < sizes[5]


async def test_introspection_falls_back_quietly(caplog: pytest.LogCaptureFixture):
    world = World(COMPILED)
    caplog.set_level(logging.DEBUG, "api.graphql")
    for _ in range(2):
        await world.data("query Types { __schema { queryType { name } } }")
    assert world.counts == ExecutionCounts(stock={INTROSPECTION: 2}, fallbacks={INTROSPECTION: 2})
    [record] = caplog.records
    assert record.levelno == logging.DEBUG
    assert "Types" in record.getMessage()


async def test_fallbacks_are_logged_at_powers_of_ten(caplog: pytest.LogCaptureFixture):
    world = World(COMPILED)
    caplog.set_level(logging.INFO, "api.graphql")
    names = "abcde"
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: title @skip(if: ${name})" for name in names)
    query = f'query Many({variables}) {{ tasks(owners: ["{"x" * 50}"]) {{ {fields} }} }}'
    for values in itertools.product((False, True), repeat=len(names)):
        await world.data(query, **dict(zip(names, values, strict=True)))
    assert world.counts == ExecutionCounts(
        compiled=16, stock={"too many variants": 16}, fallbacks={"too many variants": 16}
    )
    assert [record.levelno for record in caplog.records] == [logging.INFO] * 2
    assert [record.facts for record in caplog.records] == [  # type: ignore[attr-defined]  # what the logger adds
        {"operation": "Many", "reason": "too many variants", "fallbacks": 1},
        {"operation": "Many", "reason": "too many variants", "fallbacks": 10},
    ]
    assert not any("xxx" in record.getMessage() for record in caplog.records)


@BOTH
async def test_reads_after_a_mutation_are_fresh(options: ExecutionOptions):
    world = World(options)
    query = """mutation { a: rename(id: "ada", name: "One") { owner { name } }
        b: rename(id: "ada", name: "Two") { owner { name } } }"""
    data = await world.data(query)
    assert data == {"a": {"owner": {"name": "One"}}, "b": {"owner": {"name": "Two"}}}
    assert world.store.loads == [("ada",)] * 2


@BOTH
async def test_each_event_of_a_subscription_is_read_anew_in_its_own_scope(options: ExecutionOptions):
    world = World(options)
    world.store.events = 3
    prepared, operation = world.prepared('subscription { tasks(owner: "ada") { title owner { name } } }')
    opened = await world.runner.subscribe(
        prepared, operation, variables=None, context=world.context(), event_seconds=10
    )
    assert not isinstance(opened, ExecutionResult)
    results = [result async for result in opened]
    assert [(result.data, result.errors) for result in results] == [
        ({"tasks": {"title": f"event {number}", "owner": {"name": f"ada {number}"}}}, None) for number in range(3)
    ]
    assert (world.store.scopes, world.store.open_scopes, world.store.loads) == (3, 0, [("ada",)] * 3)
    is_compiled = options.is_compiled
    assert world.counts == ExecutionCounts(compiled=3 * is_compiled, stock={} if is_compiled else {SWITCHED_OFF: 3})


@BOTH
async def test_an_event_that_takes_too_long_is_given_up_and_the_next_one_comes(options: ExecutionOptions):
    world = World(options)
    prepared, operation = world.prepared('subscription { tasks(owner: "endless") { owner { name } } }')
    opened = await world.runner.subscribe(
        prepared, operation, variables=None, context=world.context(), event_seconds=0.01
    )
    assert not isinstance(opened, ExecutionResult)
    codes = [[error.extensions for error in result.errors or ()] async for result in opened]
    assert codes == [[{"code": "TIMEOUT", "limitSeconds": 0.01}]] * 2
    assert world.store.open_scopes == 0


@BOTH
@pytest.mark.parametrize(
    "query", ["{ endless }", '{ tasks(owners: ["ada", "endless"]) { owner { name } } }'], ids=["field", "batch"]
)
async def test_a_canceled_run_leaves_nothing_running(options: ExecutionOptions, query: str):
    world = World(options)
    before = asyncio.all_tasks()
    running = asyncio.create_task(world.run(query))
    async with asyncio.timeout(PATIENCE):
        await world.store.started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await world.store.ended.wait()
        for _ in range(10):  # what was canceled comes to its end in the next turns of the loop
            await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert world.store.open_scopes == 0
    assert world.counts == ExecutionCounts()


@BOTH
async def test_a_sibling_failure_leaves_a_shared_entity_to_other_waiters(
    options: ExecutionOptions,
):
    world = World(options)
    query = '{ maybeTasks(titles: ["failing", "fine"], owner: "held up") { late owner { name } } }'
    result = await world.run(query)
    assert result.data == {"maybeTasks": [None, {"late": "fine", "owner": {"name": "Eve"}}]}
    assert [error.path for error in result.errors or ()] == [["maybeTasks", 0, "late"]]
    assert world.store.loads == [("held up",)]


@pytest.fixture
def unknown_strawberry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if another version kept its definitions elsewhere: it works, but not as compiled execution expects."""
    monkeypatch.setattr(GraphQLCoreConverter, "DEFINITION_BACKREF", "elsewhere")
    check_strawberry.cache_clear()


@pytest.mark.usefixtures("unknown_strawberry")
def test_an_unsupported_strawberry_version_is_reported_at_start():
    with pytest.raises(IncompatibleStrawberry, match=r"extensions.*WORKGRAPH_EXECUTION=stock"):
        World(api_defaults.execution())


@pytest.mark.usefixtures("unknown_strawberry")
async def test_stock_execution_does_not_ask_for_a_strawberry_that_is_known():
    data = await World(STOCK).data(TASKS, owners=["ada"])
    assert data == {"tasks": [{"title": "of ada", "owner": {"id": "ada", "name": "Ada"}}]}
