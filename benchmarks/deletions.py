"""`python -m benchmarks.deletions`: deletion of a project and of a workspace while others write."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import asyncpg
import typer

from benchmarks.dataset import PUBLIC_URL, Dataset, open_dataset
from benchmarks.failures import EXPECTED, BenchmarkError
from benchmarks.places import FOLDER, ROOT
from benchmarks.processes import peak_memory, running
from benchmarks.waits import Write, milliseconds, timed_writes
from domain.app import App
from domain.issues.commands import IssueChanges, IssueDraft
from domain.projects.commands import ProjectDraft
from domain.shared.actor import Actor, Role
from domain.workspaces.commands import WorkspaceDraft
from infra.bootstrap import open_app
from infra.settings import PREFIX

PAUSE_SECONDS = 0.02  # between the writes of others
LOOK_SECONDS = 0.2
LONGEST_SECONDS = 3600.0
_WORKSPACE = "SELECT id FROM workspace WHERE slug = $1"
_PROJECTS = """SELECT project_id, count(*) AS issues FROM issue WHERE workspace_id = $1
    GROUP BY project_id ORDER BY 2 DESC LIMIT 2"""
_ISSUES = "SELECT id FROM issue WHERE workspace_id = $1 AND project_id = $2 ORDER BY id DESC LIMIT 500"
_OWNER = "SELECT user_id FROM member WHERE workspace_id = $1 AND role = 'OWNER' LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """One deletion, and the writes of others meanwhile, in seconds."""

    name: str
    seconds: float
    waits: tuple[float, ...]


def main(size: Annotated[int, typer.Option(min=20_000, help="Number of issues.")] = 200_000) -> None:
    """Measure how long deletions take, how long others wait, and how much memory the worker holds."""
    try:
        with open_dataset(FOLDER / "deletions", size=size) as dataset:
            asyncio.run(_measured(dataset))
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None


async def _measured(dataset: Dataset) -> None:
    connection = await asyncpg.connect(dataset.driver_url)
    settings = dataset.settings
    variables = {
        "ENVIRONMENT": "production",
        "DATABASE_URL": dataset.url,
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "PUBLIC_URL": PUBLIC_URL,
        "DATA_DIR": str(settings.data_dir.resolve()),
    }
    environment = {PREFIX + name: value for name, value in variables.items()} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cli", "worker"]
    worker = running(command, environment=environment, folder=settings.data_dir, is_ready=lambda: True)
    async with open_app(settings) as app:
        with worker as process:
            for delete in (_project, _workspace):
                deleted = await delete(app, connection, dataset)
                _tell(deleted, peak_memory(process.pid))
    await connection.close()


async def _project(app: App, connection: Any, dataset: Dataset) -> Deleted:
    """Deletes the largest project, while issues of another one are changed."""
    workspace_id = await connection.fetchval(_WORKSPACE, dataset.slug)
    largest, other = await connection.fetch(_PROJECTS, workspace_id)
    ids = [row["id"] for row in await connection.fetch(_ISSUES, workspace_id, other["project_id"])]
    actor = Actor(user_id=await connection.fetchval(_OWNER, workspace_id), roles={workspace_id: Role.OWNER})

    async def begin() -> None:
        await app.projects.delete(actor, largest["project_id"], cascade=True)

    gone = "SELECT NOT EXISTS (SELECT FROM project WHERE workspace_id = $1 AND id = $2)"
    return await _while_others_write(
        f"project of {largest['issues']:,} issues",
        begin,
        lambda: connection.fetchval(gone, workspace_id, largest["project_id"]),
        lambda number: app.issues.update(actor, ids[number % len(ids)], IssueChanges(title=f"Written {number}")),
    )


async def _workspace(app: App, connection: Any, dataset: Dataset) -> Deleted:
    """Deletes the workspace, while an issue of another one is changed."""
    workspace_id = await connection.fetchval(_WORKSPACE, dataset.slug)
    issues = await connection.fetchval("SELECT count(*) FROM issue WHERE workspace_id = $1", workspace_id)
    owner = Actor(user_id=await connection.fetchval(_OWNER, workspace_id))
    named = f"other-{time.time_ns()}"
    other = (await app.workspaces.create(owner, WorkspaceDraft(slug=named, name="Other"))).value
    actor = Actor(user_id=owner.user_id, roles={other.id: Role.OWNER})
    project = (await app.projects.create(actor, ProjectDraft(workspace_id=other.id, key="OTH", name="Other"))).value
    issue = (await app.issues.create(actor, project.id, IssueDraft(title="Written"))).value

    async def begin() -> None:
        await app.cascades.delete(Actor.system(), workspace_id, slug=dataset.slug, password=None)

    gone = """SELECT NOT EXISTS (SELECT FROM workspace WHERE id = $1)
        AND NOT EXISTS (SELECT FROM workspace_revision WHERE workspace_id = $1)"""
    return await _while_others_write(
        f"workspace of {issues:,} issues",
        begin,
        lambda: connection.fetchval(gone, workspace_id),
        lambda number: app.issues.update(actor, issue.id, IssueChanges(title=f"Written {number}")),
    )


async def _while_others_write(
    name: str,
    begin: Callable[[], Awaitable[None]],
    is_done: Callable[[], Awaitable[bool]],
    write: Write,
) -> Deleted:
    started = time.perf_counter()
    await begin()
    async with timed_writes(write, pause=PAUSE_SECONDS) as waits:
        while not await is_done():
            await asyncio.sleep(LOOK_SECONDS)
            if time.perf_counter() - started > LONGEST_SECONDS:
                raise BenchmarkError(f"The deletion of the {name} has not ended.")
        seconds = time.perf_counter() - started
    return Deleted(name=name, seconds=seconds, waits=tuple(waits))


def _tell(deleted: Deleted, memory: int) -> None:
    median, most, longest = milliseconds(deleted.waits)
    print(
        f"{deleted.name}: {deleted.seconds:.0f} s; {len(deleted.waits):,} writes of others: median {median} ms,"
        f" 99 % {most} ms, longest {longest} ms; worker at most {memory / 1024**2:.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    typer.run(main)
