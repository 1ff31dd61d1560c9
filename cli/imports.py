"""`workgraph import`: issues from another tracker."""

import asyncio
import gc
import sys
from pathlib import Path
from typing import Annotated

import typer
from uvicorn.loops.auto import auto_loop_factory

from cli.application import set_up_logs
from cli.import_run import ImportOrder, import_file
from cli.lazy import module_commands
from domain.transfers.model import ImportFormat, ImportRun, ImportState
from infra.bootstrap import open_app
from infra.dev.servers import servers_at_hand
from infra.jobs.in_process import job_leases, run_now
from infra.jobs.worker import RARE_COLLECTIONS
from infra.settings import Settings, load_settings

commands = module_commands(help="Import issues from another tracker.", no_args_is_help=True)

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="Export as JSON in UTF-8 or UTF-16, optionally compressed with gzip.")
]
Slug = Annotated[str, typer.Option("--workspace", help="Slug of the workspace to import into.")]
ProjectKey = Annotated[str | None, typer.Option("--project", help="Key of the project to import all issues into.")]
Site = Annotated[
    str | None,
    typer.Option(
        "--site",
        help="Name of the Jira or GitHub installation that the file comes from. Default: the host in the URL of each "
        "record. A repeated import updates only issues of the same site.",
    ),
]
Email = Annotated[str | None, typer.Option("--as", help="Email address of the member who imports. Default: an owner.")]
Report = Annotated[Path | None, typer.Option("--report", help="File for all losses and mappings, as JSON.")]
Restricted = Annotated[
    bool,
    typer.Option(
        "--include-restricted",
        help="Import issues and comments too that only some users can see in Jira. Everyone who can see the project "
        "can read them.",
    ),
]
Confirmed = Annotated[bool, typer.Option("--yes", help="Confirm the import of restricted content without a prompt.")]


@commands.command("jira")
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
    """Import issues of Jira's REST API: one issue per line, a JSON list, or the response to a search."""
    if include_restricted and not is_confirmed:
        confirm_restricted(slug)
    _import(ImportFormat.JIRA, file, slug, project_key, site, email, report, include_restricted=include_restricted)


@commands.command("github")
def import_github(
    file: File,
    slug: Slug,
    project_key: ProjectKey = None,
    site: Site = None,
    email: Email = None,
    report: Report = None,
) -> None:
    """Import issues of GitHub's REST API: one issue per line, a JSON list, or an archive of a repository."""
    _import(ImportFormat.GITHUB, file, slug, project_key, site, email, report)


def confirm_restricted(slug: str) -> None:
    """Prompts for confirmation. Raises typer.Abort if it is denied, and typer.Exit(1) without a terminal."""
    warning = (
        "Issues and comments that only some users can see in Jira become readable for everyone who can see their "
        f"project in {slug}."
    )
    if not sys.stdin.isatty():
        typer.echo(f"{warning} Confirm with --yes.", err=True)
        raise typer.Exit(1)
    typer.confirm(f"{warning} Import restricted content?", abort=True, err=True)


def _import(
    format: ImportFormat,
    file: Path,
    slug: str,
    project_key: str | None,
    site: str | None,
    email: str | None,
    report: Path | None,
    *,
    include_restricted: bool = False,
) -> None:
    order = ImportOrder(
        format=format,
        file=file,
        slug=slug,
        email=email,
        project_key=project_key,
        site=site,
        report=report,
        include_restricted=include_restricted,
    )
    run_import(order)


def run_import(order: ImportOrder) -> None:
    """Runs the import with the settings of this process. Raises typer.Exit(1) if the import fails."""
    settings = load_settings()
    set_up_logs(settings)
    # Records form no reference cycles, so rarer collections save time, as uvloop does (measured on a busy machine, so
    # roughly).
    gc.set_threshold(*RARE_COLLECTIONS)
    with servers_at_hand(settings) as ready, asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        run = runner.run(_run_import(ready, order))
    if run.state is not ImportState.DONE:
        raise typer.Exit(1)


async def _run_import(settings: Settings, order: ImportOrder) -> ImportRun:
    async with open_app(settings) as app, job_leases(settings) as leases:
        seconds = settings.job_lease_seconds
        return await import_file(app, order, lambda app, job_id: run_now(app, leases, job_id, seconds=seconds))
