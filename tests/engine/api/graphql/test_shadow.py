import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from graphql import ExecutionResult
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.graphql.counts import ExecutionCounts
from api.graphql.shadow import MOST_AT_ONCE, Shadow
from domain.shared.errors import Unavailable
from tests import api_defaults
from tests.engine.api.graphql.runner_world import COMPILED, SECRET, SHADOWED, World
from tests.engine.api.http import http_world

PRIVATE = "private"
TASKS = "query Tasks($owners: [String!]!) { mine: tasks(owners: $owners) { title owner { id name } } }"
Change = Callable[[ExecutionResult], Any]


def stock_that(change: Change) -> Any:
    """graphql-core's executor with another result."""

    class Changed(StrawberryGraphQLCoreExecutionContext):
        def execute_operation(self, serially: bool | None = None) -> Any:
            result = super().execute_operation(serially)

            async def changed() -> ExecutionResult:
                settled = await result if self.is_awaitable(result) else result
                await asyncio.sleep(0)
                change(settled)
                return settled

            return changed()

    return Changed


def rename(result: ExecutionResult) -> None:
    result.data["mine"][1]["owner"]["name"] = SECRET


def reorder(result: ExecutionResult) -> None:
    task = result.data["mine"][0]
    task["title"] = task.pop("title")


def drop(result: ExecutionResult) -> None:
    result.data["mine"].pop()


def blank(result: ExecutionResult) -> None:
    result.data["mine"][0]["owner"] = None


def move_error(result: ExecutionResult) -> None:
    for error in result.errors or ():
        error.path = ["elsewhere"]


def crash(result: ExecutionResult) -> None:
    raise RuntimeError(SECRET)


async def shadowed(world: World, query: str, **variables: Any) -> ExecutionResult:
    result = await world.run(query, **variables)
    await world.runner.shadow.settle()
    return result


async def test_equal_responses_are_not_logged(caplog: pytest.LogCaptureFixture):
    world = World(SHADOWED)
    result = await shadowed(world, TASKS, owners=["ada", "nobody", "ada"])
    assert [task["owner"] and task["owner"]["name"] for task in result.data["mine"]] == ["Ada", None, "Ada"]
    await shadowed(world, "{ failing }")
    await shadowed(world, "query Types { __schema { queryType { name } } }")
    await shadowed(world, 'mutation { rename(id: "ada", name: "A") { title } }')
    assert (world.counts.compiled, world.counts.shadowed, world.counts.shadow_differences) == (3, 2, 0)
    assert not [record for record in caplog.records if record.name.startswith("api.graphql")]


async def test_both_runs_read_for_the_same_actor_with_loaders_and_scopes_of_their_own():
    world = World(SHADOWED)
    await shadowed(world, TASKS, owners=["ada"])
    assert world.store.loads == [("ada",)] * 2
    assert world.store.actors == ["usr_ada"] * 2
    assert (world.store.scopes, world.store.open_scopes) == (2, 0)


@pytest.mark.parametrize(
    ("change", "query", "path", "kind"),
    [
        (rename, TASKS, "mine.1.owner.name", "value"),
        (reorder, TASKS, "mine.0", "order of keys"),
        (drop, TASKS, "mine", "length of the list"),
        (blank, TASKS, "mine.0.owner", "null on one side"),
        (move_error, "query Fails { failing }", "elsewhere", "error"),
    ],
)
async def test_a_difference_is_logged_without_values(
    caplog: pytest.LogCaptureFixture, change: Change, query: str, path: str, kind: str
):
    expected = await World(COMPILED).run(query, owners=["ada", PRIVATE])
    world = World(SHADOWED, executor=stock_that(change))
    world.store.names[PRIVATE] = PRIVATE
    result = await shadowed(world, query, owners=["ada", PRIVATE])
    assert [error.path for error in result.errors or ()] == [error.path for error in expected.errors or ()]
    assert (world.counts.shadowed, world.counts.shadow_differences) == (1, 1)
    [record] = [record for record in caplog.records if record.name == "api.graphql.shadow"]
    assert record.levelno == logging.ERROR
    name = "Fails" if change is move_error else "Tasks"
    assert record.facts == {"operation": name, "path": path, "kind": kind, "differences": 1}  # type: ignore[attr-defined]
    told = record.getMessage()
    assert name in told
    assert path in told
    assert record.exc_info is None
    for hidden in (SECRET, PRIVATE, "Ada", "owners", "{"):
        assert hidden not in told


async def test_data_that_change_between_the_runs_are_no_difference():
    world = World(SHADOWED)
    result = await world.run(TASKS, owners=["ada"])
    world.store.names["ada"] = "Changed"
    await world.runner.shadow.settle()
    assert result.data["mine"][0]["owner"]["name"] == "Ada"
    assert world.counts == ExecutionCounts(compiled=1, shadowed=1)


async def test_data_that_always_change_are_undecided():
    world = World(SHADOWED)
    await shadowed(world, "{ ticks }")
    assert world.counts == ExecutionCounts(compiled=1, shadow_undecided=1)
    assert world.store.ticks == 4


async def test_a_busy_database_decides_nothing():
    def refuse(result: ExecutionResult) -> None:
        result.errors[0].original_error = Unavailable("The database is busy.")

    world = World(SHADOWED, executor=stock_that(refuse))
    await shadowed(world, "{ failing }")
    assert world.counts == ExecutionCounts(compiled=1, shadow_undecided=1)


async def test_a_failure_never_reaches_the_client_and_its_message_not_the_log(caplog: pytest.LogCaptureFixture):
    world = World(SHADOWED, executor=stock_that(crash))
    result = await shadowed(world, TASKS, owners=["ada"])
    assert result == await World(COMPILED).run(TASKS, owners=["ada"])
    assert world.counts == ExecutionCounts(compiled=1, shadow_failures=1)
    [record] = [record for record in caplog.records if record.name == "api.graphql.shadow"]
    assert record.getMessage() == "Shadow run of operation Tasks failed: RuntimeError"
    assert record.exc_info is None


async def never() -> ExecutionResult:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_run_that_takes_too_long_is_given_up():
    counts = ExecutionCounts()
    shadow = Shadow(1, counts, seconds=0.01)
    shadow.start("Slow", ExecutionResult({}), compiled=never, stock=never)
    await shadow.settle()
    assert counts == ExecutionCounts(shadow_failures=1)


async def test_no_more_than_a_few_run_at_once_and_none_after_the_end():
    counts = ExecutionCounts()
    shadow = Shadow(1, counts)
    before = asyncio.all_tasks()
    for _ in range(MOST_AT_ONCE):
        assert shadow.is_due()
        shadow.start(None, ExecutionResult({}), compiled=never, stock=never)
    assert not shadow.is_due()
    assert counts == ExecutionCounts(shadow_skipped=1)
    await shadow.close()
    assert asyncio.all_tasks() == before
    assert shadow.is_due()


def test_about_one_in_so_many_is_due():
    assert not any(Shadow(0, ExecutionCounts()).is_due() for _ in range(100))
    one_in_ten = Shadow(10, ExecutionCounts())
    assert 700 < sum(one_in_ten.is_due() for _ in range(10_000)) < 1_300  # ten times the standard deviation


async def test_the_client_waits_for_no_shadow_and_neither_does_the_end():
    world = http_world.World()
    app = http_world.build(world, api_defaults.http(execution=api_defaults.execution(stock_runs=0, shadow_one_in=1)))
    async with http_world.client_of(app) as client:
        answer: httpx.Response = await http_world.ask(client, "{ viewer item { name } }")
        assert answer.json() == {"data": {"viewer": "usr_ada", "item": {"name": "a"}}}
    assert (world.scopes, world.open_scopes) in [(1, 0), (2, 0)]
