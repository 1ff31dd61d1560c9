"""Plans of the real schema are compiled outside of requests, and do not hold up the event loop."""

import builtins
import gc
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from api.shared.operation_trace import COMPILED
from tests import api_defaults
from tests.engine.api.test_operation_trace import BEING_COMPILED, traced
from tests.sample.documents import BOOK_LIST
from tests.sample.world import LibraryWorld
from tests.served import served

TWO_LISTS = """query($slug: String!) { workspace(slug: $slug) {
  newest: books(first: 3) { nodes { id title author { id } tags { id } volumes(first: 1) { nodes { id } } } }
  others: books(last: 3) { nodes { id shelf { name } author { name } tags { name } } } } }"""
ANY_NODE = "query($id: ID!) { node(id: $id) { __typename id ... on Book { title shelf { name } tags { name } } } }"
RUNS = 8
MOST_STALL = 0.005  # seconds
ROUNDS = 9
FUNCTIONS = 100
LINES = " ".join(
    f"a{number}: books(first: {number + 1}) {{ nodes {{ id title condition shelf {{ id }} author {{ id name }} }} }}"
    for number in range(20)
)
WIDE = "query Q%d($slug: String!) { workspace(slug: $slug) { " + LINES + " } }"


async def test_no_request_of_the_real_schema_compiles(world: LibraryWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []
    original = builtins.compile

    def compile_and_note(source: Any, filename: Any, *arguments: Any, **named: Any) -> Any:
        if str(filename).startswith("<plan of"):
            threads.append(threading.current_thread().name)
        return original(source, filename, *arguments, **named)

    monkeypatch.setattr(builtins, "compile", compile_and_note)
    slug = world.here.workspace.slug
    async with served(world, api_defaults.http(execution=api_defaults.execution())) as client:
        for query, variables in (
            (BOOK_LIST, {"slug": slug, "first": 5}),
            (TWO_LISTS, {"slug": slug}),
            (ANY_NODE, {"id": world.here.book.id}),
        ):
            traces = [await traced(client, query, **variables) for _ in range(RUNS)]
            while traces[-1]["reason"] == BEING_COMPILED:
                traces.append(await traced(client, query, **variables))
            assert traces[-1]["executor"] == "compiled"
    assert set(threads) == {"compiler_0"}


@pytest.mark.verify
@pytest.mark.alone
async def test_compilations_leave_the_event_loop_its_turns(
    world: LibraryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[float] = []  # the thread's processor time when it gives other threads a turn

    def pause(seconds: float) -> None:
        turns.append(time.thread_time())
        sleep(seconds)
        turns.append(time.thread_time())

    sleep = time.sleep
    monkeypatch.setattr("strawberry_compiled.later.time", SimpleNamespace(sleep=pause))
    slug = world.here.workspace.slug
    gc.collect()
    gc.freeze()  # as in each API process
    longest = []
    try:
        async with served(world, api_defaults.http(execution=api_defaults.execution())) as client:
            for number in range(ROUNDS):
                turns.clear()
                while (await traced(client, WIDE % number, slug=slug))["executor"] != COMPILED:
                    pass
                longest.append(max(end - begin for begin, end in zip(turns[1::2], turns[2::2], strict=False)))
    finally:
        gc.unfreeze()
    assert len(turns) > FUNCTIONS
    assert sorted(longest)[ROUNDS // 2] <= MOST_STALL, longest
