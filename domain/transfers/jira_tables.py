"""Jira's tables, to GFM."""

import re
from collections.abc import Callable, Sequence

from domain.transfers.markdown import table_rows

# A bar within a link, monospace text or an image does not end a cell.
_CELL_PART = re.compile(
    r"\\.|\[[^\[\]\n]*+\]|\{\{[^{}\n]*+\}\}|![^!|\n]*+\|[^!|\n]*+![ ]*+(?=\|)|(?P<bars>\|{1,2})", re.DOTALL
)
_BARE_BAR = re.compile(r"(?<!\\)\|")


def is_row(line: str) -> bool:
    stripped = line.strip()
    return len(stripped) > 2 and stripped[0] == "|" == stripped[-1] and bool(stripped.strip("| "))


def table(rows: Sequence[str], phrases: Callable[[str], str]) -> list[str]:
    """The lines of the table; GFM demands a header, so one without words stands above rows that bring none."""
    split = [_cells(row) for row in rows]
    header = split.pop(0)[0] if split[0][1] else []
    return table_rows(
        [_cell(cell, phrases) for cell in header], [[_cell(cell, phrases) for cell in cells] for cells, _ in split]
    )


def _cells(row: str) -> tuple[list[str], bool]:
    """The cells of a row, and whether it is a header."""
    text = row.strip()
    cells: list[str] = []
    start = 2 if text.startswith("||") else 1
    is_header = start == 2
    for match in _CELL_PART.finditer(text, start):
        if match["bars"]:
            cells.append(text[start : match.start()])
            start = match.end()
    if start < len(text):
        cells.append(text[start:])
    return cells, is_header


def _cell(cell: str, phrases: Callable[[str], str]) -> str:
    return _BARE_BAR.sub(r"\\|", phrases(cell.strip()))
