import asyncio
import builtins
import gc
import logging
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import pytest

from api.graphql.counts import ExecutionCounts
from api.graphql.plan_compiler import PlanCompiler
from strawberry_compiled import CompiledOperation
from tests import api_defaults
from tests.engine.api.graphql.runner_world import World
from tests.patience import PATIENCE

TASKS = '{ tasks(owners: ["ada"]) { title owner { id name } } }'


class Held:
    """A compilation that waits until it is released."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.released = threading.Event()
        self.runs = 0

    def __call__(self) -> None:
        self.started.set()
        assert self.released.wait(PATIENCE)
        self.runs += 1


@pytest.fixture
async def compiler() -> AsyncIterator[PlanCompiler]:
    compiler = PlanCompiler(ExecutionCounts(), most_waiting=2)
    yield compiler
    await compiler.close()


def before_each_compilation(monkeypatch: pytest.MonkeyPatch, call: Callable[[], object]) -> None:
    """Calls the function in the thread that compiles generated code, before each piece of code."""
    original = builtins.compile

    def call_and_compile(source: Any, filename: Any, *arguments: Any, **named: Any) -> Any:
        if str(filename).startswith("<plan of"):
            call()
        return original(source, filename, *arguments, **named)

    monkeypatch.setattr(builtins, "compile", call_and_compile)


@pytest.fixture
def compiling_threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The name of the thread of each compilation of generated code."""
    names: list[str] = []
    before_each_compilation(monkeypatch, lambda: names.append(threading.current_thread().name))
    return names


async def test_no_request_compiles(compiling_threads: list[str]):
    world = World(api_defaults.execution())
    for _ in range(3):
        await world.data(TASKS)
        await world.runner.settle_compilations()
    assert world.counts.compiled == 1
    assert compiling_threads
    assert set(compiling_threads) == {"compiler_0"}


async def test_requests_are_answered_while_their_operation_is_compiled(monkeypatch: pytest.MonkeyPatch):
    world = World(api_defaults.execution())
    held = Held()
    before_each_compilation(monkeypatch, held)
    answers = [await world.data(TASKS) for _ in range(5)]
    assert answers == [answers[0]] * 5
    assert world.counts.stock == {"first sight": 1, "being compiled": 4}
    held.released.set()
    await world.runner.settle_compilations()
    assert await world.data(TASKS) == answers[0]
    assert held.runs > 0
    assert (world.counts.compiled, world.counts.fallbacks) == (1, {})


async def test_a_compilation_that_fails_is_logged_once_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    world = World(api_defaults.execution())

    def fail() -> None:
        raise RuntimeError("broken")

    before_each_compilation(monkeypatch, fail)
    for _ in range(4):
        await world.data(TASKS)
        await world.runner.settle_compilations()
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.exc_info is not None and str(record.exc_info[1]) for record in errors] == ["broken"]
    assert world.counts.failed_compilations == 1
    assert world.counts.stock == {"first sight": 1, "being compiled": 1, "failed to compile": 2}


async def test_compilations_run_one_at_a_time_and_few_wait(compiler: PlanCompiler):
    first, second, third = Held(), Held(), Held()
    done: list[Held] = []
    assert compiler.submit(lambda: done.append(first), first)
    assert compiler.submit(lambda: done.append(second), second)
    assert not compiler.submit(lambda: done.append(third), third)
    assert compiler._counts.compilations_put_off == 1
    assert first.started.wait(PATIENCE)
    assert not second.started.is_set()
    first.released.set()
    second.released.set()
    await compiler.settle()
    assert (done, third.runs) == ([first, second], 0)
    third.released.set()
    assert compiler.submit(lambda: done.append(third), third)
    await compiler.settle()
    assert third.runs == 1


async def test_an_operation_that_found_no_room_is_compiled_later(monkeypatch: pytest.MonkeyPatch):
    world = World(api_defaults.execution())
    monkeypatch.setattr(world.runner, "_compiler", PlanCompiler(world.counts, most_waiting=0))
    for _ in range(3):
        await world.data(TASKS)
    assert world.counts.compilations_put_off == 2
    world.runner._compiler._most_waiting = 1
    await world.data(TASKS)
    await world.runner.settle_compilations()
    await world.data(TASKS)
    assert world.counts.compiled == 1


async def test_the_end_waits_for_the_running_compilation_alone():
    compiler = PlanCompiler(ExecutionCounts())
    first, second = Held(), Held()
    for each in (first, second):
        assert compiler.submit(int, each)
    assert first.started.wait(PATIENCE)
    closing = asyncio.create_task(compiler.close())
    await asyncio.sleep(0)
    assert not closing.done()
    first.released.set()
    await closing
    assert (first.runs, second.runs) == (1, 0)
    assert not compiler.submit(int, second)


async def test_a_compilation_has_no_context_variables_of_its_request(compiler: PlanCompiler):
    variable: ContextVar[str] = ContextVar("variable", default="none")
    seen: list[str] = []

    async def request() -> None:
        variable.set("of the request")
        assert compiler.submit(lambda: seen.append(variable.get()), lambda: seen.append(variable.get()))

    await asyncio.create_task(request())
    await compiler.settle()
    assert seen == ["none", "none"]


async def test_no_plan_is_kept_for_a_document_that_has_left_the_cache(monkeypatch: pytest.MonkeyPatch):
    world = World(api_defaults.execution())
    held = Held()
    made: list[weakref.ref[CompiledOperation]] = []
    before_each_compilation(monkeypatch, held)
    for _ in range(2):
        await world.data(TASKS)
    compiled = world.prepared(TASKS)[1].compiled
    assert compiled is not None
    made.append(weakref.ref(compiled))
    del compiled
    known = world.documents._known
    known._protected.remove(TASKS)
    held.released.set()
    await world.runner.settle_compilations()
    assert world.documents.stats.bytes == 0
    gc.collect()
    assert [each() for each in made] == [None]
