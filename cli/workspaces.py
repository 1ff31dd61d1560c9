"""`workgraph workspace`: workspaces."""

import asyncio
import sys
from dataclasses import replace
from typing import Annotated

import typer

from cli.application import set_up_logs, with_app
from cli.lazy import module_commands
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.errors import NotFound
from domain.shared.jobs import JobState
from domain.shared.pages import PageRequest
from domain.workspaces.model import Workspace
from infra.bootstrap import open_app
from infra.dev.servers import servers_at_hand
from infra.jobs.in_process import job_leases, run_now
from infra.jobs.leases import SqlLeases
from infra.settings import Settings, load_settings

LOOK_SECONDS = 2.0
PAGE = 100

commands = module_commands(help="Manage the workspaces of this server.", no_args_is_help=True)


@commands.command("delete")
def delete_workspace(
    slug: Annotated[str, typer.Argument(help="Slug of the workspace.")],
    is_confirmed: Annotated[bool, typer.Option("--yes", help="Delete the workspace without a prompt.")] = False,
    is_left: Annotated[
        bool, typer.Option("--background", help="Leave the deletion of the content to a worker, and do not wait.")
    ] = False,
) -> None:
    """Delete a workspace permanently, with everything in it.

    The workspace disappears at once for all members. The command then deletes its content; if it is interrupted, a
    worker completes the deletion.
    """
    if not is_confirmed:
        confirm(slug)
    settings = load_settings()
    set_up_logs(settings)
    with servers_at_hand(settings) as ready:
        asyncio.run(_run(ready, slug, is_left=is_left))


def confirm(slug: str) -> None:
    """Prompts for the slug. Raises typer.Exit(1) without a terminal, and for another slug."""
    warning = f"The workspace {slug} and everything in it will be deleted. This cannot be undone."
    if not sys.stdin.isatty():
        typer.echo(f"{warning} Confirm with --yes.", err=True)
        raise typer.Exit(1)
    typer.echo(warning, err=True)
    if typer.prompt("Type the slug of the workspace to confirm", err=True) != slug:
        typer.echo("The slug does not match. Nothing was deleted.", err=True)
        raise typer.Exit(1)


@commands.command("list")
def list_workspaces() -> None:
    """List all workspaces by slug."""
    for workspace in with_app(_all):
        print(f"{workspace.slug}  {workspace.id}  {workspace.name}")


async def _all(app: App) -> list[Workspace]:
    found: list[Workspace] = []
    request = PageRequest(first=PAGE)
    while True:
        page = await app.read.workspaces.page(Actor.system(), request)
        found += page.nodes
        if not page.has_next_page:
            return found
        request = replace(request, after=page.cursors[-1])


async def _run(settings: Settings, slug: str, *, is_left: bool) -> None:
    async with open_app(settings) as app, job_leases(settings) as leases:
        job_id = await begin(app, slug)
        if is_left:
            typer.echo("A worker deletes its content.")
        else:
            await complete(app, leases, job_id, seconds=settings.job_lease_seconds)


async def begin(app: App, slug: str) -> str:
    """Hides the workspace from everyone, and returns the ID of the job that deletes its content."""
    operator = Actor.system()
    workspace = await app.read.workspaces.by_slug(operator, slug)
    if workspace is None:
        raise NotFound(f"Workspace {slug} does not exist.")
    deleted = (await app.cascades.delete(operator, workspace.id, slug=workspace.slug, password=None)).value
    typer.echo(f"Deleted workspace {workspace.slug} ({workspace.id}).")
    return deleted.job_id


async def complete(app: App, leases: SqlLeases, job_id: str, *, seconds: float) -> None:
    """Deletes the content, or waits for the worker that deletes it."""
    watching = asyncio.create_task(_watch(leases, job_id))
    try:
        while not await run_now(app, leases, job_id, seconds=seconds):
            state, _ = await leases.progress(job_id)
            if state in (JobState.DONE, JobState.PARKED):
                break
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        watching.cancel()
        await asyncio.wait({watching})
    state, done = await leases.progress(job_id)
    if state is not JobState.DONE:
        typer.echo("The deletion of the content has failed repeatedly; the job is parked.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Deleted its content: {done:,} rows.")


async def _watch(leases: SqlLeases, job_id: str) -> None:
    """Prints the progress until it is canceled."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        _, done = await leases.progress(job_id)
        typer.echo(f"{done:,} rows deleted")
