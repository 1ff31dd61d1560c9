"""Deletions of projects and workspaces are completed by the next worker when one is killed."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.shared.actor import Actor
from infra.settings import Settings
from tests.api.world import World
from tests.infra.jobs.rows import until
from tests.list_sizes import require_exact_counts
from tests.workspace_data import workspace_tables

pytestmark = pytest.mark.verify

ROOT = Path(__file__).parents[2]
ISSUES = 10_000
KILLS = 2
_ISSUES = """
    INSERT INTO issue (workspace_id, id, project_id, number, title, description, state_id, priority, creator_id,
                       parent_id, comment_count, created_at, updated_at)
    SELECT workspace_id, 'iss_' || lpad(n::text, 26, '0'), project_id, n + 10, title, description, state_id, priority,
           creator_id, CASE WHEN n % 3 = 0 THEN 'iss_' || lpad((n * 7 % :issues + 1)::text, 26, '0') END, 1,
           created_at, updated_at
    FROM issue, generate_series(1, :issues) AS n WHERE id = :id"""
_COMMENTS = """
    INSERT INTO comment (workspace_id, id, project_id, issue_id, author_id, body, created_at, updated_at)
    SELECT workspace_id, 'com' || substr(id, 4), project_id, id, creator_id, 'x', created_at, updated_at
    FROM issue WHERE workspace_id = :workspace_id AND number > 10"""
_SIZES = """
    INSERT INTO list_size (workspace_id, parent_id, lifecycle, size)
    SELECT workspace_id, unnest(array_remove(ARRAY[workspace_id, project_id, milestone_id, parent_id], NULL)) AS parent,
           lifecycle, count(*) FROM issue WHERE workspace_id = :workspace_id GROUP BY 1, 2, 3"""
_PROGRESS = "SELECT coalesce(max(progress_done), 0) FROM job WHERE kind IN ('batches.run', 'workspaces.delete')"


async def fill(world: World) -> None:
    """Adds many issues, a third of them under another one, each with a comment."""
    place = world.here
    given = {"id": place.issue.id, "issues": ISSUES}
    here = {"workspace_id": place.workspace.id}
    async with world.engine.begin() as connection:
        # An issue may refer to one that the statement adds after it, because it checks all of them at its end.
        await connection.execute(text(_ISSUES), given)
        await connection.execute(text(_COMMENTS), here)
        await connection.execute(text("DELETE FROM list_size WHERE workspace_id = :workspace_id"), here)
        await connection.execute(text(_SIZES), here)
    assert await require_exact_counts(world.engine) > 0


async def work_with_kills(world: World, settings: Settings, is_over: Callable[[], Awaitable[bool]]) -> None:
    """Runs workers that are killed after their first commits, and then one that completes the deletion."""
    progress = 0
    for kill in range(KILLS + 1):
        worker = await started_worker(settings)
        try:
            if kill < KILLS:
                await until(lambda before=progress: _has_advanced(world, before), seconds=60)  # type: ignore[misc]  # of a lambda with a default
            else:
                await until(is_over, seconds=120)
        finally:
            worker.send_signal(signal.SIGKILL)
            await worker.communicate()
        progress = await _progress(world)
        assert kill == KILLS or not await is_over(), "every kill came too late to prove anything"


async def started_worker(settings: Settings) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "worker"),
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("WORKGRAPH_")},
            "PYTHONPATH": str(ROOT),
            "WORKGRAPH_DATABASE_URL": settings.database_url.get_secret_value(),
            "WORKGRAPH_REDIS_URL": settings.redis_url.get_secret_value(),
            "WORKGRAPH_SECRET_KEY": settings.secret_key.get_secret_value(),
            "WORKGRAPH_DATA_DIR": str(settings.data_dir),
            "WORKGRAPH_JOB_LEASE_SECONDS": "2",
            "WORKGRAPH_JOB_POLL_SECONDS": "0.2",
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def _progress(world: World) -> int:
    async with world.engine.connect() as connection:
        return int(await connection.scalar(text(_PROGRESS)) or 0)


async def _has_advanced(world: World, before: int) -> bool:
    return await _progress(world) > before


async def _is_gone(world: World, table: str, entity_id: str) -> bool:
    async with world.engine.connect() as connection:
        return not await connection.scalar(text(f"SELECT count(*) FROM {table} WHERE id = :id"), {"id": entity_id})


async def test_the_deletion_of_a_project_survives_kills(world: World, settings: Settings) -> None:
    await fill(world)
    project = world.here.project
    deleted = await world.owner.mutate("projectDelete", {"id": project.id, "cascade": True}, "batchRun { id }")
    assert deleted["batchRun"] is not None
    await work_with_kills(world, settings, lambda: _is_gone(world, "project", project.id))
    async with world.engine.connect() as connection:
        counted = text("SELECT done, total FROM batch_run WHERE subject_id = :id")
        assert (await connection.execute(counted, {"id": project.id})).one() == (ISSUES + 1, ISSUES + 1)
        here = {"workspace_id": world.here.workspace.id}
        for table in ("issue", "comment", "issue_words", "milestone", "state"):
            left = text(f"SELECT count(*) FROM {table} WHERE workspace_id = :workspace_id")
            assert await connection.scalar(left, here) == 0, table
    assert [event[1] for event in await world.events()].count("project.deleted") == 1
    assert await require_exact_counts(world.engine) > 0


async def test_the_deletion_of_a_workspace_survives_kills(world: World, settings: Settings) -> None:
    await fill(world)
    workspace = world.here.workspace
    await world.app.cascades.delete(Actor.system(), workspace.id, slug=workspace.slug, password=None)

    async def is_over() -> bool:
        async with world.engine.connect() as connection:
            done = text("SELECT state = 'DONE' FROM job WHERE kind = 'workspaces.delete'")
            return bool(await connection.scalar(done))

    await work_with_kills(world, settings, is_over)
    async with world.engine.connect() as connection:
        for table in workspace_tables():
            left = text(f"SELECT count(*) FROM {table.name} WHERE workspace_id = :workspace_id")
            assert await connection.scalar(left, {"workspace_id": workspace.id}) == 0, table.name
    assert await _is_gone(world, "workspace", workspace.id)
    assert await require_exact_counts(world.engine) > 0
