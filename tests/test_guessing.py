from random import Random

import pytest

from tests.guessing import TELLING, Times, best_guess, told_apart

ROUNDS = 20


def rounds_of(seed: int, *, later: float) -> list[Times]:
    """Times of some 25 ms that differ by chance, the second ones by so many milliseconds more."""
    chance = Random(seed)
    return [
        ([chance.gauss(25, 2) for _ in range(400)], [chance.gauss(25 + later, 2) for _ in range(400)]) for _ in range(2)
    ]


async def guess(rounds: list[Times]) -> float:
    left = iter(rounds)

    async def taken() -> Times:
        return next(left)

    return await best_guess(taken)


def test_order_is_all_that_counts() -> None:
    assert told_apart([1, 2, 3], [4, 5, 6]) == told_apart([4, 5, 6], [1, 2, 3]) == 1
    assert told_apart([1, 4], [2, 3]) == told_apart([5, 5], [5, 5]) == 0.5


@pytest.mark.parametrize(
    ("later", "is_telling"), [(0, False), (1, True), pytest.param(-1, True, marks=pytest.mark.verify)]
)
async def test_a_difference_of_half_a_deviation_is_found_and_chance_is_not(later: float, is_telling: bool) -> None:
    found = [await guess(rounds_of(seed, later=later)) > TELLING for seed in range(ROUNDS)]
    assert found == [is_telling] * ROUNDS


async def test_a_round_that_differs_by_chance_is_repeated() -> None:
    [even, _], [telling, _] = rounds_of(1, later=0), rounds_of(1, later=1)
    assert await guess([telling, even]) <= TELLING
    assert await guess([telling, telling]) > TELLING
