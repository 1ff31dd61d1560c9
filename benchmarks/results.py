"""Tables of RESULTS.md, read back: what the chart and the documents show is what the file says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import Spread

_NUMBER = r"[\d,]+(?:\.\d+)?"
_SPREAD = re.compile(rf"\**({_NUMBER})(?: \(({_NUMBER})–({_NUMBER})\))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One server's requests per second, and how many times as many Workgraph answers; None for Workgraph itself."""

    server: str
    rate: Spread
    times: Spread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalRow:
    """One goal as the table shows it; a figure is None if it was not measured."""

    text: str
    required: str
    aim: str
    by_rate: Spread | None
    by_cpu: Spread | None
    verdict: str


def section(results: str, title: str) -> str:
    """Text of the section whose heading begins with `title`."""
    found = re.search(rf"^## {re.escape(title)}.*?$(.*?)(?=^## |\Z)", results, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"RESULTS.md has no section {title}.")
    return found[1]


def rates(results: str, title: str, *, connections: int) -> list[Row]:
    """Rows of the table of an operation at that number of connections, as ordered there."""
    heading = f"| {connections} connection{'s' if connections > 1 else ''} |"
    return [
        Row(server=cells[0], rate=_required(cells[1]), times=spread_in(cells[2]))
        for cells in _table(section(results, title), heading)
    ]


def goals(results: str) -> list[GoalRow]:
    return [
        GoalRow(
            text=text,
            required=required,
            aim=aim,
            by_rate=spread_in(by_rate),
            by_cpu=spread_in(by_cpu),
            verdict=verdict.strip("*"),
        )
        for text, required, aim, by_rate, by_cpu, verdict in _table(
            section(results, "Goals"), "| Workgraph : the other |"
        )
    ]


def spread_in(cell: str) -> Spread | None:
    """Figures of a cell; None if it has none."""
    found = _SPREAD.match(cell)
    if found is None:
        return None
    middle, low, high = (
        float(text.replace(",", "")) for text in (found[1], found[2] or found[1], found[3] or found[1])
    )
    return Spread(middle, low, high)


def _required(cell: str) -> Spread:
    found = spread_in(cell)
    if found is None:
        raise ValueError(f"RESULTS.md has no figure in {cell!r}.")
    return found


def _table(text: str, heading: str) -> list[Sequence[str]]:
    """Cells of the rows below the heading that begins with `heading`; none if there is no such table."""
    _, found, below = text.partition(f"\n{heading}")
    if not found:
        return []
    lines = below.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in lines if line.startswith("|")]
