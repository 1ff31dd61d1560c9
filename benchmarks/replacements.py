"""`python -m benchmarks.replacements`: how long batch runs take, and how long other writers wait; see README.md."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Annotated, Any

import asyncpg
import typer

from benchmarks.dataset import Dataset, open_dataset
from benchmarks.failures import EXPECTED, BenchmarkError
from benchmarks.jobs import job_of, run_job
from benchmarks.places import FOLDER
from benchmarks.waits import Write, milliseconds, timed_writes
from domain.app import App
from domain.issues.commands import IssueChanges
from domain.issues.model import Issue
from domain.labels.commands import LabelDraft
from domain.projects.commands import ProjectDraft
from domain.shared.actor import Actor, Role
from domain.shared.batches import Deletion
from domain.shared.uow import Written
from infra.bootstrap import open_app
from infra.shared.clock import SystemClock
from infra.shared.ids import Uuid7IdFactory

SIZE = 200_000
WRITERS = 2
IDLE_SECONDS = 10.0  # of updates while no run works
KEY = "REPLACED"
COPIED = 5_000  # rows of one COPY

_OWNER = "SELECT user_id, workspace_id FROM member WHERE role = 'OWNER' ORDER BY id LIMIT 1"
_STATES = "SELECT id FROM state WHERE workspace_id = $1 AND project_id = $2 ORDER BY position LIMIT 2"
_TEMPLATE = "SELECT * FROM issue WHERE workspace_id = $1 AND lifecycle = 0 LIMIT 1"
_SIZES = """INSERT INTO list_size (workspace_id, parent_id, lifecycle, size)
    SELECT $1, parent_id, 0, $3 FROM unnest(ARRAY[$1, $2]) AS parents (parent_id)
    ON CONFLICT (workspace_id, parent_id, lifecycle) DO UPDATE SET size = list_size.size + excluded.size"""
_LABEL = """INSERT INTO issue_label (workspace_id, issue_id, label_id)
    SELECT workspace_id, id, $3 FROM issue WHERE workspace_id = $1 AND project_id = $2"""
_PROJECT = "SELECT id FROM project WHERE workspace_id = $1 AND key = $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A project whose issues are all in one workflow state and have one label."""

    dataset: Dataset
    actor: Actor
    workspace_id: str
    project_id: str
    state_ids: tuple[str, str]
    label_ids: tuple[str, str]


def main(
    size: Annotated[int, typer.Option(min=500, help="Number of seeded issues of the workspace.")] = SIZE,
    issues: Annotated[
        int, typer.Option(min=1_001, help="Number of issues that get another state and label.")
    ] = 100_000,
) -> None:
    """Measure the replacement of a workflow state and of a label while others update issues of the workspace."""
    try:
        with open_dataset(FOLDER, size=size) as dataset:
            rows = asyncio.run(_measured(dataset, issues))
    except EXPECTED as error:
        typer.echo(f"benchmarks: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo("\n".join(rows))


async def _measured(dataset: Dataset, issues: int) -> list[str]:
    connection = await asyncpg.connect(dataset.driver_url)
    try:
        async with open_app(dataset.settings) as app:
            place = await _prepared(app, connection, dataset, issues)
            deletions: dict[str, Callable[[], Coroutine[Any, Any, Written[Deletion]]]] = {
                "state": lambda: app.states.delete(place.actor, place.state_ids[0], replace_with=place.state_ids[1]),
                "label": lambda: app.labels.delete(place.actor, place.label_ids[0], replace_with=place.label_ids[1]),
            }
            rows = [
                f"{issues:,} issues with {WRITERS} writers of other issues",
                "| replaced | seconds | updates meanwhile | p50 ms | p99 ms | longest ms |",
                "|---|---|---|---|---|---|",
            ]
            await _watched(app, place, None)  # opens connections and builds statements
            rows.append(_row("nothing", *await _watched(app, place, None)))
            for name, delete in deletions.items():
                job_id = await job_of(connection, place.workspace_id, await delete())
                rows.append(_row(name, *await _watched(app, place, job_id)))
            gone = await app.projects.delete(place.actor, place.project_id, cascade=True)
            await run_job(dataset, await job_of(connection, place.workspace_id, gone))
            await app.labels.delete(place.actor, place.label_ids[1], replace_with=None)
            return rows
    finally:
        await connection.close()


async def _watched(app: App, place: Place, job_id: str | None) -> tuple[float, list[float]]:
    """Seconds of the job, which runs in a process of its own, and of each update meanwhile; idle without a job."""
    writers = [_writer(app, place, place.dataset.mutated[first::WRITERS]) for first in range(WRITERS)]
    async with timed_writes(*writers) as waits:
        began = time.perf_counter()
        if job_id is None:
            await asyncio.sleep(IDLE_SECONDS)
        else:
            worker = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
            await asyncio.get_running_loop().run_in_executor(worker, _run_now, place.dataset, job_id)
            worker.shutdown(wait=False)  # waiting would block the writers, whose updates would seem to take seconds
        seconds = time.perf_counter() - began
    return seconds, waits


def _writer(app: App, place: Place, issue_ids: Sequence[str]) -> Write:
    """Updates of other issues of the workspace."""
    return lambda number: app.issues.update(
        place.actor, issue_ids[number % len(issue_ids)], IssueChanges(title=f"Title {number}")
    )


def _run_now(dataset: Dataset, job_id: str) -> None:
    asyncio.run(run_job(dataset, job_id))


async def _prepared(app: App, connection: Any, dataset: Dataset, issues: int) -> Place:
    user_id, workspace_id = await connection.fetchrow(_OWNER)
    actor = Actor(user_id=user_id, roles={workspace_id: Role.OWNER})
    project_id = await connection.fetchval(_PROJECT, workspace_id, KEY)
    if project_id is not None:
        raise BenchmarkError(f"An earlier run was broken off. Delete {dataset.settings.data_dir} and start again.")
    draft = ProjectDraft(workspace_id=workspace_id, key=KEY, name="Replaced")
    project = (await app.projects.create(actor, draft)).value
    first, second = [row["id"] for row in await connection.fetch(_STATES, workspace_id, project.id)]
    labels = [LabelDraft(name=f"replaced {number}", color="#000000") for number in (1, 2)]
    label_ids = [(await app.labels.create(actor, workspace_id, label)).value.id for label in labels]
    await _copy_issues(connection, workspace_id, project.id, first, issues)
    await connection.execute(_LABEL, workspace_id, project.id, label_ids[0])
    await connection.execute("ANALYZE issue, issue_label")
    return Place(
        dataset=dataset,
        actor=actor,
        workspace_id=workspace_id,
        project_id=project.id,
        state_ids=(first, second),
        label_ids=(label_ids[0], label_ids[1]),
    )


async def _copy_issues(connection: Any, workspace_id: str, project_id: str, state_id: str, count: int) -> None:
    """Adds copies of an issue to the project."""
    template = dict(await connection.fetchrow(_TEMPLATE, workspace_id))
    del template["lifecycle"]  # generated
    template |= {"project_id": project_id, "state_id": state_id, "milestone_id": None, "parent_id": None}
    ids = Uuid7IdFactory(SystemClock())
    for first in range(1, count + 1, COPIED):
        rows = [
            tuple((template | {"id": ids.new_in(workspace_id, Issue.prefix), "number": number}).values())
            for number in range(first, min(first + COPIED, count + 1))
        ]
        await connection.copy_records_to_table("issue", columns=list(template), records=rows)
    await connection.execute(_SIZES, workspace_id, project_id, count)


def _row(name: str, seconds: float, waits: Sequence[float]) -> str:
    return f"| {name} | {seconds:.1f} | {len(waits)} | {' | '.join(milliseconds(waits))} |"


if __name__ == "__main__":
    typer.run(main)
