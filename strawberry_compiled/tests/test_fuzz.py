"""Compiled execution equals graphql-core's, on generated schemas: random operations on random data.

Of eight seeds one makes four comparisons, so there are 1,100 here and 11,000 at length. By hand, with any seeds:
`python -m strawberry_compiled.testing.fuzz --help`; what has been run so far is in FUZZ.md.
"""

import asyncio
from collections import Counter

import pytest
from strawberry_compiled.testing.fuzz import fuzz, report, smaller
from strawberry_compiled.testing.fuzzing.behavior import turns
from strawberry_compiled.testing.fuzzing.cases import SEEDS_PER_SCHEMA, Mode
from strawberry_compiled.testing.fuzzing.running import _other_tasks

CHUNK = 80
EVERYDAY = range(0, 800, CHUNK)
LONG = range(100_000, 108_000, 400)


async def compare(first: int, count: int) -> dict[Mode, Counter[str]]:
    outcomes, found = await fuzz(first, count)
    for difference in found:
        pytest.fail(report(await smaller(difference)))
    return outcomes


@pytest.mark.parametrize("first", EVERYDAY)
async def test_answers_are_equal(first: int):
    outcomes = await compare(first, CHUNK)
    assert set(outcomes) == set(Mode)
    assert all(sum(counts.values()) >= CHUNK // len(Mode) for counts in outcomes.values())
    compared = sum(counts.total() for counts in outcomes.values())
    executed = compared - sum(
        counts["refused before execution"] + counts["fallback for introspection"] for counts in outcomes.values()
    )
    assert executed > 0.9 * compared
    assert sum(counts["equal, with rows"] + counts["equal, with errors and rows"] for counts in outcomes.values()) > 0


async def test_tasks_have_time_to_end_though_callbacks_start_them_late():
    loop, before = asyncio.get_running_loop(), asyncio.all_tasks()
    later: list[asyncio.Task[None]] = []
    first = asyncio.create_task(turns(1))
    first.add_done_callback(lambda _: loop.call_soon(lambda: later.append(asyncio.create_task(turns(3)))))
    assert await _other_tasks(before) == (1, 0)
    assert later[0].done()


@pytest.mark.verify
@pytest.mark.parametrize("first", LONG)
async def test_answers_are_equal_at_length(first: int):
    await compare(first, LONG.step)


def test_neighboring_seeds_share_a_schema():
    assert CHUNK == SEEDS_PER_SCHEMA
