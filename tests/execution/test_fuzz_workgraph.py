"""Compiled execution equals graphql-core's on Workgraph's own schema and database: random reading operations."""

import gc
import warnings
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.api.world import World
from tests.execution.workgraph_fuzzer import WorkgraphFuzzer, furnish

CHUNK = 40


@pytest.fixture(autouse=True)
def unbegun_work() -> Iterator[None]:
    """Silences warnings about coroutines that executors drop, unstarted, after a sibling field has failed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        yield
        gc.collect()


async def compare(world: World, first: int, count: int) -> Counter[str]:
    fuzzer = WorkgraphFuzzer(world, await furnish(world))
    for seed in range(first, first + count):
        if difference := await fuzzer.try_case(seed):
            pytest.fail(str(difference))
    return fuzzer.outcomes


@pytest.mark.parametrize("first", range(0, 2 * CHUNK, CHUNK))
async def test_answers_are_equal(world: World, first: int):
    outcomes = await compare(world, first, CHUNK)
    assert outcomes["equal"] > CHUNK // 2, outcomes
    assert outcomes.total() > CHUNK


@pytest.mark.verify
@pytest.mark.parametrize("first", range(100_000, 102_000, 200))
async def test_answers_are_equal_at_length(world: World, first: int):
    await compare(world, first, 200)
