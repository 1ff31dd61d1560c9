"""One import, from its file to its report, with a progress bar on a terminal and plain lines elsewhere."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cli.import_report import print_losses, print_totals, report_of, write_report
from domain.app import App
from domain.shared.actor import Actor, Cause
from domain.shared.errors import InvalidInput, NotFound
from domain.transfers.commands import ImportDraft
from domain.transfers.model import ImportFormat, ImportRun, Upload
from domain.workspaces.model import Workspace

CHUNK = 1024 * 1024
LOOK_SECONDS = 0.25
LINE_SECONDS = 2.0
WAIT_SECONDS = 1.0

Work = Callable[[App, str], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """The arguments and options of `workgraph import`."""

    format: ImportFormat
    file: Path
    slug: str
    email: str | None
    project_key: str | None
    site: str | None
    report: Path | None
    include_restricted: bool = False


async def import_file(app: App, order: ImportOrder, work: Work) -> ImportRun:
    """Runs the import to its end, or watches the worker that runs it. `work` runs a job that no worker has leased."""
    operator = Actor.system(cause=Cause.IMPORT)
    workspace = await app.read.workspaces.by_slug(operator, order.slug)
    if workspace is None:
        raise NotFound(f"Workspace {order.slug} does not exist. Create it with the mutation `workspaceCreate`.")
    actor = await app.imports.on_behalf(operator, workspace, order.email)
    try:
        size = order.file.stat().st_size
        file = order.file.open("rb")
    except OSError as error:
        raise InvalidInput(f"{order.file}: {error.strerror}") from error
    with file:
        typer.echo(f"Importing {order.file.name} ({size:,} bytes) into workspace {workspace.slug}.")
        upload = (await app.imports.upload(actor, order.file.name, _chunks(file))).value
    run = (await app.imports.start(actor, _draft(order, workspace, upload))).value
    if run.position:
        typer.echo(f"Resuming after item {run.position:,}, where an earlier import of this file stopped.")
    watching = asyncio.create_task(_watch(app, actor, run.id))
    try:
        run = await _finished(app, actor, run, work)
    finally:
        watching.cancel()
        await asyncio.wait({watching})
    print_totals(run)
    await print_losses(app, actor, run)
    if order.report is not None:
        write_report(order.report, await report_of(app, actor, run))
        typer.echo(f"Wrote the full report to {order.report}.")
    return run


def _draft(order: ImportOrder, workspace: Workspace, upload: Upload) -> ImportDraft:
    return ImportDraft(
        workspace_id=workspace.id,
        format=order.format,
        file_id=upload.id,
        project_key=order.project_key,
        site=order.site,
        include_restricted=order.include_restricted,
    )


async def _finished(app: App, actor: Actor, run: ImportRun, work: Work) -> ImportRun:
    is_reported = False
    while not run.is_over:
        is_done = await work(app, run.job_id)
        run = (await app.read.imports.by_ids(actor, [run.id]))[run.id]
        if not is_done and not run.is_over:
            if not is_reported:
                typer.echo(
                    "A worker is running this import. If that worker has died, the import resumes when its lease ends."
                )
            is_reported = True
            await asyncio.sleep(WAIT_SECONDS)
    return run


async def _chunks(file: Any) -> AsyncIterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


async def _watch(app: App, actor: Actor, run_id: str) -> None:
    """Shows the progress until it is canceled."""
    if not sys.stdout.isatty():
        while True:
            await asyncio.sleep(LINE_SECONDS)
            run = (await app.read.imports.by_ids(actor, [run_id]))[run_id]
            typer.echo(f"{run.progress.share:.0%} of the file read, {run.position:,} issues processed")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console()) as bar:
        task = bar.add_task("Importing", total=1.0)
        while True:
            run = (await app.read.imports.by_ids(actor, [run_id]))[run_id]
            bar.update(task, completed=run.progress.share, description=f"{run.position:,} issues")
            await asyncio.sleep(LOOK_SECONDS)
