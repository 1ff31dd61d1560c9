"""Identifiers of issues: the key of the project and the number of the issue."""

import re
from typing import NamedTuple

from domain.shared import letters

_IDENTIFIER = re.compile(r"([A-Z][A-Z0-9]{0,9})-([1-9][0-9]{0,9})", re.ASCII)
_START = re.compile(r"([A-Z][A-Z0-9]{0,9})(?:(-)([1-9][0-9]{0,9})?)?", re.ASCII)
LARGEST_NUMBER = 2**31 - 1


class Identifier(NamedTuple):
    """A key and a number; some issue may have them."""

    key: str
    number: int

    @classmethod
    def parsed(cls, text: str) -> "Identifier | None":
        """The identifier in any letter case; None for text that no issue can have as its identifier."""
        match = _IDENTIFIER.fullmatch(letters.upper(text))
        if match is None or int(match[2]) > LARGEST_NUMBER:
            return None
        return cls(match[1], int(match[2]))


class IdentifierStart(NamedTuple):
    """The first characters of identifiers: a part of a key, or a whole key and the first digits of a number."""

    key: str
    is_key_whole: bool
    digits: str

    @classmethod
    def parsed(cls, text: str) -> "IdentifierStart | None":
        """The start in any letter case; None for text with which no identifier can start."""
        match = _START.fullmatch(letters.upper(text))
        return None if match is None else cls(match[1], match[2] is not None, match[3] or "")

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The ranges of numbers that start with the digits, both ends included."""
        if not self.digits:
            return [(1, LARGEST_NUMBER)]
        first = int(self.digits)
        found = []
        size = 1
        while first * size <= LARGEST_NUMBER:
            found.append((first * size, min((first + 1) * size - 1, LARGEST_NUMBER)))
            size *= 10
        return found
