"""The tables, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from textwrap import wrap

from benchmarks.figures import DISTURBED, MIDDLE, Quietness, Sample, Spread, chosen, ratio
from benchmarks.goals import Outcome, outcomes, unmeasured
from benchmarks.measuring import CONNECTIONS, Plan
from benchmarks.operations import Operation
from benchmarks.servers import WORKGRAPH, WRITERS, Server

WIDTH = 120
_MEGABYTE = 1e6
_HOW_TO_READ = (
    "Each figure is the median of the rounds with the least and the greatest; the one in bold decides. By requests/s: "
    "Workgraph's divided by the other's in the same round. By server CPU: the same for requests per second of the "
    "server's own processor time; in the row with ≤, Workgraph's processor time of a request divided by the other's."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts about a run that its report states besides the measurements; `left_out` has reasons by name of server."""

    ended_at: datetime
    machine: str
    versions: Mapping[str, str]
    issues: int
    comments: int
    minutes: float
    executor: Sequence[str]
    left_out: Mapping[str, str] = field(default_factory=dict)


def report(plan: Plan, samples: Sequence[Sample], facts: Facts, statement: str) -> str:
    """Report in Markdown; `statement` says what is compared and how."""
    parts = [
        ["# Results", "", "Written by `make bench`; what the figures mean is in [README.md](README.md).", ""],
        _circumstances(plan, samples, facts),
        _goals(samples, facts.left_out),
        _left_out(plan, facts.left_out),
        [line for operation in plan.operations for line in _operation(plan, samples, operation)],
        ["## The executor alone", "", *facts.executor, ""] if facts.executor else [],
        [statement.strip(), ""],
    ]
    return "\n".join(line for part in parts for line in part)


def _circumstances(plan: Plan, samples: Sequence[Sample], facts: Facts) -> list[str]:
    quietness = Quietness.of(samples)
    versions = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    run = f"{facts.ended_at:%Y-%m-%d}, {facts.minutes:.0f} minutes; {facts.machine}."
    data = f"{facts.issues:,} issues with {facts.comments:,} comments; {plan.rounds} rounds"
    load = f"{plan.seconds} s of load for each figure, after {plan.warm_up} s of warming up with each operation"
    verdict = "The machine was quiet" if quietness.is_quiet else "**The machine was not quiet; measure again**"
    noise = f"{quietness.middle:.0%} of it (median), {quietness.most:.0%} at worst"
    disturbed = f"more than {DISTURBED:.0%} in {quietness.disturbed} of {quietness.measured} measurements"
    lines = [
        f"{run} Load generator, server and PostgreSQL share the cores.",
        f"{data}, {load}.",
        f"{verdict}: processes that have no part in the benchmark used {noise}, {disturbed}.",
        f"{versions}.",
    ]
    return [*(part for line in lines for part in _item(line)), ""]


def _item(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def _goals(samples: Sequence[Sample], left_out: Mapping[str, str]) -> list[str]:
    found = outcomes(samples)
    if not found:
        return []
    header = ("Workgraph : the other", "required", "aim", "by requests/s", "by server CPU", "verdict")
    rows = [_goal(outcome, left_out) for outcome in found]
    where = f"At {MIDDLE} connections, the writers at {WRITERS}."
    return ["## Goals", "", *wrap(f"{where} {_HOW_TO_READ}", WIDTH), "", *_table(header, rows), ""]


def _goal(outcome: Outcome, left_out: Mapping[str, str]) -> tuple[str, ...]:
    goal = outcome.goal
    sign = "≤" if goal.is_share else "≥"
    figures = [_spread(each, 2) if each else "" for each in (outcome.by_rate, outcome.by_cpu)]
    if outcome.verdict is not None:
        figures[goal.is_by_cpu] = f"**{figures[goal.is_by_cpu]}**"
    verdict = outcome.verdict or f"not measured: {unmeasured(goal, left_out)}"
    return (goal.text, f"{sign} {goal.required:g}", f"{sign} {goal.aim:g}", *figures, verdict)


def _left_out(plan: Plan, reasons: Mapping[str, str]) -> list[str]:
    lines = [
        f"- {server.title}: {_first_line(reasons[server.name])}" for server in plan.servers if server.name in reasons
    ]
    return ["## Left out", "", *lines, ""] if lines else []


def _first_line(reason: str) -> str:
    """Reason on one line: the first, and the last of what a program printed."""
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    return " … ".join(dict.fromkeys([lines[0], lines[-1]])) if lines else "unknown"


def _operation(plan: Plan, samples: Sequence[Sample], operation: Operation) -> list[str]:
    lines = [f"## {operation.title[0].upper()}{operation.title[1:]}", ""]
    for connections in (*CONNECTIONS, WRITERS):
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
