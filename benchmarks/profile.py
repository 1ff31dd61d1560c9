"""`python -m benchmarks.profile`: how the processor time of a request is spent, now and before the work on speed."""

import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.dataset import Dataset, open_dataset, published_keys, sign_in
from benchmarks.failures import EXPECTED, BenchmarkError
from benchmarks.load import Request, require_wrk, run_load
from benchmarks.measuring import answers_to
from benchmarks.mutations import Originals
from benchmarks.operations import NESTED, REFERENCE, UPDATE, VIEWER, Operation, operations
from benchmarks.places import FOLDER, ROOT
from benchmarks.processes import cpu_seconds, free_port, running
from benchmarks.programs import BEFORE, PYTHON, prepared
from benchmarks.servers import EARLIER, SERVERS, WORKGRAPH, Server, Setting
from infra.dev.processes import wait_until

SIZE = 20_000
CONNECTIONS = 8
SECONDS = 8
PROFILED = (VIEWER, REFERENCE, NESTED, UPDATE)
DUMP_SECONDS = 5.0
WARM_UP_SECONDS = 2
README = ROOT / "benchmarks" / "README.md"
OTHER = "everything else"
GROUPS: Sequence[tuple[str, str]] = (
    ("event loop: sockets, waking, tasks", r"/asyncio/|/uvloop/"),
    ("HTTP protocol (uvicorn, httptools)", r"/uvicorn/|/httptools/"),
    ("log line", r"/infra/shared/log(?:s|_lines)\.py|/api/http/access_log\.py|/logging/"),
    ("sign-in: token, session, roles", r"/(?:domain|infra|api)/auth/|/jose/"),
    ("HTTP layers, body, headers, JSON", r"/api/(?:http|front|server)/|/api/app\.py|/starlette/|/fastapi/"),
    ("document, cost, context", r"/api/graphql/|/graphql/|/strawberry/"),
    ("executor: plans and generated code", r"/strawberry_compiled/|^<plan of"),
    ("types, inputs and resolvers", r"/api/"),
    ("SQLAlchemy", r"/sqlalchemy/|^<string>"),
    # asyncpg is compiled: its time counts for the file that calls it.
    ("database: asyncpg, statements, rows, pages", r"/asyncpg/|/infra/db/|/infra/uow\.py|/infra/commits\.py"),
    ("services, entities, readers of slices", r"/infra/|/domain/"),
)
_TABLE = re.compile(r"(?<=<!-- profile -->\n)[\s\S]*?(?=<!-- /profile -->)")


def main(
    size: Annotated[int, typer.Option(min=1_000, help="Number of issues in the database.")] = SIZE,
    seconds: Annotated[int, typer.Option(min=1, max=60, help="Seconds of load for each profile.")] = SECONDS,
    is_written: Annotated[bool, typer.Option("--write", help="Write the table into benchmarks/README.md.")] = False,
) -> None:
    """Sample the stack of `workgraph serve` under load, now and at the commit before the work on speed."""
    try:
        require_wrk()
        with open_dataset(FOLDER, size=size) as dataset:
            lines = profiled(dataset, seconds=seconds)
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo("\n".join(lines))
    if is_written:
        write(lines)


def write(lines: Sequence[str]) -> None:
    """Puts the table into README.md, in place of the last one."""
    README.write_text(_TABLE.sub(lambda _: "\n" + "\n".join(lines) + "\n\n", README.read_text()))


def profiled(dataset: Dataset, *, seconds: int) -> list[str]:
    """Table of the microseconds of each part, in Markdown; the columns of the earlier commit only if it is there."""
    programs = prepared({PYTHON, BEFORE}, tell=lambda line: typer.echo(line, err=True))
    named = {server.name: server for server in SERVERS}
    columns: dict[tuple[str, str], Mapping[str, float]] = {}
    for title, server in (("before", named[EARLIER]), ("now", named[WORKGRAPH])):
        if server.program in programs.paths:
            setting = Setting(
                dataset=dataset,
                port=free_port(),
                keys=published_keys(dataset),
                folder=dataset.settings.data_dir,
                program=programs.paths[server.program],
            )
            for operation, parts in _profiles(server, setting, seconds).items():
                columns[operation, title] = parts
    return table({key: columns[key] for operation in PROFILED for key in columns if key[0] == operation})


def _profiles(server: Server, setting: Setting, seconds: int) -> dict[str, Mapping[str, float]]:
    """Microseconds of each part of a request, by operation."""
    dataset = setting.dataset
    command, environment = server.start(setting)
    # `python -m MODULE ARGUMENT...` becomes `python sampling.py FILE MODULE ARGUMENT...`.
    command = [command[0], str(ROOT / "benchmarks" / "sampling.py"), str(_target(setting)), *command[2:]]
    token = sign_in(dataset)
    chosen = [operation for operation in operations(dataset) if operation.name in PROFILED]
    requests = {operation.name: _signed(server, operation, dataset, token) for operation in chosen}
    originals = Originals.remember(dataset)
    try:
        with running(
            command,
            environment=environment,
            folder=setting.folder,
            is_ready=lambda: answers_to(setting.port, requests[VIEWER]),
        ) as process:
            return {name: _profile(process.pid, setting, request, seconds) for name, request in requests.items()}
    finally:
        originals.restore()


def _profile(pid: int, setting: Setting, request: Request, seconds: int) -> Mapping[str, float]:
    target = _target(setting)
    _load(setting, request, WARM_UP_SECONDS)
    _dump(pid, target)
    before = cpu_seconds(pid)
    answered = _load(setting, request, seconds)
    used = (cpu_seconds(pid) - before) / answered * 1e6
    return parts_of(_dump(pid, target), used)


def _load(setting: Setting, request: Request, seconds: int) -> int:
    """Number of requests that were answered."""
    result = run_load(
        setting.port,
        request,
        connections=CONNECTIONS,
        seconds=seconds,
        issues=setting.dataset.mutated,
        title=f"profile {time.monotonic_ns():x} ",
    )
    if result.errors:
        raise BenchmarkError(f"{result.errors} requests failed.")
    return result.requests


def _target(setting: Setting) -> Path:
    return setting.folder.resolve() / "profile.json"


def _signed(server: Server, operation: Operation, dataset: Dataset, token: str) -> Request:
    request = server.asked(operation, dataset)
    return replace(request, headers={**request.headers, "Authorization": f"Bearer {token}"})


def _dump(pid: int, target: Path) -> Mapping[str, int]:
    """Samples by file since the last call."""
    target.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    if not wait_until(target.exists, seconds=DUMP_SECONDS):
        raise BenchmarkError("The server does not write its profile.")
    counts: Mapping[str, int] = json.loads(target.read_text())
    return counts


def parts_of(counts: Mapping[str, int], microseconds: float) -> Mapping[str, float]:
    """Microseconds of each group of files, which together are those of the request."""
    parts: Counter[str] = Counter()
    for place, count in counts.items():
        parts[group_of(place)] += count
    total = sum(parts.values())
    return {group: count / total * microseconds for group, count in parts.items()}


def group_of(place: str) -> str:
    """Group that the code of a file belongs to."""
    return next((group for group, pattern in GROUPS if re.search(pattern, place)), OTHER)


def table(columns: Mapping[tuple[str, str], Mapping[str, float]]) -> list[str]:
    """Lines of Markdown: microseconds by group, a column for each operation and state of the code."""
    headings = [f"{operation}, {title}" for operation, title in columns]
    groups = [
        group for group in (*(name for name, _ in GROUPS), OTHER) if any(group in part for part in columns.values())
    ]
    lines = [
        "| " + " | ".join(["µs of server CPU per request", *headings]) + " |",
        "| --- |" + " ---: |" * len(headings),
    ]
    lines += [
        "| " + " | ".join([group, *(f"{parts.get(group, 0):,.0f}" for parts in columns.values())]) + " |"
        for group in groups
    ]
    sums = (f"**{sum(parts.values()):,.0f}**" for parts in columns.values())
    return [*lines, "| " + " | ".join(["**sum**", *sums]) + " |"]


if __name__ == "__main__":
    typer.run(main)
