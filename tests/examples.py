"""Tests of a rule by generated examples: few in `make test`, many in `make verify`."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

EVERYDAY = 25
AT_LENGTH = 100
"""Examples of a test that asks for no number, in `make test` and in `make verify`."""


def share_of(count: int) -> int:
    """All `count` examples in `make verify`, and a quarter of them in `make test`."""
    return count * settings.default.max_examples // AT_LENGTH


def examples(few: int, many: int, *strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """Decorates a test without fixtures, which takes a value of each strategy."""

    def decorated(holds: Callable[..., None]) -> Any:
        @pytest.mark.parametrize("count", [few, pytest.param(many, marks=pytest.mark.verify)])
        def test(count: int) -> None:
            settings(max_examples=count, deadline=None)(given(*strategies)(holds))()

        test.__name__, test.__doc__, test.__module__ = holds.__name__, holds.__doc__, holds.__module__
        return test

    return decorated
