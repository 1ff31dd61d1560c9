import asyncio

import pytest

from benchmarks.failures import BenchmarkError
from benchmarks.waits import milliseconds, timed_writes


async def test_a_write_that_waits_for_the_block_counts_with_all_its_time() -> None:
    written: list[int] = []
    is_open = asyncio.Event()

    async def blocked(number: int) -> None:
        await is_open.wait()
        written.append(number)

    async with timed_writes(blocked) as waits:
        await asyncio.sleep(0.02)
        asyncio.get_running_loop().call_later(0.02, is_open.set)
    assert (written, len(waits)) == ([0], 1)
    assert waits[0] >= 0.04


async def test_writers_write_one_after_another_until_the_block_ends() -> None:
    written: list[tuple[str, int]] = []

    async def first(number: int) -> None:
        written.append(("first", number))

    async def second(number: int) -> None:
        written.append(("second", number))

    async with timed_writes(first, second) as waits:
        await asyncio.sleep(0.02)
    for name in ("first", "second"):
        numbers = [number for writer, number in written if writer == name]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= 3
    assert len(waits) == len(written)


async def test_a_failure_of_a_write_or_of_the_block_ends_both() -> None:
    async def failing(number: int) -> None:
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        async with timed_writes(failing):
            await asyncio.Event().wait()
    with pytest.raises(BenchmarkError, match="not ended"):
        async with timed_writes(lambda _: asyncio.Event().wait()):
            raise BenchmarkError("It has not ended.")


def test_waits_are_shown_as_median_99_percent_and_longest() -> None:
    assert milliseconds([0.5, *[0.001] * 60, *[0.01] * 39]) == ["1", "10", "500"]
    assert milliseconds([0.002]) == ["2", "2", "2"]
