"""The tables, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from textwrap import wrap

from benchmarks.figures import MIDDLE, Sample, Spread, chosen, outcomes, ratio
from benchmarks.measuring import CONNECTIONS, Plan
from benchmarks.operations import Operation
from benchmarks.servers import WORKGRAPH, Server

WIDTH = 120
_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts about a run that its report states besides the measurements."""

    ended_at: datetime
    machine: str
    versions: Mapping[str, str]
    issues: int
    comments: int
    minutes: float
    executor: Sequence[str]


def report(plan: Plan, samples: Sequence[Sample], facts: Facts, statement: str) -> str:
    """Report in Markdown; `statement` says what is compared and how."""
    parts = [
        ["# Results", "", "Written by `make bench`; what the figures mean is in [README.md](README.md).", ""],
        _circumstances(plan, samples, facts),
        _goals(samples),
        [line for operation in plan.operations for line in _operation(plan, samples, operation)],
        ["## The executor alone", "", *facts.executor, ""] if facts.executor else [],
        [statement.strip(), ""],
    ]
    return "\n".join(line for part in parts for line in part)


def _circumstances(plan: Plan, samples: Sequence[Sample], facts: Facts) -> list[str]:
    others = [sample.others for sample in samples]
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    run = f"{facts.ended_at:%Y-%m-%d}, {facts.minutes:.0f} minutes; {facts.machine}."
    data = f"{facts.issues:,} issues with {facts.comments:,} comments; {plan.rounds} rounds"
    load = f"{plan.seconds} s of load for each figure, after {plan.warm_up} s of warming up with each operation"
    noise = f"{median(others):.0%} of the machine, {max(others):.0%} at worst"
    lines = [
        f"{run} Load generator, server and PostgreSQL share the cores.",
        f"{data}, {load}.",
        f"While it was measured, processes that have no part in it used {noise}.",
        f"{versions}.",
    ]
    return [*(part for line in lines for part in _item(line)), ""]


def _item(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def _goals(samples: Sequence[Sample]) -> list[str]:
    reached = outcomes(samples, ours=WORKGRAPH)
    if not reached:
        return []
    rows = [
        (
            each.goal.text,
            f"{each.goal.least:g}",
            _spread(each.measured, 2),
            "yes" if each.is_reached else "**no**",
            _spread(each.by_processor_time, 2),
        )
        for each in reached
    ]
    header = ("times as many requests as the other", "goal", "measured", "reached", "by server CPU")
    return [f"## Goals, at {MIDDLE} connections", "", *_table(header, rows), ""]


def _operation(plan: Plan, samples: Sequence[Sample], operation: Operation) -> list[str]:
    lines = [f"## {operation.title[0].upper()}{operation.title[1:]}", ""]
    for connections in CONNECTIONS:
        rows = [row for server in plan.servers if (row := _row(samples, server, operation, connections))]
        if rows:
            header = (
                f"{connections} connection{'s' if connections > 1 else ''}",
                "requests/s",
                "Workgraph is … times it",
                "p50 ms",
                "p99 ms",
                "CPU ms",
                "PostgreSQL CPU ms",
                "peak MB",
            )
            lines += [*_table(header, rows), ""]
    skipped = [
        (server.title, server.skipped[operation.name]) for server in plan.servers if operation.name in server.skipped
    ]
    return [*lines, *(f"Not measured: {title}, because {reason}." for title, reason in skipped), ""][
        : None if skipped else -1
    ]


def _row(samples: Sequence[Sample], server: Server, operation: Operation, connections: int) -> tuple[str, ...] | None:
    found = chosen(samples, server=server.name, operation=operation.name, connections=connections)
    if not found:
        return None
    times = ratio(samples, WORKGRAPH, [server.name], operation.name, connections)
    failed = sum(sample.errors for sample in found)
    return (
        server.title,
        _spread(Spread.of([sample.rate for sample in found]), 0) + (f", **{failed} failed**" if failed else ""),
        "" if server.name == WORKGRAPH or times is None else _spread(times, 2),
        f"{median(sample.p50_ms for sample in found):.1f}",
        f"{median(sample.p99_ms for sample in found):.1f}",
        f"{median(sample.server_cpu_ms for sample in found):.2f}",
        f"{median(sample.postgres_cpu_ms for sample in found):.2f}",
        f"{max(sample.peak_memory for sample in found) / _MEGABYTE:.0f}",
    )


def _spread(spread: Spread, digits: int) -> str:
    if spread.is_single:
        return f"{spread.middle:.{digits}f}"
    return f"{spread.middle:.{digits}f} ({spread.low:.{digits}f}–{spread.high:.{digits}f})"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    marks = ["---", *["---:"] * (len(header) - 1)]
    return ["| " + " | ".join(row) + " |" for row in (header, marks, *rows)]
