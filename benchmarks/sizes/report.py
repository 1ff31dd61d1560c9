"""The tables of SIZE.md."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from textwrap import indent

from benchmarks.sizes.runner import Result

MOST_GROWTH = 1.5


def report(results: Mapping[int, Sequence[Result]], *, ended_at: datetime, machine: str, load: float) -> str:
    """Report in Markdown; `results` by number of issues, `load` is the load average at the end."""
    sizes = sorted(results)
    parts = [
        ["# Size", "", "Written by `make size`; what is measured is in [README.md](README.md).", ""],
        [f"- {ended_at:%Y-%m-%d}; {machine}; load average {load:.1f} at the end.", ""],
        _growth(results) if len(sizes) > 1 else [],
        *(_size(size, results[size]) for size in reversed(sizes)),
    ]
    return "\n".join(line for part in parts for line in part)


def growth_of(small: Iterable[Result], large: Iterable[Result]) -> list[tuple[str, float]]:
    """How many times longer each case takes on the larger data, by its name with its group; the greatest first."""
    before = {(each.group, each.name): each.p50_ms for each in small}
    found = [
        (f"{each.group}: {each.name}", each.p50_ms / before[each.group, each.name])
        for each in large
        if before.get((each.group, each.name))
    ]
    return sorted(found, key=lambda each: -each[1])


def _growth(results: Mapping[int, Sequence[Result]]) -> list[str]:
    *_, small, large = sorted(results)
    grown = [each for each in growth_of(results[small], results[large]) if each[1] > MOST_GROWTH]
    rows = [f"| {name} | {times:.1f} |" for name, times in grown]
    title = f"## More than {MOST_GROWTH} times slower with {large:,} than with {small:,} issues (p50)"
    return [title, "", "| case | times |", "|---|---|", *rows, ""] if rows else [title, "", "None.", ""]


def _size(size: int, results: Sequence[Result]) -> list[str]:
    lines = [f"## {size:,} issues", ""]
    for group in dict.fromkeys(each.group for each in results):
        found = [each for each in results if each.group == group]
        lines += [
            f"### {group.capitalize()}",
            "",
            "| case | p50 ms | p95 ms | first ms | buffers | WAL bytes | result |",
        ]
        lines += ["|---|---|---|---|---|---|---|", *map(_row, found), ""]
        lines += _worst(max(found, key=lambda each: each.p95_ms))
    return lines


def _row(each: Result) -> str:
    times = f"{each.p50_ms:.1f} | {each.p95_ms:.1f} | {each.first_ms:.1f}"
    return f"| {each.name} | {times} | {each.buffers:,} | {each.wal_bytes:,} | {each.outcome} |"


def _worst(result: Result) -> list[str]:
    if result.worst is None:
        return []
    title = f"Slowest statement of the slowest case, {result.name} ({result.worst.milliseconds:.1f} ms):"
    body = indent(f"{result.worst.text}\n\n{result.worst.plan}", "    ")
    return [title, "", *(line.rstrip() for line in body.splitlines()), ""]
