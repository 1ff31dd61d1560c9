"""Benchmark run: each server alone is compared, warmed up and measured, in several rounds."""

import asyncio
import math
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.answers import ask, data_of, require_same
from benchmarks.dataset import Dataset, published_keys, sign_in
from benchmarks.failures import BenchmarkError
from benchmarks.figures import MIDDLE, Sample
from benchmarks.load import LoadResult, Request, run_load
from benchmarks.mutations import Originals, require_written
from benchmarks.operations import ID_MARK, TITLE_MARK, Operation
from benchmarks.processes import CpuReading, free_port, parent_of, peak_memory, running
from benchmarks.servers import WORKGRAPH, Server, Setting

CONNECTIONS = (MIDDLE, 1, 64)
ANSWERS = 4  # a slow server with many connections answers none in its first second, and then many at once
MOST_SECONDS = 15
TOKEN_SECONDS = 240.0  # a token lives for 15 minutes, a server is measured for less than five
DEFECTS = (BenchmarkError, OSError, HTTPException, subprocess.SubprocessError, LookupError, TypeError, ValueError)
"""Errors by which a server's failure shows itself, in what it answers or does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Servers, operations and durations to measure; times are whole seconds because wrk takes no fractions."""

    servers: Sequence[Server]
    operations: Sequence[Operation]
    rounds: int
    seconds: int
    warm_up: int
    has_middle_only: bool = False

    def connections(self, server: Server, operation: Operation, round: int) -> Sequence[int]:
        """Connection counts to measure: all in the last round and for `is_everywhere` operations, else only MIDDLE.

        A server may have only MIDDLE, and further counts for single operations.
        """
        more = server.more_connections.get(operation.name, ())
        if self.has_middle_only or server.has_middle_only:
            return (MIDDLE, *more)
        is_last = round == self.rounds - 1
        return (*(CONNECTIONS if operation.is_everywhere or is_last else (MIDDLE,)), *more)

    def offered(self, server: Server) -> list[Operation]:
        return [operation for operation in self.operations if server.offers(operation)]

    @property
    def estimate(self) -> float:
        """Approximate duration of the run, in seconds."""
        each = [
            self.warm_up + 0.5 + (self.seconds + 0.2) * len(self.connections(server, operation, number))
            for number in range(self.rounds)
            for server in self.servers
            for operation in self.offered(server)
        ]
        return sum(each) + 4.0 * self.rounds * len(self.servers)


class Run:
    """Comparison and measurement of a plan's servers; the figures collect in `samples`.

    A server that fails is left out from then on, with the reason in `failures`. Workgraph's own failure ends the run.
    """

    def __init__(
        self, plan: Plan, dataset: Dataset, *, programs: Mapping[str, Path], tell: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._dataset = dataset
        self._programs = programs
        self._tell = tell
        self._keys = published_keys(dataset)
        self._originals = Originals.remember(dataset)
        self._postmaster = postmaster_of(dataset)
        self._expected: dict[str, Any] = {}
        self._token, self._token_at = "", 0.0
        self.samples: list[Sample] = []
        self.failures: dict[str, str] = {}

    def compare(self) -> None:
        """Compares the answers of all servers without measuring them."""
        for server in self._plan.servers:
            if server.name not in self.failures:
                self._tell(f"comparing: {server.title}")
                self._try(server, None)

    def measure(self) -> None:
        for number in range(self._plan.rounds):
            # There and back again: whoever comes late in one round comes early in the next.
            order = self._plan.servers if number % 2 == 0 else self._plan.servers[::-1]
            for server in order:
                if server.name not in self.failures:
                    self._tell(f"round {number + 1} of {self._plan.rounds}: {server.title}")
                    self._try(server, number)

    def _try(self, server: Server, round: int | None) -> None:
        try:
            self._serve(server, round)
        except DEFECTS as error:
            if server.name == WORKGRAPH:
                raise
            self.leave_out(server, str(error) or type(error).__name__)

    def leave_out(self, server: Server, reason: str) -> None:
        self.failures[server.name] = reason
        self._tell(f"{server.title} is left out: {reason}")

    def _serve(self, server: Server, round: int | None) -> None:
        folder = self._dataset.settings.data_dir
        setting = Setting(
            dataset=self._dataset,
            port=free_port(),
            keys=self._keys,
            folder=folder,
            program=self._programs[server.program],
        )
        command, environment = server.start(setting)
        offered = self._plan.offered(server)
        first = _probe(self._signed(server, offered[0]), self._dataset, server)
        try:
            with running(
                command, environment=environment, folder=folder, is_ready=lambda: answers_to(setting.port, first)
            ) as process:
                for operation in offered:
                    self._compare(server, operation, setting.port)
                if round is not None:
                    self._load_all(server, round, setting.port, process.pid)
        finally:
            self._originals.restore()

    def _load_all(self, server: Server, round: int, port: int, pid: int) -> None:
        offered = self._plan.offered(server)
        for operation in offered:
            # All before any: a compiler that learns from what it sees must have seen everything.
            self._load(port, self._signed(server, operation), self._plan.warm_up, title="warm")
        for operation in offered:
            self._measure(server, operation, round, port, pid)

    def _compare(self, server: Server, operation: Operation, port: int) -> None:
        """Raises BenchmarkError unless the server reads what Workgraph read first, or writes what Workgraph writes."""
        probe = _probe(self._signed(server, operation), self._dataset, server)
        data = server.normalize(data_of(ask(port, probe)))
        if operation.is_write:
            require_written(self._dataset, data, title=_title(server), server=server.title)
            return
        expected = self._expected.setdefault(operation.name, data)
        require_same(server.seen(expected), server.seen(data), server=server.title, operation=operation.name)

    def _measure(self, server: Server, operation: Operation, round: int, port: int, pid: int) -> None:
        request = self._signed(server, operation)
        size = len(ask(port, _probe(request, self._dataset, server)))
        rate = math.inf
        for connections in self._plan.connections(server, operation, round):
            seconds = stretched(self._plan.seconds, connections=connections, rate=rate)
            before, started = CpuReading.take(pid, self._postmaster), time.monotonic()
            result = self._load(port, request, seconds, connections=connections, title="load")
            rate = result.rate
            used, took = CpuReading.take(pid, self._postmaster).since(before), time.monotonic() - started
            if not operation.is_write and not result.errors and result.bytes < size * result.requests:
                raise BenchmarkError(f"{server.title} answers {operation.name} with less when it is busy.")
            self.samples.append(
                _sample(result, used, took, server, operation, round, connections, memory=peak_memory(pid))
            )

    def _load(self, port: int, request: Request, seconds: int, *, title: str, connections: int = MIDDLE) -> LoadResult:
        # A title that was never there before: to change it into what it is would be no change.
        title = f"{title} {time.monotonic_ns():x} "
        issues = self._dataset.mutated
        return run_load(port, request, connections=connections, seconds=seconds, issues=issues, title=title)

    def _signed(self, server: Server, operation: Operation) -> Request:
        if not self._token or time.monotonic() - self._token_at > TOKEN_SECONDS:
            self._token, self._token_at = sign_in(self._dataset), time.monotonic()
        request = server.asked(operation, self._dataset)
        return replace(request, headers={**request.headers, "Authorization": f"Bearer {self._token}"})


def stretched(seconds: int, *, connections: int, rate: float) -> int:
    """Seconds of load that give each connection several answers at this rate; at least `seconds`."""
    return max(seconds, min(MOST_SECONDS, math.ceil(ANSWERS * connections / rate)))


def require_workgraph_first(servers: Sequence[Server]) -> None:
    if not servers or servers[0].name != WORKGRAPH:
        raise BenchmarkError("The others are compared with Workgraph: name it too.")


def _sample(
    result: LoadResult,
    used: CpuReading,
    took: float,
    server: Server,
    operation: Operation,
    round: int,
    connections: int,
    *,
    memory: int,
) -> Sample:
    return Sample(
        server=server.name,
        operation=operation.name,
        connections=connections,
        round=round,
        rate=result.rate,
        p50_ms=result.p50_ms,
        p99_ms=result.p99_ms,
        errors=result.errors,
        server_cpu_ms=used.server / result.requests * 1e3,
        postgres_cpu_ms=used.postgres / result.requests * 1e3,
        peak_memory=memory,
        others=used.share_of_others(took),
    )


def _probe(request: Request, dataset: Dataset, server: Server) -> Request:
    return replace(request, body=request.body.replace(ID_MARK, dataset.mutated[0]).replace(TITLE_MARK, _title(server)))


def _title(server: Server) -> str:
    return f"Compared with {server.title}"


def answers_to(port: int, request: Request) -> bool:
    """Whether the server answers the request; false until it has started."""
    try:
        ask(port, request)
    except (OSError, BenchmarkError):
        return False
    return True


def postmaster_of(dataset: Dataset) -> int:
    """The process whose children serve PostgreSQL's connections."""

    async def backend() -> int:
        connection = await asyncpg.connect(dataset.driver_url)
        try:
            return parent_of(await connection.fetchval("SELECT pg_backend_pid()"))
        finally:
            await connection.close()

    return asyncio.run(backend())
