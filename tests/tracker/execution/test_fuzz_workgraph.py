"""Compiled execution equals graphql-core's on Workgraph's own schema and database: random reading operations."""

import gc
import warnings
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.tracker.api.world import World
from tests.tracker.execution.workgraph_fuzzer import WorkgraphFuzzer, furnish

CHUNK = 40
BETWEEN_COLLECTIONS = 20  # cases; a collection takes as long as a case


@pytest.fixture(autouse=True)
def unbegun_work(small_heap: None) -> Iterator[None]:
    """Silences warnings about coroutines that executors drop, unstarted, after a sibling field has failed."""
    # `compare` collects between two cases. A collection inside the constructor of a named tuple, which has no
    # `__import__`, could not apply the filter and would report an error.
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            yield
            gc.collect()
    finally:
        gc.enable()


async def compare(world: World, first: int, count: int) -> Counter[str]:
    fuzzer = WorkgraphFuzzer(world, await furnish(world))
    for seed in range(first, first + count):
        if difference := await fuzzer.try_case(seed):
            pytest.fail(str(difference))
        if seed % BETWEEN_COLLECTIONS == 0:
            gc.collect()
    return fuzzer.outcomes


@pytest.mark.parametrize("first", [0, pytest.param(CHUNK, marks=pytest.mark.verify)])
async def test_answers_are_equal(world: World, first: int):
    outcomes = await compare(world, first, CHUNK)
    assert outcomes["equal"] > CHUNK // 2, outcomes
    assert outcomes.total() > CHUNK


@pytest.mark.verify
@pytest.mark.parametrize("first", range(100_000, 102_000, 200))
async def test_answers_are_equal_at_length(world: World, first: int):
    await compare(world, first, 200)
