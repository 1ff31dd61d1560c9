"""The tables of SIZE.md."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median
from textwrap import indent

from benchmarks.sizes.results import LAST, Result, quantile

MOST_GROWTH = 1.5
MOST_MS = 100.0
MOST_FIRST_MS = 200.0
MOST_EVER_MS = 1_000.0
MOST_ROWS = 20  # cases of a group that are listed; of larger groups, the slowest
SLOWEST = 10
MOST_NAMES = 10
LONGEST_NAME = 110
LONGEST_LINE = 300
MOST_LINES = 7
LEAST_GROWN_MS = 5.0  # below, the growth is that of a few buffers

Results = Mapping[int, Sequence[Result]]


def report(results: Results, *, ended_at: datetime, machine: str, load: float) -> str:
    """Report in Markdown; `results` by number of issues, `load` is the load average at the end."""
    sizes = sorted(results)
    parts = [
        ["# Size", "", "Written by `make size`; what is measured is in [README.md](README.md).", ""],
        [f"- {ended_at:%Y-%m-%d}; {machine}; load average {load:.1f} at the end.", ""],
        _summary(results),
        _growth(results) if len(sizes) > 1 else [],
        _groups(sizes[-1], results[sizes[-1]]),
        *(_overview(size, results[size]) for size in reversed(sizes[:-1])),
    ]
    return "\n".join(line for part in parts for line in part)


def growth_of(small: Iterable[Result], large: Iterable[Result]) -> list[tuple[str, float]]:
    """How many times longer each case takes on the larger data, by its name with its group; the greatest first."""
    before = {(each.group, each.title): each for each in small}
    found = [
        (f"{each.group}: {each.title}", each.p50_ms / old.p50_ms)
        for each in large
        if (old := before.get((each.group, each.title))) and old.p50_ms and old.outcome == each.outcome
    ]
    return sorted(found, key=lambda each: -each[1])


def _summary(results: Results) -> list[str]:
    sizes = sorted(results)
    bounds = {
        f"p95 over {MOST_MS:.0f} ms": lambda each: each.p95_ms > MOST_MS,
        f"first request over {MOST_FIRST_MS:.0f} ms": lambda each: each.first_ms > MOST_FIRST_MS,
        f"any request over {MOST_EVER_MS:,.0f} ms": lambda each: each.most_ms > MOST_EVER_MS,
        "refused with SORT_NOT_INDEXED or FILTER_TOO_BROAD": lambda each: each.is_refused,
        "failed otherwise": lambda each: each.is_failed,
    }
    lines = ["## Summary", "", f"| cases | {' | '.join(f'{size:,} issues' for size in sizes)} |"]
    lines += ["|---" * (1 + len(sizes)) + "|", f"| all | {' | '.join(str(len(results[size])) for size in sizes)} |"]
    for name, holds in bounds.items():
        lines.append(f"| {name} | {' | '.join(str(sum(map(holds, results[size]))) for size in sizes)} |")
    lines.append("")
    for name, holds in bounds.items():
        found = sorted(filter(holds, results[sizes[-1]]), key=lambda each: -each.p95_ms)
        if found:
            lines += [f"With {sizes[-1]:,} issues, {name}:", "", *map(_named, found[:MOST_NAMES])]
            lines += [f"- and {len(found) - MOST_NAMES} more"] if len(found) > MOST_NAMES else []
            lines.append("")
    return lines


def _named(each: Result) -> str:
    times = f"p95 {each.p95_ms:.0f} ms, first {each.first_ms:.0f} ms, longest {each.most_ms:.0f} ms"
    return f"- {each.group}: {_short(each.title)} ({times}; {each.outcome})"


def _growth(results: Results) -> list[str]:
    *_, small, large = sorted(results)
    slow = {f"{each.group}: {each.title}" for each in results[large] if each.p50_ms > LEAST_GROWN_MS}
    grown = [each for each in growth_of(results[small], results[large]) if each[1] > MOST_GROWTH and each[0] in slow]
    title = f"## More than {MOST_GROWTH} times slower with {large:,} than with {small:,} issues"
    text = f"Cases with the same result and a median of over {LEAST_GROWN_MS:.0f} ms."
    rows = [f"| {_short(name)} | {times:.1f} |" for name, times in grown[:MOST_NAMES]]
    more = [f"| and {len(grown) - MOST_NAMES} more | |"] if len(grown) > MOST_NAMES else []
    return [title, "", text, "", *(["| case | times |", "|---|---|", *rows, *more] if rows else ["None."]), ""]


def _groups(size: int, results: Sequence[Result]) -> list[str]:
    lines = [f"## {size:,} issues", ""]
    for group in dict.fromkeys(each.group for each in results):
        found = [each for each in results if each.group == group]
        lines += [f"### {group.capitalize()}", ""]
        if any(each.page == LAST for each in found):
            lines += _paged(found)
        elif len(found) > MOST_ROWS:
            lines += [*_quantiles(found), *_rows(sorted(found, key=lambda each: -each.p95_ms)[:SLOWEST])]
        else:
            lines += _rows(found)
        lines += _worst(max(found, key=lambda each: each.p95_ms if each.worst else 0.0))
    return lines


def _overview(size: int, results: Sequence[Result]) -> list[str]:
    lines = [
        f"## {size:,} issues",
        "",
        "| group | cases | median ms | p95 ms | slowest | its p95 ms |",
        "|---" * 6 + "|",
    ]
    for group in dict.fromkeys(each.group for each in results):
        found = [each for each in results if each.group == group]
        slowest = max(found, key=lambda each: each.p95_ms)
        times = f"{median(each.p50_ms for each in found):.1f} | {quantile([each.p95_ms for each in found], 0.95):.1f}"
        lines.append(f"| {group} | {len(found)} | {times} | {_short(slowest.title)} | {slowest.p95_ms:.1f} |")
    return [*lines, ""]


def _rows(found: Sequence[Result]) -> list[str]:
    lines = ["| case | p50 ms | p95 ms | first ms | buffers | WAL bytes | result |", "|---" * 7 + "|"]
    for each in found:
        times = f"{each.p50_ms:.1f} | {each.p95_ms:.1f} | {each.first_ms:.1f}"
        lines.append(f"| {_short(each.title)} | {times} | {each.buffers:,} | {each.wal_bytes:,} | {each.outcome} |")
    return [*lines, ""]


def _paged(found: Sequence[Result]) -> list[str]:
    """One row for each order, with p50 and p95 of each page."""
    pages = list(dict.fromkeys(each.page for each in found))
    pages.sort(key=lambda page: (page == LAST, len(page), page))
    lines = ["Each cell is p50 / p95 in ms, first request in brackets.", ""]
    lines += [f"| order | {' | '.join(f'page {page}' for page in pages)} | most buffers |"]
    lines.append("|---" * (2 + len(pages)) + "|")
    for name in dict.fromkeys(each.name for each in found):
        row = {each.page: each for each in found if each.name == name}
        cells = [_cell(row[page]) if page in row else "" for page in pages]
        lines.append(f"| {name} | {' | '.join(cells)} | {max(each.buffers for each in row.values()):,} |")
    return [*lines, ""]


def _cell(each: Result) -> str:
    code = f" {each.outcome}" if each.is_refused or each.is_failed else ""
    return f"{each.p50_ms:.1f} / {each.p95_ms:.1f} ({each.first_ms:.1f}){code}"


def _quantiles(found: Sequence[Result]) -> list[str]:
    shares = (0.5, 0.9, 0.95, 0.99, 1.0)
    lines = [f"{len(found)} cases:", "", "| of the cases | " + " | ".join(f"{share:.0%}" for share in shares) + " |"]
    lines.append("|---" * (1 + len(shares)) + "|")
    for name, values in (
        ("p50 ms at most", [each.p50_ms for each in found]),
        ("p95 ms at most", [each.p95_ms for each in found]),
        ("first ms at most", [each.first_ms for each in found]),
        ("buffers at most", [float(each.buffers) for each in found]),
    ):
        digits = 0 if name.startswith("buffers") else 1
        lines.append(f"| {name} | " + " | ".join(f"{quantile(values, share):,.{digits}f}" for share in shares) + " |")
    codes = Counter(each.outcome for each in found if each.is_refused or each.is_failed)
    refused = "; ".join(f"{code}: {number}" for code, number in codes.most_common()) or "none"
    return [*lines, "", f"Refused: {refused}. The slowest:", ""]


def _worst(result: Result) -> list[str]:
    if result.worst is None:
        return []
    title = f"Slowest statement of the slowest case, {_short(result.title)} ({result.worst.milliseconds:.1f} ms):"
    parts = [*_beginning(result.worst.text), "", *_beginning(result.worst.plan)]
    return [title, "", *(indent(part, "    ").rstrip() for part in parts), ""]


def _beginning(text: str) -> list[str]:
    """The first lines of a statement or plan. Those of random filters are long."""
    lines = [_cut(line, LONGEST_LINE) for line in text.splitlines()]
    return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], "…"]


def _short(name: str) -> str:
    return _cut(name, LONGEST_NAME)


def _cut(text: str, length: int) -> str:
    """The text with at most so many characters, cut after a whole word."""
    return text if len(text) <= length else f"{text[: length - 1].rpartition(' ')[0]} …"
