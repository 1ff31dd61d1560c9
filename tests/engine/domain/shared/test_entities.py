"""Copies and comparisons of entities that look for the fields of a class once."""

import sys
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

import pytest

from domain.shared.checks import _BREAKS, Checks
from domain.shared.entities import differences, names_of, values_of, with_values
from domain.shared.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    one: int
    two: str = "b"

    def __post_init__(self) -> None:
        if self.one < 0:
            raise ValueError("negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    one: int


@pytest.mark.parametrize("changes", [{}, {"two": "c"}, {"one": 0, "two": "c"}])
def test_a_copy_is_that_of_dataclasses(changes: dict[str, Any]) -> None:
    entity = Pair(one=1)
    copy = with_values(entity, **changes)
    assert copy == replace(entity, **changes)
    assert copy is not entity
    assert with_values(Single(one=1), one=2) == Single(one=2)


def test_a_copy_is_refused_as_by_dataclasses() -> None:
    with pytest.raises(TypeError, match="three"):
        with_values(Pair(one=1), three=3)
    with pytest.raises(ValueError, match="negative"):
        with_values(Pair(one=1), one=-1)


def test_fields_that_differ_are_found() -> None:
    assert differences(Pair(one=1), Pair(one=2)) == [("one", 1, 2)]
    assert differences(Single(one=1), Single(one=1)) == []
    assert (names_of(Single), values_of(Single(one=1))) == (("one",), (1,))


def test_printable_text_has_no_line_breaks_and_control_characters() -> None:
    """Proves that the rule of lines may pass over printable text."""
    everything = map(chr, range(sys.maxunicode + 1))
    assert not [each for each in everything if each.isprintable() and unicodedata.category(each) in _BREAKS]


@pytest.mark.parametrize("text", ["a\nb", "a\u2028b", "a\u2029b", "a\tb", "a\x85b", "a\0b", "\ud800"], ids=repr)
def test_a_line_with_a_break_is_refused(text: str) -> None:
    with pytest.raises(Rejected), Checks() as check:
        check.line("title", text)


def test_a_line_may_have_other_characters_that_are_not_printable() -> None:
    with Checks() as check:
        assert check.line("title", " a\u00a0b\u200dc ") == "a\u00a0b\u200dc"
