"""Building blocks of CommonMark and GFM that preserve any text literally."""

import re
from collections.abc import Sequence
from itertools import count

HARD_BREAK = "  \n"
"""A line break that renderers keep. Two blanks, unlike a backslash, are invisible in unrendered Markdown."""

_BACKTICKS = re.compile(r"`+")
_LINE_START = re.compile(
    r"(?P<indent>[ ]{0,3})"
    r"(?P<sign>\#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|=+(?=\s*$)|~{3}|`{3}|\[(?=[^\]\n]*\]:)|[-*_](?=[-*_\s]+$))"
)

# A run of text may end before a delimiter, so any character may follow the last one.
_TEXT_SIGNS = re.compile(
    r"[\\`*\[\]~|]|(?<![^\W_])_|_(?![^\W_])|<(?=[a-zA-Z/!?]|\Z)|&(?=#?\w++;|\Z)|!(?=\Z)|&(?=#?\w*+\Z)"
)
_TEXT_START = re.compile(
    r"(?:(?P<number>[0-9]{1,9})(?=[.)](?:\s|$))|(?=#{1,6}(?:\s|$)|>|[-+](?:\s|$)|=+\s*$|[-:][-:|\s]*$))"
)
_UNSAFE_IN_TARGET = re.compile(r"[\x00-\x20\x7f()<>\\|\[\]`*]")
_HEADING_END = re.compile(r"(?:(?<=\s)|^)(#++)(?=\s*$)")
_ENTITY = re.compile(r"&(?=#?\w++;)")


def escape_text(text: str) -> str:
    """Text within a line, with a backslash before every character that Markdown could interpret."""
    return _TEXT_SIGNS.sub(r"\\\g<0>", text)


def escape_text_start(line: str) -> str:
    """A line of escaped text, with a backslash where its start would begin a block."""
    line = line.lstrip(" \t")
    match = _TEXT_START.match(line)
    return line if match is None else f"{match['number'] or ''}\\{line[match.end() :]}"


def link_target(address: str) -> str:
    """An address escaped for the parentheses of a link."""
    encoded = _UNSAFE_IN_TARGET.sub(lambda match: f"%{ord(match[0]):02X}", address.strip())
    return _ENTITY.sub("&amp;", encoded)


def image(text: str, address: str) -> str:
    """An image; `text` is escaped already."""
    return f"![{text}]({link_target(address)})"


def escape_line_start(line: str) -> str:
    """The line of prose, with a backslash if its start would begin a block in Markdown."""
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


def heading(text: str, level: int) -> str:
    """A heading of one line. `text` is escaped, except number signs at its end, which Markdown would drop."""
    return "#" * level + " " + _HEADING_END.sub(r"\\\1", text)


def table_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table from cells with escaped bars. GFM requires a header, which may be empty."""
    # Pad only the header: GFM fills short rows itself, and padding all rows would cost rows times columns.
    width = max(map(len, (header, *rows)))
    lines = [_table_row([*header, *[""] * (width - len(header))]), "|" + " --- |" * width]
    return lines + [_table_row(row) for row in rows]


def _table_row(cells: Sequence[str]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)
