"""`python -m benchmarks.batches`: batches of issues against single mutations, and waits of others; see README.md."""

import asyncio
import itertools
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from benchmarks.answers import ask, data_of
from benchmarks.batch_cases import Case, Place, cases, cleaned, prepared
from benchmarks.dataset import Dataset, open_dataset, published_keys, sign_in
from benchmarks.failures import EXPECTED, BenchmarkError
from benchmarks.load import Request
from benchmarks.measuring import answers_to, postmaster_of
from benchmarks.places import FOLDER
from benchmarks.processes import CpuReading, free_port, running
from benchmarks.servers import GRAPHQL_PATH, SERVERS, Setting
from benchmarks.sign_ins import percentile
from benchmarks.waits import Write, milliseconds, timed_writes
from domain.app import App
from domain.issues.commands import IssueChanges
from infra.bootstrap import open_app

SIZE = 20_000
SIZES = (1, 100, 1_000)
SINGLE = 200  # single mutations to compare with
WRITERS = 2
EVENTS = 10_000
ROWS = 500  # of each batch that writes these events
IDLE_SECONDS = 10.0
ROWS_SHOWN = "results { index issue { id identifier } errors { code } } changedCount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Requests of one case with that many rows each; `rows` is None for single mutations."""

    case: Case
    rows: int | None
    seconds: Sequence[float]
    used: CpuReading

    @property
    def cpu(self) -> tuple[float, float]:
        """Milliseconds of processor time for each row, of the server and of PostgreSQL."""
        rows = len(self.seconds) * (self.rows or 1)
        return self.used.server / rows * 1e3, self.used.postgres / rows * 1e3


@dataclass
class Client:
    """Sends mutations to the server, each number once."""

    port: int
    token: str
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def send(self, mutation: str, input: Mapping[str, Any], *, rows: int | None = None) -> None:
        """Raises BenchmarkError unless the mutation changes all of its rows."""
        kind = mutation[0].upper() + mutation[1:] + "Input"
        shown = (
            "issue { id }" if rows is None else "results { index issue { id identifier } errors { code } } changedCount"
        )
        query = (
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {shown} errors {{ code path message }} }} }}"
        )
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        body = json.dumps({"query": query, "variables": {"input": input}})
        answer = data_of(ask(self.port, Request(method="POST", path=GRAPHQL_PATH, body=body, headers=headers)))[
            mutation
        ]
        if answer["errors"] or answer.get("changedCount", rows) != rows:
            raise BenchmarkError(f"{mutation} has not changed {rows or 1} rows: {json.dumps(answer)[:2000]}")


def main(
    size: Annotated[int, typer.Option(min=5_000, help="Number of seeded issues of the workspace.")] = SIZE,
    runs: Annotated[int, typer.Option(min=1, help="Batches of each kind and size.")] = 20,
) -> None:
    """Measure batches of issues, and how long updates of other issues wait for them."""
    try:
        with open_dataset(FOLDER / "batches", size=size) as dataset:
            place = asyncio.run(prepared(dataset, issues=max(SIZES)))
            try:
                with _server(dataset) as (client, pid):
                    typer.echo("\n".join(table(_measured(client, place, pid, runs=runs))))
                    typer.echo("\n".join(asyncio.run(_waits(client, place))))
            finally:
                asyncio.run(cleaned(place))
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def _server(dataset: Dataset) -> Iterator[tuple[Client, int]]:
    """A client of `workgraph serve`, and the id of the server's process."""
    folder = dataset.settings.data_dir
    setting = Setting(dataset=dataset, port=free_port(), keys=published_keys(dataset), folder=folder)
    command, environment = SERVERS[0].start(setting)
    token = sign_in(dataset)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    first = Request(method="POST", path=GRAPHQL_PATH, body='{"query": "{ viewer { id } }"}', headers=headers)
    with running(
        command, environment=environment, folder=folder, is_ready=lambda: answers_to(setting.port, first)
    ) as process:
        yield Client(port=setting.port, token=token), process.pid


def _measured(client: Client, place: Place, pid: int, *, runs: int) -> list[Measured]:
    postmaster = postmaster_of(place.dataset)
    found = []
    for case in cases(place):
        for rows in (None, *SIZES):

            def send(case: Case = case, rows: int | None = rows) -> None:
                number = next(client.numbers)
                if rows is None:
                    client.send(case.single, case.single_input(number))
                else:
                    client.send(case.batch, case.batch_input(number, rows), rows=rows)

            for _ in range(3):  # builds statements and plans
                send()
            count = SINGLE if rows in (None, 1) else runs
            before, seconds = CpuReading.take(pid, postmaster), []
            for _ in range(count):
                began = time.perf_counter()
                send()
                seconds.append(time.perf_counter() - began)
            used = CpuReading.take(pid, postmaster).since(before)
            found.append(Measured(case=case, rows=rows, seconds=seconds, used=used))
    return found


def table(measured: Sequence[Measured]) -> Iterator[str]:
    yield f"Load average of the machine: {os.getloadavg()[0]:.1f}"
    yield "| mutation | rows | p50 ms | p95 ms | CPU ms per row: server | PostgreSQL | times a single one |"
    yield "|---|---|---|---|---|---|---|"
    single = {each.case.name: sum(each.cpu) for each in measured if each.rows is None}
    for each in measured:
        times = " | ".join(f"{percentile(each.seconds, share) * 1e3:.0f}" for share in (0.5, 0.95))
        server, postgres = each.cpu
        share = sum(each.cpu) / single[each.case.name]
        rows = "single" if each.rows is None else f"{each.rows:,}"
        yield f"| {each.case.name} | {rows} | {times} | {server:.2f} | {postgres:.2f} | {share:.2f} |"


async def _waits(client: Client, place: Place) -> list[str]:
    """Waits of updates of other issues while batches of 500 rows write 10,000 events."""
    case = cases(place)[0]
    rows = [
        f"{EVENTS:,} events in batches of {ROWS}, with {WRITERS} writers of other issues",
        "| batches | seconds | updates meanwhile | p50 ms | p99 ms | longest ms |",
        "|---|---|---|---|---|---|",
    ]
    async with open_app(place.dataset.settings) as app:
        writers = [_writer(app, place, place.dataset.mutated[first::WRITERS]) for first in range(WRITERS)]
        for name in ("warm-up", "none", "10,000 events"):
            async with timed_writes(*writers) as waits:
                began = time.perf_counter()
                if name != "10,000 events":
                    await asyncio.sleep(IDLE_SECONDS)
                else:
                    for _ in range(EVENTS // ROWS):
                        given = case.batch_input(next(client.numbers), ROWS)
                        await asyncio.to_thread(client.send, case.batch, given, rows=ROWS)
                seconds = time.perf_counter() - began
            rows.append(f"| {name} | {seconds:.1f} | {len(waits)} | {' | '.join(milliseconds(waits))} |")
    return rows


def _writer(app: App, place: Place, issue_ids: Sequence[str]) -> Write:
    return lambda number: app.issues.update(
        place.actor, issue_ids[number % len(issue_ids)], IssueChanges(title=f"Title {number}")
    )


if __name__ == "__main__":
    typer.run(main)
