"""`python -m benchmarks`: measures Workgraph beside other servers; see README.md beside this file."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Annotated, TypeVar

import asyncpg
import typer

from benchmarks import documents, profile
from benchmarks.chart import chart
from benchmarks.dataset import Dataset, open_dataset
from benchmarks.failures import EXPECTED, BenchmarkError
from benchmarks.load import require_wrk, wrk_version
from benchmarks.machine import machine, python_versions
from benchmarks.measuring import DEFECTS, Plan, Run, require_workgraph_first
from benchmarks.node import node_versions
from benchmarks.operations import REFERENCE, VIEWER, Operation, operations
from benchmarks.places import CHART, FOLDER, RESULTS, ROOT
from benchmarks.programs import NODE, PYTHON, Programs, prepared
from benchmarks.report import Facts, report
from benchmarks.servers import SERVERS, Server, python_path
from infra.shared.clock import SystemClock

STATEMENT = ROOT / "benchmarks" / "STATEMENT.md"
DEFAULT_SIZE = 20_000
MICRO_SECONDS = 120
T = TypeVar("T", Server, Operation)


def main(
    size: Annotated[int, typer.Option(min=1_000, help="Number of issues in the database.")] = DEFAULT_SIZE,
    servers: Annotated[str, typer.Option(help="Servers to measure, comma-separated; by default all.")] = "",
    operations: Annotated[str, typer.Option(help="Operations to send, comma-separated; by default all.")] = "",
    seconds: Annotated[int, typer.Option(min=1, max=60, help="Seconds of load for each figure.")] = 2,
    warm_up: Annotated[int, typer.Option(min=1, max=60, help="Seconds of load before measuring an operation.")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="Number of times to measure everything.")] = 3,
    is_quick: Annotated[bool, typer.Option("--quick", help="Two operations, 8 connections, one round.")] = False,
    is_compared_only: Annotated[
        bool, typer.Option("--compare-only", help="Compare the answers; needs no wrk.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="File to write the tables to; by default RESULTS.md after a full run.")
    ] = None,
) -> None:
    """Measure Workgraph beside hand-written endpoints and the GraphQL servers of Node and Python."""
    is_full = not (servers or operations or is_quick) and size == DEFAULT_SIZE
    try:
        if not is_compared_only:
            require_wrk()
        wanted = _chosen(SERVERS, servers)
        require_workgraph_first(wanted)
        programs = prepared({server.program for server in wanted}, tell=_tell)
        with open_dataset(FOLDER, size=size) as dataset:
            plan = _plan(
                dataset, wanted, operations, seconds=seconds, warm_up=warm_up, rounds=rounds, is_quick=is_quick
            )
            if is_compared_only:
                _compare(plan, dataset, programs)
                return
            _write(_measured(plan, dataset, programs), output or (RESULTS if is_full else None))
            if is_full:
                _profile(dataset)
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None


def _write(text: str, target: Path | None) -> None:
    """Writes the report, and what other documents show of it if it is RESULTS.md."""
    typer.echo(text)
    if target is not None:
        target.write_text(text)
        _tell(f"Written to {target}")
    if target != RESULTS:
        return
    try:
        CHART.write_text(chart(text))
        documents.write(text)
    except (LookupError, ValueError) as error:  # a server that they show has failed
        _tell(f"Chart and documents are not written: {error}")
    else:
        _tell(f"Written to {CHART} and the documents that quote figures")


def _plan(
    dataset: Dataset,
    servers: Sequence[Server],
    names: str,
    *,
    seconds: int,
    warm_up: int,
    rounds: int,
    is_quick: bool,
) -> Plan:
    chosen = _chosen(operations(dataset), names or (f"{VIEWER},{REFERENCE}" if is_quick else ""))
    return Plan(
        servers=servers,
        operations=chosen,
        rounds=1 if is_quick else rounds,
        seconds=seconds,
        warm_up=warm_up,
        has_middle_only=is_quick,
    )


def _profile(dataset: Dataset) -> None:
    """Writes the profile of a request into README.md; a failure leaves the last one there."""
    _tell("profiling: Workgraph, now and before the work on speed")
    try:
        profile.write(profile.profiled(dataset, seconds=profile.SECONDS))
    except DEFECTS as error:
        _tell(f"There is no new profile: {error}")


def _compare(plan: Plan, dataset: Dataset, programs: Programs) -> None:
    run = _run(plan, dataset, programs)
    run.compare()
    if run.failures:
        raise BenchmarkError("\n".join(f"{name}: {reason}" for name, reason in run.failures.items()))


def _run(plan: Plan, dataset: Dataset, programs: Programs) -> Run:
    """Run of the servers whose programs are there; the others count as failed."""
    run = Run(plan, dataset, programs=programs.paths, tell=_tell)
    for server in plan.servers:
        if server.program in programs.missing:
            run.leave_out(server, programs.missing[server.program])
    return run


def _measured(plan: Plan, dataset: Dataset, programs: Programs) -> str:
    clock = SystemClock()
    started = time.monotonic()
    _tell(f"About {plan.estimate / 60:.0f} minutes.")
    run = _run(plan, dataset, programs)
    run.measure()
    executor = _executor_alone(programs.paths[PYTHON])
    samples = json.dumps([asdict(sample) for sample in run.samples])
    (dataset.settings.data_dir / "samples.json").write_text(samples)
    versions = python_versions(programs.python, programs.newer) | {
        "PostgreSQL": _postgres_version(dataset),
        "wrk": wrk_version(),
    }
    facts = Facts(
        ended_at=clock.now().astimezone(UTC),
        machine=machine(),
        versions=versions | (node_versions(programs.paths[NODE]) if NODE in programs.paths else {}),
        issues=dataset.issues,
        comments=dataset.comments,
        minutes=(time.monotonic() - started) / 60,
        executor=executor,
        left_out=run.failures,
    )
    return report(plan, run.samples, facts, STATEMENT.read_text())


def _executor_alone(python: Path) -> list[str]:
    """Table of the executor's times on the interpreter that the servers ran on."""
    environment = {"PATH": os.defpath, "PYTHONPATH": python_path(ROOT)}
    command = [str(python), "-m", "benchmarks.micro"]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, timeout=MICRO_SECONDS, env=environment, cwd=ROOT
    )
    return done.stdout.splitlines() or [f"Not measured: {done.stderr.strip().splitlines()[-1]}"]


def _chosen(known: Sequence[T], names: str) -> list[T]:
    """Known items with the given comma-separated names, in their known order; all if `names` is empty."""
    wanted = set(filter(None, names.split(",")))
    unknown = wanted - {each.name for each in known}
    if unknown:
        raise BenchmarkError(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(each.name for each in known)}.")
    return [each for each in known if not wanted or each.name in wanted]


def _postgres_version(dataset: Dataset) -> str:
    async def read() -> str:
        connection = await asyncpg.connect(dataset.driver_url)
        try:
            version: str = await connection.fetchval("SHOW server_version")
            return version
        finally:
            await connection.close()

    return asyncio.run(read())


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
