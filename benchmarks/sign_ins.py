"""`python -m benchmarks.sign_ins`: what people who read notice of a crowd that signs in; see README.md."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from statistics import median
from typing import Annotated

import typer
import uvloop

from benchmarks.dataset import Dataset, open_dataset, published_keys, sign_in
from benchmarks.failures import EXPECTED
from benchmarks.measuring import answers_to, postmaster_of
from benchmarks.operations import VIEWER, operations
from benchmarks.paced import Answer, Crowd, graphql_request, message_of, paced
from benchmarks.places import FOLDER
from benchmarks.processes import CpuReading, free_port, running
from benchmarks.servers import SERVERS, Setting
from domain.accounts.commands import Registration
from domain.shared.actor import Actor
from domain.shared.demo import DEMO_PASSWORD
from domain.shared.errors import Conflict
from infra.bootstrap import open_app
from infra.settings import PREFIX

SIZE = 20_000
READS = 50  # a second
CROWD = 200
ACCOUNTS = 50
RAMP_SECONDS = 2.0
PATIENCE = ("DATABASE_POOL_SECONDS", "REQUEST_SECONDS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some seconds of reads. `others` is the part of the machine that outsiders used meanwhile."""

    reads: Sequence[Answer]
    sign_ins: Sequence[Answer]
    seconds: float
    others: float

    def read_ms(self, share: float) -> float:
        return percentile((answer.seconds for answer in self.reads), share) * 1e3

    @property
    def refused_reads(self) -> int:
        return sum(answer.status != HTTPStatus.OK for answer in self.reads)


def percentile(values: Iterable[float], share: float) -> float:
    """Least value that is not exceeded by the given share of the values."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Number of idle and of crowded stretches.")] = 7,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds of reads for each figure.")] = 10.0,
    crowd: Annotated[int, typer.Option(min=1, help="Number of people who sign in at the same time.")] = CROWD,
) -> None:
    """Measure reads in idle stretches and in stretches in which a crowd signs in, alternately."""
    try:
        with open_dataset(FOLDER, size=SIZE) as dataset:
            typer.echo(table(measured(dataset, rounds=rounds, seconds=seconds, crowd=crowd), crowd=crowd))
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None


def measured(dataset: Dataset, *, rounds: int, seconds: float, crowd: int) -> list[tuple[Stretch, Stretch]]:
    """Idle and crowded stretch of each round."""
    accounts = asyncio.run(_accounts(dataset))
    folder = dataset.settings.data_dir
    setting = Setting(dataset=dataset, port=free_port(), keys=published_keys(dataset), folder=folder)
    command, environment = SERVERS[0].start(setting)
    environment = {name: value for name, value in environment.items() if name.removeprefix(PREFIX) not in PATIENCE}
    text = next(each.text for each in operations(dataset) if each.name == VIEWER)
    request = graphql_request(text, sign_in(dataset))
    with running(
        command, environment=environment, folder=folder, is_ready=lambda: answers_to(setting.port, request)
    ) as process:
        run = _Run(setting.port, message_of(request), accounts, process.pid, postmaster_of(dataset))
        return uvloop.run(run.rounds(rounds, seconds=seconds, crowd=crowd))


class _Run:
    def __init__(self, port: int, message: bytes, accounts: Sequence[str], server: int, postgres: int) -> None:
        self._port = port
        self._message = message
        self._accounts = accounts
        self._pids = (server, postgres)

    async def rounds(self, number: int, *, seconds: float, crowd: int) -> list[tuple[Stretch, Stretch]]:
        await self._reads(RAMP_SECONDS)
        found = []
        for _ in range(number):
            idle = await self._stretch(seconds, [])
            found.append((idle, await self._crowded(seconds, crowd)))
        return found

    async def _crowded(self, seconds: float, size: int) -> Stretch:
        crowd = Crowd(self._port, self._accounts, DEMO_PASSWORD)
        people = asyncio.create_task(crowd.sign_in(size))
        await asyncio.sleep(RAMP_SECONDS)
        stretch = await self._stretch(seconds, crowd.answers)
        crowd.has_ended = True
        await people
        return stretch

    async def _stretch(self, seconds: float, sign_ins: list[Answer]) -> Stretch:
        before, own, started, answered = (
            CpuReading.take(*self._pids),
            time.process_time(),
            time.monotonic(),
            len(sign_ins),
        )
        reads = await self._reads(seconds)
        used, took = CpuReading.take(*self._pids).since(before), time.monotonic() - started
        ours = (time.process_time() - own) / took / (os.cpu_count() or 1)
        others = max(0.0, used.share_of_others(took) - ours)
        return Stretch(reads=reads, sign_ins=sign_ins[answered:], seconds=took, others=others)

    async def _reads(self, seconds: float) -> list[Answer]:
        return await paced(self._port, self._message, rate=READS, seconds=seconds)


def table(rounds: Sequence[tuple[Stretch, Stretch]], *, crowd: int) -> str:
    rows = [
        f"{READS} reads a second while {crowd} people sign in, each again once answered",
        "| reads | p50 ms | p99 ms | slowest ms | refused | used by others |",
        "|---|---|---|---|---|---|",
    ]
    for name, stretches in (("nobody signs in", [each[0] for each in rounds]), ("crowd", [each[1] for each in rounds])):
        figures = (spread([each.read_ms(share) for each in stretches]) for share in (0.5, 0.99, 1.0))
        refused = sum(each.refused_reads for each in stretches)
        others = spread([each.others * 100 for each in stretches])
        rows.append(f"| {name} | {' | '.join(figures)} | {refused} | {others} % |")
    ratios = [full.read_ms(0.99) / idle.read_ms(0.99) for idle, full in rounds]
    return "\n".join([*rows, "", f"p99 in the crowd is {spread(ratios, 2)} times the idle one.", *_sign_ins(rounds)])


def _sign_ins(rounds: Sequence[tuple[Stretch, Stretch]]) -> list[str]:
    looked_at = [
        [each for each in full.sign_ins if each.status in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)] for _, full in rounds
    ]
    rates = [len(each) / full.seconds for each, (_, full) in zip(looked_at, rounds, strict=True)]
    seconds = [answer.seconds for each in looked_at for answer in each]
    refusals = [answer.seconds for _, full in rounds for answer in full.sign_ins if answer.status >= 429]
    statuses = Counter(answer.status for _, full in rounds for answer in full.sign_ins)
    told = ", ".join(f"{number} x {status}" for status, number in sorted(statuses.items()))
    lines = [f"Sign-ins looked at: {spread(rates)} a second; answers: {told}."]
    if seconds:
        middle = percentile(seconds, 0.5)
        lines.append(f"They took {middle:.2f} s (p50), {percentile(seconds, 0.99):.2f} s (p99), {max(seconds):.2f} s.")
    if refusals:
        lines.append(
            f"Refusals took {percentile(refusals, 0.5):.3f} s (p50), {percentile(refusals, 0.99):.3f} s (p99)."
        )
    return lines


def spread(values: Sequence[float], digits: int = 1) -> str:
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


async def _accounts(dataset: Dataset) -> list[str]:
    """People with the demo's password; they stay for the next run."""
    addresses = [f"crowd{number}@example.com" for number in range(ACCOUNTS)]
    async with open_app(dataset.settings) as app:
        for address in addresses:
            with suppress(Conflict):
                await app.accounts.create(
                    Actor(), Registration(email=address, name="One of a crowd", password=DEMO_PASSWORD)
                )
    return addresses


if __name__ == "__main__":
    typer.run(main)
