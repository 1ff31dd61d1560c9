"""Measures whether response times reveal what they should not."""

from collections.abc import Awaitable, Callable, Sequence

TELLING = 0.55
Times = tuple[Sequence[float], Sequence[float]]


def told_apart(first: Sequence[float], second: Sequence[float]) -> float:
    """Share of correct guesses from the time alone: 0.5 is no better than a coin (the area under the ROC curve)."""
    wins = sum((one < other) + 0.5 * (one == other) for one in first for other in second)
    share = wins / (len(first) * len(second))
    return max(share, 1 - share)


async def best_guess(taken: Callable[[], Awaitable[Times]]) -> float:
    """Share of correct guesses from times that `taken` measures; measured again if it exceeds TELLING.

    With 400 and 400 equal times, chance alone exceeds 0.55 once in seventy, so a single round proves nothing.
    """
    share = told_apart(*await taken())
    return share if share <= TELLING else min(share, told_apart(*await taken()))
