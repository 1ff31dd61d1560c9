"""A workspace with many issues, and workers that are killed while they change it."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text

from infra.settings import Settings
from tests.engine.infra.jobs.rows import until
from tests.tracker.api.world import World
from tests.tracker.list_sizes import require_exact_counts

ROOT = Path(__file__).parents[2]
_ISSUE_ID = "'iss_' || lpad({}::text, 22, '0') || right(id, 4)"  # the end is the route of the workspace
_ISSUES = f"""
    INSERT INTO issue (workspace_id, id, project_id, number, title, description, state_id, priority, creator_id,
                       parent_id, comment_count, created_at, updated_at)
    SELECT workspace_id, {_ISSUE_ID.format("n")}, project_id, n + 10, title, description, state_id, priority,
           creator_id, CASE WHEN n % 3 = 0 THEN {_ISSUE_ID.format("(n * 7 % :issues + 1)")} END, 1,
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


async def fill(world: World, issues: int) -> None:
    """Adds many issues, a third of them under another one, each with a comment."""
    place = world.here
    given = {"id": place.issue.id, "issues": issues}
    here = {"workspace_id": place.workspace.id}
    async with world.engine.begin() as connection:
        # An issue may refer to one that the statement adds after it, because it checks all of them at its end.
        await connection.execute(text(_ISSUES), given)
        await connection.execute(text(_COMMENTS), here)
        await connection.execute(text("DELETE FROM list_size WHERE workspace_id = :workspace_id"), here)
        await connection.execute(text(_SIZES), here)
    assert await require_exact_counts(world.engine) > 0


async def work_with_kills(
    world: World, settings: Settings, is_over: Callable[[], Awaitable[bool]], *, kills: int, pause: float = 0
) -> None:
    """Runs workers that are killed after their first commits, and then one that completes the work.

    Each kill is up to `pause` seconds later, so that kills hit every part of a batch.
    """
    progress = 0
    async with workers(settings) as worker:
        for kill in range(kills + 1):
            await worker("start")
            try:
                if kill < kills:
                    await until(lambda before=progress: _has_advanced(world, before), seconds=60)  # type: ignore[misc]  # of a lambda with a default
                    await asyncio.sleep(random.random() * pause)
                else:
                    await until(is_over, seconds=120)
            finally:
                await worker("kill")
            progress = await _progress(world)
            assert kill == kills or not await is_over(), "every kill came too late to prove anything"


@asynccontextmanager
async def workers(settings: Settings) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Starts and kills workers, one at a time."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.forked_workers"),
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("WORKGRAPH_")},
            "PYTHONPATH": str(ROOT),
            "WORKGRAPH_DATABASE_URL": settings.database_url.get_secret_value(),
            "WORKGRAPH_REDIS_URL": settings.redis_url.get_secret_value(),
            "WORKGRAPH_SECRET_KEY": settings.secret_key.get_secret_value(),
            "WORKGRAPH_DATA_DIR": str(settings.data_dir),
            "WORKGRAPH_JOB_LEASE_SECONDS": "1",
            "WORKGRAPH_JOB_POLL_SECONDS": "0.1",
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    commands, answers = process.stdin, process.stdout

    async def command(line: str) -> None:
        commands.write(f"{line}\n".encode())
        assert await answers.readline() == b"done\n"

    try:
        yield command
    finally:
        commands.close()
        await process.wait()


async def _progress(world: World) -> int:
    async with world.engine.connect() as connection:
        return int(await connection.scalar(text(_PROGRESS)) or 0)


async def _has_advanced(world: World, before: int) -> bool:
    return await _progress(world) > before
