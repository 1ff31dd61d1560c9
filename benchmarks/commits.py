"""`python -m benchmarks.commits`: commits per second of many writers, now and at an earlier commit; see README.md."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated

import asyncpg
import typer

from benchmarks.before import checked_out
from benchmarks.dataset import PUBLIC_URL, Dataset, open_dataset
from benchmarks.failures import EXPECTED, BenchmarkError
from benchmarks.places import BEFORE_FOLDER, FOLDER, ROOT
from benchmarks.servers import WRITERS, python_path
from infra.settings import PREFIX

SIZE = 20_000
NOW, EARLIER = "this commit", "before the work on speed"
_PLACE = "SELECT workspace_id, creator_id FROM issue WHERE id = $1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Commits of one process within some seconds, and what they cost it."""

    per_second: float
    cpu_microseconds: float  # of a commit


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Number of stretches of each commit.")] = 7,
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of a stretch.")] = 5.0,
    size: Annotated[int, typer.Option(min=500, help="Number of seeded issues of the workspace.")] = SIZE,
) -> None:
    """Measure how many commits 16 writers make in one workspace, now and before the work on speed, in turns."""
    try:
        with open_dataset(FOLDER, size=size) as dataset:
            found = measured(dataset, rounds=rounds, seconds=seconds)
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo("\n".join(table(found)))


def measured(dataset: Dataset, *, rounds: int, seconds: float) -> dict[str, list[Stretch]]:
    """The stretches of each commit, measured alternately, so that changes of the machine meet both."""
    roots = {EARLIER: checked_out(BEFORE_FOLDER, root=ROOT), NOW: ROOT}
    writers = json.dumps(asyncio.run(_writers(dataset)))
    found: dict[str, list[Stretch]] = {name: [] for name in roots}
    with ExitStack() as stack:
        running = {name: stack.enter_context(_running(root, dataset, writers)) for name, root in roots.items()}
        for process in running.values():
            stretch_of(process, seconds)  # opens connections and prepares statements
        for turn in range(rounds):
            for name in list(running)[:: -1 if turn % 2 else 1]:
                found[name].append(stretch_of(running[name], seconds))
    return found


def table(found: dict[str, list[Stretch]]) -> Iterator[str]:
    """Medians of both commits, and of the ratios of their rounds with the smallest and largest one."""
    yield f"{WRITERS} writers in one workspace, {len(found[NOW])} rounds"
    yield "| | commits/s | CPU µs per commit |"
    yield "|---|---|---|"
    for name, stretches in found.items():
        speed, cost = median(each.per_second for each in stretches), median(each.cpu_microseconds for each in stretches)
        yield f"| {name} | {speed:.0f} | {cost:.0f} |"
    pairs = list(zip(found[EARLIER], found[NOW], strict=True))
    speeds = _spread([now.per_second / before.per_second for before, now in pairs])
    costs = _spread([now.cpu_microseconds / before.cpu_microseconds for before, now in pairs])
    yield f"| ratio | {speeds} | {costs} |"


def _spread(ratios: Sequence[float]) -> str:
    return f"× {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


async def _writers(dataset: Dataset) -> list[tuple[str, str, str]]:
    """Account, workspace and issue of each writer; no two write the same issue."""
    connection = await asyncpg.connect(dataset.driver_url)
    try:
        places = [await connection.fetchrow(_PLACE, issue_id) for issue_id in dataset.mutated[:WRITERS]]
    finally:
        await connection.close()
    found = zip(places, dataset.mutated, strict=False)
    return [(row["creator_id"], row["workspace_id"], issue_id) for row, issue_id in found if row is not None]


@contextmanager
def _running(root: Path, dataset: Dataset, writers: str) -> Iterator["subprocess.Popen[str]"]:
    settings = dataset.settings
    given = {
        "ENVIRONMENT": "production",
        "DATABASE_URL": dataset.url,
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "PUBLIC_URL": PUBLIC_URL,
        "DATA_DIR": str(settings.data_dir.resolve()),
        "DATABASE_WRITE_POOL_SIZE": str(WRITERS),
    }
    variables = {PREFIX + name: value for name, value in given.items()}
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", str(ROOT / "benchmarks" / "commit_writers.py"), writers],
        env={"PATH": os.defpath, "PYTHONPATH": python_path(root.resolve())} | variables,
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def stretch_of(process: "subprocess.Popen[str]", seconds: float) -> Stretch:
    """Commits per second and processor time per commit of the writers of the process, for so many seconds."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{seconds}\n")
    process.stdin.flush()
    lines = itertools.takewhile(bool, iter(process.stdout.readline, None))
    told = next((json.loads(line) for line in lines if line.startswith('{"commits"')), None)
    if told is None:
        raise BenchmarkError("A process of writers has ended; its error is above.")
    return Stretch(per_second=told["commits"] / seconds, cpu_microseconds=told["cpu"] / told["commits"] * 1_000_000)


if __name__ == "__main__":
    typer.run(main)
