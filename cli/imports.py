"""`workgraph import`: imports a file into a workspace, with a progress bar on a terminal and plain lines elsewhere."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from domain.app import App
from domain.shared.actor import Actor, Cause
from domain.shared.errors import InvalidInput, NotFound
from domain.shared.pages import MOST, Page, PageRequest
from domain.transfers.commands import ImportDraft
from domain.transfers.model import ImportFormat, ImportRun, ImportState, Upload
from domain.transfers.records import LossCode
from domain.workspaces.model import Workspace

CHUNK = 1024 * 1024
LOOK_SECONDS = 0.25
LINE_SECONDS = 2.0
WAIT_SECONDS = 1.0
MOST_KINDS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """What the command line asks for."""

    format: ImportFormat
    file: Path
    slug: str
    email: str | None
    project_key: str | None
    site: str | None
    report: Path | None
    include_restricted: bool = False


Work = Callable[[App, str], Awaitable[bool]]


File = Annotated[Path, typer.Argument(metavar="FILE", help="JSON in UTF-8 or UTF-16, optionally packed by gzip.")]
Slug = Annotated[str, typer.Option("--workspace", help="Slug of the workspace to import into.")]
ProjectKey = Annotated[str | None, typer.Option("--project", help="Key of the project to import all issues into.")]
Site = Annotated[
    str | None,
    typer.Option(
        "--site",
        help="Name of the Jira or GitHub installation that the file comes from. Default: the host of each record's "
        "address. Only issues of an equal site are recognized again.",
    ),
]
Email = Annotated[str | None, typer.Option("--as", help="Address of the member who imports. Default: an owner.")]
Report = Annotated[Path | None, typer.Option("--report", help="Write all losses and mappings here, as JSON.")]
Restricted = Annotated[
    bool,
    typer.Option(
        "--include-restricted",
        help="Also import issues and comments that only some people can see in Jira. Everyone who sees the project can "
        "read them.",
    ),
]
Confirmed = Annotated[bool, typer.Option("--yes", help="Import restricted content without asking.")]


def import_commands(run: Callable[[ImportOrder], None]) -> typer.Typer:
    """`workgraph import …`; `run` carries an order out."""
    importer = typer.Typer(help="Bring issues in from another tracker.", no_args_is_help=True)
    _add_jira(importer, run)
    _add_github(importer, run)
    return importer


def _add_jira(importer: typer.Typer, run: Callable[[ImportOrder], None]) -> None:
    @importer.command("jira")
    def import_jira(
        file: File,
        slug: Slug,
        project_key: ProjectKey = None,
        site: Site = None,
        email: Email = None,
        report: Report = None,
        include_restricted: Restricted = False,
        is_confirmed: Confirmed = False,
    ) -> None:
        """Import issues of Jira's REST API: one per line, a list, or the answer to a search."""
        if include_restricted and not is_confirmed:
            confirm_restricted(slug)
        run(
            ImportOrder(
                format=ImportFormat.JIRA,
                file=file,
                slug=slug,
                email=email,
                project_key=project_key,
                site=site,
                report=report,
                include_restricted=include_restricted,
            )
        )


def _add_github(importer: typer.Typer, run: Callable[[ImportOrder], None]) -> None:
    @importer.command("github")
    def import_github(
        file: File,
        slug: Slug,
        project_key: ProjectKey = None,
        site: Site = None,
        email: Email = None,
        report: Report = None,
    ) -> None:
        """Import issues of GitHub's REST API, one per line or a list, or an archive of a repository."""
        run(
            ImportOrder(
                format=ImportFormat.GITHUB,
                file=file,
                slug=slug,
                email=email,
                project_key=project_key,
                site=site,
                report=report,
            )
        )


def confirm_restricted(slug: str) -> None:
    """Asks for confirmation on a terminal. Raises typer.Exit(1) without a terminal, and typer.Abort for a no."""
    warning = (
        "Issues and comments that only some people can see in Jira become readable for everyone who sees their project "
        f"in {slug}."
    )
    if not sys.stdin.isatty():
        typer.echo(f"{warning} Confirm it with --yes.", err=True)
        raise typer.Exit(1)
    typer.confirm(f"{warning} Import them?", abort=True, err=True)


async def import_file(app: App, order: ImportOrder, work: Work) -> ImportRun:
    """Runs the import to its end, here or by watching the worker that has it; `work` runs a job if it is free."""
    operator = Actor.system(cause=Cause.IMPORT)
    workspace = await app.read.workspaces.by_slug(operator, order.slug)
    if workspace is None:
        raise NotFound(
            f"There is no workspace {order.slug}. Make one with the mutation workspaceCreate, or with: workgraph seed"
        )
    actor = await app.imports.on_behalf(operator, workspace, order.email)
    try:
        size = order.file.stat().st_size
        file = order.file.open("rb")
    except OSError as error:
        raise InvalidInput(f"{order.file}: {error.strerror}") from error
    with file:
        typer.echo(f"Reading {order.file.name} ({size:,} bytes) into {workspace.slug}.")
        upload = (await app.imports.upload(actor, order.file.name, _chunks(file))).value
    run = (await app.imports.start(actor, _draft(order, workspace, upload))).value
    if run.position:
        typer.echo(f"Going on after item {run.position:,}, where an earlier import of this file ended.")
    watching = asyncio.create_task(_watch(app, actor, run.id))
    try:
        run = await _finished(app, actor, run, work)
    finally:
        watching.cancel()
        await asyncio.wait({watching})
    _print_report(run)
    await _print_losses(app, actor, run)
    if order.report is not None:
        _write_report(order.report, await report_of(app, actor, run))
        typer.echo(f"The whole report is in {order.report}.")
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


async def report_of(app: App, actor: Actor, run: ImportRun) -> bytes:
    """Everything that is known of a run, as JSON."""
    kinds = (await app.read.imports.loss_kinds_of_runs(actor, [run]))[0]
    losses = [loss async for loss in _all(lambda request: app.read.imports.losses_of_runs(actor, [run], request))]
    mappings = [each async for each in _all(lambda request: app.read.imports.mappings_of_runs(actor, [run], request))]
    report = {"run": run, "lossKinds": list(kinds), "losses": losses, "mappings": mappings}
    return orjson.dumps(report, option=orjson.OPT_INDENT_2)


async def _finished(app: App, actor: Actor, run: ImportRun, work: Work) -> ImportRun:
    is_told = False
    while not run.is_over:
        is_done = await work(app, run.job_id)
        run = (await app.read.imports.by_ids(actor, [run.id]))[run.id]
        if not is_done and not run.is_over:
            if not is_told:
                typer.echo("A worker is at it: watching. If it has died, this goes on when its lease ends.")
            is_told = True
            await asyncio.sleep(WAIT_SECONDS)
    return run


async def _chunks(file: Any) -> AsyncIterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


async def _all(read: Callable[[PageRequest], Awaitable[Any]]) -> AsyncIterator[Any]:
    """The items of a list, page by page."""
    after: str | None = None
    while True:
        page: Page[Any] = (await read(PageRequest(first=MOST, after=after)))[0]
        for node in page.nodes:
            yield node
        if not page.has_next_page:
            return
        after = page.page_info.end_cursor


async def _watch(app: App, actor: Actor, run_id: str) -> None:
    """Shows the progress until it is canceled."""
    if not sys.stdout.isatty():
        while True:
            await asyncio.sleep(LINE_SECONDS)
            run = (await app.read.imports.by_ids(actor, [run_id]))[run_id]
            typer.echo(f"{run.progress.share:.0%} of the file, {run.position:,} issues")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console()) as bar:
        task = bar.add_task("Importing", total=1.0)
        while True:
            run = (await app.read.imports.by_ids(actor, [run_id]))[run_id]
            bar.update(task, completed=run.progress.share, description=f"{run.position:,} issues")
            await asyncio.sleep(LOOK_SECONDS)


def _write_report(report: Path, content: bytes) -> None:
    """Writes the report. Removes an incomplete file if the disk is full."""
    try:
        report.write_bytes(content)
    except OSError as error:
        if report.is_file():
            report.unlink()
        raise InvalidInput(f"The report could not be written. {report}: {error.strerror}") from error


def _print_report(run: ImportRun) -> None:
    if run.state is ImportState.FAILED:
        typer.echo(f"The import has failed: {run.failure or 'see the log of the worker'}")
    for noun in ("issues", "comments"):
        read, created, changed, unchanged = (
            getattr(run, f"{noun}_{name}") for name in ("read", "created", "changed", "unchanged")
        )
        typer.echo(
            f"{noun.capitalize()}: {read:,} read, {created:,} created, {changed:,} changed, {unchanged:,} unchanged."
        )
    typer.echo(f"People: {run.people_created:,} placeholders created. Labels: {run.labels_created:,} created.")


async def _print_losses(app: App, actor: Actor, run: ImportRun) -> None:
    kinds = (await app.read.imports.loss_kinds_of_runs(actor, [run]))[0]
    lost = [kind for kind in kinds if kind.code is not LossCode.UNUSED]
    typer.echo(f"Losses: {run.loss_count:,}." if run.loss_count else "Nothing was lost.")
    for kind in lost[:MOST_KINDS_SHOWN]:
        typer.echo(f"  {kind.field} {kind.code}: {kind.places:,}, first in line {kind.first_line}: {kind.first_reason}")
    if len(lost) > MOST_KINDS_SHOWN:
        typer.echo(f"  and {len(lost) - MOST_KINDS_SHOWN} further kinds")
    if unused := [f"{kind.field} ({kind.count:,})" for kind in kinds if kind.code is LossCode.UNUSED]:
        typer.echo(f"Members that an import does not use: {', '.join(unused)}.")
    async for mapping in _all(lambda request: app.read.imports.mappings_of_runs(actor, [run], request)):
        if mapping.kind != "label":
            typer.echo(f"  {mapping.kind} {mapping.source!r} became {mapping.target} ({mapping.count:,})")
