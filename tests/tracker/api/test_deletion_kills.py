"""Deletions of projects and workspaces are completed by the next worker when one is killed."""

import pytest
from sqlalchemy import text

from domain.shared.actor import Actor
from infra.settings import Settings
from tests.tracker.api.world import World
from tests.tracker.killed_workers import fill, work_with_kills
from tests.tracker.list_sizes import require_exact_counts
from tests.workspace_data import workspace_tables

pytestmark = pytest.mark.verify

ISSUES = 10_000
KILLS = 2


async def _is_gone(world: World, table: str, entity_id: str) -> bool:
    async with world.engine.connect() as connection:
        return not await connection.scalar(text(f"SELECT count(*) FROM {table} WHERE id = :id"), {"id": entity_id})


async def test_the_deletion_of_a_project_survives_kills(world: World, settings: Settings) -> None:
    await fill(world, ISSUES)
    project = world.here.project
    deleted = await world.owner.mutate("projectDelete", {"id": project.id, "cascade": True}, "batchRun { id }")
    assert deleted["batchRun"] is not None
    await work_with_kills(world, settings, lambda: _is_gone(world, "project", project.id), kills=KILLS)
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
    await fill(world, ISSUES)
    workspace = world.here.workspace
    await world.app.cascades.delete(Actor.system(), workspace.id, slug=workspace.slug, password=None)

    async def is_over() -> bool:
        async with world.engine.connect() as connection:
            done = text("SELECT state = 'DONE' FROM job WHERE kind = 'workspaces.delete'")
            return bool(await connection.scalar(done))

    await work_with_kills(world, settings, is_over, kills=KILLS)
    async with world.engine.connect() as connection:
        for table in workspace_tables():
            left = text(f"SELECT count(*) FROM {table.name} WHERE workspace_id = :workspace_id")
            assert await connection.scalar(left, {"workspace_id": workspace.id}) == 0, table.name
    assert await _is_gone(world, "workspace", workspace.id)
    assert await require_exact_counts(world.engine) > 0
