"""Tests for kinds of characters, used by validation rules and log lines."""

import re
import unicodedata

# The property Default_Ignorable_Code_Point of Unicode 16, and the empty Braille pattern, which is drawn as a blank.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

# Embeddings, overrides and isolates (UAX 9): they can make a line read as another. Marks such as U+200E cannot.
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")

_LINK = re.compile(r"://|www\.", re.IGNORECASE)
_LONG_DOTS = str.maketrans("\u3002", ".")  # mail programs accept U+3002 as the dot of a host name


def nfc(text: str) -> str:
    """The text in Unicode normal form C, in which lines are stored and everything is searched."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_visible(text: str) -> bool:
    """Whether the text has a visible character."""
    return bool(INVISIBLE.sub("", text).strip())


def has_link(text: str) -> bool:
    """Whether a mail program could turn the text into a link: `://` or `www.`, in any width and letter case."""
    return _LINK.search(_plain(text)) is not None


def without_links(text: str) -> str:
    """The text with a blank in place of every match of `has_link`; wide characters may become plain ones."""
    return " ".join(_LINK.sub(" ", _plain(text)).split()) if has_link(text) else text


def _plain(text: str) -> str:
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_LONG_DOTS)
