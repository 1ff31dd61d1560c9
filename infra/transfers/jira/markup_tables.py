"""Conversion of Jira tables to GFM tables."""

import re
from collections.abc import Callable, Sequence

from infra.transfers.markdown import table_rows

# A bar in a link, monospace text or image does not end a cell.
_CELL_PART = re.compile(
    r"\\.|\[[^\[\]\n]*+\]|\{\{[^{}\n]*+\}\}|![^!|\n]*+\|[^!|\n]*+![ ]*+(?=\|)|(?P<bars>\|{1,2})", re.DOTALL
)
_BARE_BAR = re.compile(r"(?<!\\)\|")


LONGEST_ROW = 50  # lines


def lines_of_row(lines: Sequence[str]) -> int:
    """Number of lines in the row that starts with the first line; 0 if the line starts no row."""
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped or (number > 1 and stripped[0] == "|"):
            return 0
        if stripped[-1] == "|" and (number > 1 or (len(stripped) > 2 and stripped.strip("| "))):
            return number
    return 0


def table(rows: Sequence[str], phrases: Callable[[str], str]) -> list[str]:
    """Lines of the table. GFM requires a header, so a table without one gets an empty header row."""
    split = [_cells(row) for row in rows]
    has_header = all(is_header for _, is_header in split[0])
    header = [_cell(cell, phrases) for cell, _ in split.pop(0)] if has_header else []
    return table_rows(header, [[_cell(cell, phrases, is_bold=is_header) for cell, is_header in row] for row in split])


def _cells(row: str) -> list[tuple[str, bool]]:
    """The cells of a row, and which of them are headers."""
    text = row.strip()
    cells: list[tuple[str, bool]] = []
    start = 2 if text.startswith("||") else 1
    is_header = start == 2
    for match in _CELL_PART.finditer(text, start):
        if bars := match["bars"]:
            cells.append((text[start : match.start()], is_header))
            start, is_header = match.end(), len(bars) == 2
    if start < len(text):
        cells.append((text[start:], is_header))
    return cells


def _cell(cell: str, phrases: Callable[[str], str], *, is_bold: bool = False) -> str:
    """The cell's text; headers outside the first row are bold because GFM allows headers only there."""
    text = _BARE_BAR.sub(r"\\|", phrases(cell.strip()))
    return f"**{text}**" if is_bold and text[:1].isalnum() and text[-1:].isalnum() else text
