"""`python -m benchmarks`: measures Workgraph beside other servers; see README.md beside this file."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Annotated, TypeVar

import asyncpg
import typer

from benchmarks import micro
from benchmarks.dataset import FOLDER, Dataset, open_dataset
from benchmarks.failures import EXPECTED, BenchmarkError
from benchmarks.load import require_wrk, wrk_version
from benchmarks.machine import machine, python_versions
from benchmarks.measuring import Plan, Run, require_workgraph_first
from benchmarks.node import installed_node, node_versions
from benchmarks.operations import REFERENCE, VIEWER, Operation, operations
from benchmarks.report import Facts, report
from benchmarks.servers import ROOT, SERVERS, Server
from infra.shared.clock import SystemClock

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
STATEMENT = ROOT / "benchmarks" / "STATEMENT.md"
DEFAULT_SIZE = 20_000
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
    """Measure Workgraph beside hand-written endpoints and Node's GraphQL servers."""
    try:
        if not is_compared_only:
            require_wrk()
        wanted = _chosen(SERVERS, servers)
        require_workgraph_first(wanted)
        node = installed_node() if any(server.needs_node for server in wanted) else None
        with open_dataset(FOLDER, size=size) as dataset:
            plan = _plan(
                dataset, wanted, operations, seconds=seconds, warm_up=warm_up, rounds=rounds, is_quick=is_quick
            )
            if is_compared_only:
                Run(plan, dataset, node=node, tell=_tell).compare()
                return
            text = _measured(plan, dataset, node)
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None
    is_full = not (servers or operations or is_quick) and size == DEFAULT_SIZE
    target = output or (RESULTS if is_full else None)
    typer.echo(text)
    if target is not None:
        target.write_text(text)
        typer.echo(f"Written to {target}", err=True)


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


def _measured(plan: Plan, dataset: Dataset, node: Path | None) -> str:
    clock = SystemClock()
    started = time.monotonic()
    _tell(f"About {plan.estimate / 60:.0f} minutes.")
    run = Run(plan, dataset, node=node, tell=_tell)
    run.measure()
    executor = micro.table(micro.measured())
    samples = json.dumps([asdict(sample) for sample in run.samples])
    (dataset.settings.data_dir / "samples.json").write_text(samples)
    versions = python_versions() | {"PostgreSQL": _postgres_version(dataset), "wrk": wrk_version()}
    facts = Facts(
        ended_at=clock.now().astimezone(UTC),
        machine=machine(),
        versions=versions | (node_versions(node) if node else {}),
        issues=dataset.issues,
        comments=dataset.comments,
        minutes=(time.monotonic() - started) / 60,
        executor=executor,
    )
    return report(plan, run.samples, facts, STATEMENT.read_text())


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
