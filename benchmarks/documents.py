"""`python -m benchmarks.documents`: writes figures of RESULTS.md into README.md and docs/explanation/execution.md."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.figures import MIDDLE
from benchmarks.places import RESULTS, ROOT
from benchmarks.results import Row, goals, rates

REFERENCE = "The reference list: 50 issues"
OURS = "Workgraph"
QUOTED = {
    "reference list : stock execution": "{} times as many as stock Strawberry execution",
    "reference list : best Node server": "{} times the best Node server",
    "reference list : asyncpg by hand": "{} times asyncpg by hand",
}
"""Goals that the README quotes, and how."""
_SENTENCE = re.compile(r"Operations are compiled to Python: [^|]*")
_SLOWER = re.compile(r"^- Not the fastest: [^\n]*\n", re.MULTILINE)
_LIMITS = "## What it does not do yet\n\n"
_TABLE = re.compile(r"(?<=\| server \| requests/s \|\n\|---\|---:\|\n)(?:\|[^\n]*\|\n)+")


def readme(text: str, results: str) -> str:
    """README with the figures of the results: three of the goals, and who is faster if anyone is."""
    rows = _fastest_first(results)
    ours = next(row for row in rows if row.server == OURS)
    factors = {goal.text: goal.by_rate for goal in goals(results)}
    quoted = [words.format(f"{factor.middle:.2f}") for name, words in QUOTED.items() if (factor := factors[name])]
    sentence = f"{ours.rate.middle:.0f} requests/s for a list of 50 issues with seven relations"
    text = _SENTENCE.sub(f"Operations are compiled to Python: {', '.join([sentence, *quoted])}. ", text)
    text = _SLOWER.sub("", text)
    if rows[0].server.startswith(OURS):
        return text
    faster = f"{rows[0].server} answers {rows[0].rate.middle:.0f} requests/s of the list above"
    return text.replace(_LIMITS, f"{_LIMITS}- Not the fastest: {faster}.\n")


def execution(text: str, results: str) -> str:
    """Page about execution with the table of all servers, fastest first."""
    lines = [f"| {row.server} | {row.rate.middle:.0f} |\n" for row in _fastest_first(results)]
    return _TABLE.sub("".join(lines), text)


def _fastest_first(results: str) -> Sequence[Row]:
    return sorted(rates(results, REFERENCE, connections=MIDDLE), key=lambda row: -row.rate.middle)


DOCUMENTS: dict[Path, Callable[[str, str], str]] = {
    ROOT / "README.md": readme,
    ROOT / "docs" / "explanation" / "execution.md": execution,
}


def write(results: str) -> None:
    """Writes the figures of the results into the documents."""
    for path, updated in DOCUMENTS.items():
        path.write_text(updated(path.read_text(), results))


if __name__ == "__main__":
    write(RESULTS.read_text())
