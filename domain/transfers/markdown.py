"""Pieces of CommonMark and GFM, written so that any text stays the text that it is."""

import re
from itertools import count

_BACKTICKS = re.compile(r"`+")
_LINE_START = re.compile(
    r"(?P<indent>[ ]{0,3})"
    r"(?P<sign>\#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|=+(?=\s*$)|~{3}|`{3}|\[(?=[^\]\n]*\]:)|[-*_](?=[-*_\s]+$))"
)


def escape_line_start(line: str) -> str:
    """The line of prose, with a backslash where Markdown would take its start for a block."""
    match = _LINE_START.match(line)
    return line if match is None else f"{match['indent']}\\{line[match.start('sign') :]}"


def code_span(code: str) -> str:
    runs = set(map(len, _BACKTICKS.findall(code)))
    fence = "`" * next(length for length in count(1) if length not in runs)
    space = " " if code[:1] == "`" or code[-1:] == "`" or (code[:1] == " " == code[-1:] and code.strip()) else ""
    return f"{fence}{space}{code}{space}{fence}"


def fenced(code: str, *, language: str) -> list[str]:
    """The lines of a code block; its fence is longer than any run of backticks inside."""
    longest = max(map(len, _BACKTICKS.findall(code)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + language, *code.split("\n"), fence]


def link(text: str, target: str) -> str:
    """A link to an address without line breaks or angle brackets."""
    is_plain = not any(sign in target for sign in " ()\\")
    return f"[{text}]({target})" if is_plain else f"[{text}](<{target}>)"
