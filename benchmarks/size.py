"""`python -m benchmarks.size`: lists, filters and counts at several sizes; see README.md beside this file."""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.dataset import open_dataset
from benchmarks.failures import EXPECTED, BenchmarkError
from benchmarks.machine import machine
from benchmarks.places import FOLDER, ROOT
from benchmarks.sizes.report import report
from benchmarks.sizes.results import Result
from benchmarks.sizes.runner import open_runner
from infra.shared.clock import SystemClock

RESULTS = ROOT / "benchmarks" / "SIZE.md"
SIZES = "20000,200000,1000000"


def main(
    sizes: Annotated[str, typer.Option(help="Numbers of issues, comma-separated.")] = SIZES,
    groups: Annotated[str, typer.Option(help="Groups to measure, comma-separated; by default all.")] = "",
    runs: Annotated[int, typer.Option(min=1, help="Requests per case, after a first one.")] = 20,
    output: Annotated[
        Path | None, typer.Option(help="File to write the tables to; by default SIZE.md after a full run.")
    ] = None,
) -> None:
    """Measure lists, sorts, filters and counts on workspaces of several sizes."""
    wanted = tuple(filter(None, groups.split(",")))
    try:
        results = {size: _measured(size, wanted, runs=runs) for size in _numbers(sizes)}
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None
    text = report(results, ended_at=SystemClock().now().astimezone(UTC), machine=machine(), load=os.getloadavg()[0])
    target = output or (RESULTS if not groups and sizes == SIZES else None)
    typer.echo(text)
    if target is not None:
        target.write_text(text)
        _tell(f"Written to {target}")


def _numbers(sizes: str) -> list[int]:
    try:
        return [int(size) for size in sizes.split(",")]
    except ValueError as error:
        raise BenchmarkError(f"Not a list of numbers: {sizes}") from error


def _measured(size: int, groups: Sequence[str], *, runs: int) -> list[Result]:
    with open_dataset(FOLDER, size=size) as dataset:

        async def measure() -> list[Result]:
            async with open_runner(dataset, runs=runs) as runner:
                return [each async for each in runner.results(lambda case: not groups or case.group in groups, _tell)]

        return asyncio.run(measure())


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    typer.run(main)
