"""What batch fields answer for parents that are given twice."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from domain.app import App
from domain.shared.actor import Actor
from domain.shared.batches import BatchSkip
from domain.shared.pages import Page

Batch = Callable[[Any, Actor, Sequence[Any]], Awaitable[Sequence[Any]]]
"""Calls a reader of the application with parents."""


def _comparable(node: Any) -> Any:
    """Errors are equal to themselves only."""
    return replace(node, errors=tuple(map(str, node.errors))) if isinstance(node, BatchSkip) else node


def _plain(answer: Any) -> Any:
    return (
        (list(map(_comparable, answer.nodes)), list(answer.cursors), answer.total_count)
        if isinstance(answer, Page)
        else list(answer)
    )


async def expect_an_answer_for_each(app: App, batch: Batch, one: Any, other: Any, *, is_empty: bool = False) -> None:
    """Asserts that a parent given twice is answered twice; the two have different answers unless there are none."""
    actor = Actor.system()
    [alone], [other_alone] = [await batch(app, actor, [parent]) for parent in (one, other)]
    answers = await batch(app, actor, [one, other, replace(one), one, other])
    assert [_plain(answer) for answer in answers] == [
        _plain(each) for each in (alone, other_alone, alone, alone, other_alone)
    ]
    assert is_empty or _plain(alone) != _plain(other_alone)
