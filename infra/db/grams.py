"""Trigrams of short texts, so that an index finds texts by any part of them without an extension of PostgreSQL.

A text is folded first. Folding maps a character and its lower case in any locale to the same characters, one character
at a time. So if PostgreSQL finds a needle in a text regardless of letter case, the folded text contains the folded
needle, and the text has all trigrams of the needle. The converse does not hold: check what the index finds.
"""

import unicodedata
from collections.abc import Collection

from sqlalchemy import ARRAY, ColumnElement, Text, bindparam

SIZE = 3
START = "^" * (SIZE - 1)  # before the text, so that one character is enough to find it by its start
MOST_OF_A_NEEDLE = 32  # more do not make the index find less


def folded(text: str) -> str:
    """The text regardless of letter case and accents."""
    if text.isascii():
        return text.lower()
    # Locales disagree about the dots of I: its lower case is i, ı, or i with a combining dot.
    parts = unicodedata.normalize("NFD", text.casefold()).replace("ı", "i")
    return "".join(part for part in parts if not unicodedata.combining(part))


def grams_of(text: str) -> list[str]:
    """The trigrams of a text that the index finds it by."""
    return _grams(START + folded(text))


def grams_in(part: str) -> list[str]:
    """Trigrams of every text that contains the part; empty for parts that are too short."""
    return _grams(folded(part))[:MOST_OF_A_NEEDLE]


def grams_at_start(part: str) -> list[str]:
    """Trigrams of every text that starts with the part; empty for a part without characters."""
    return _grams(START + folded(part))[:MOST_OF_A_NEEDLE]


def has_grams(grams: ColumnElement[list[str]], wanted: Collection[str]) -> ColumnElement[bool]:
    """Whether an array has all wanted trigrams, as a condition for a GIN index."""
    found: ColumnElement[bool] = grams.bool_op("@>")(bindparam(None, list(wanted), type_=ARRAY(Text), unique=True))
    return found


def _grams(text: str) -> list[str]:
    return sorted({text[at : at + SIZE] for at in range(len(text) - SIZE + 1)})
