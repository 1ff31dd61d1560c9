"""Lists that are measured but that the seed has not made: a milestone, many sub-issues, an archive and a trash."""

from typing import Any

import asyncpg

from benchmarks.dataset import Dataset
from domain.app import App
from domain.milestones.commands import MilestoneDraft
from domain.shared.actor import Actor, Role

MILESTONE = "Everything at once"
CHILDREN = 5_000
TRASHED = 16

_PROJECT = """SELECT w.id AS workspace_id, p.id AS project_id, w.owner_id FROM (
      SELECT w.id, m.user_id AS owner_id FROM workspace w JOIN member m ON m.workspace_id = w.id AND m.role = 'OWNER'
      WHERE w.slug = $1) AS w
    JOIN project p ON p.workspace_id = w.id JOIN list_size l ON l.workspace_id = w.id AND l.parent_id = p.id
    WHERE l.lifecycle = 0 ORDER BY l.size DESC, p.id LIMIT 1"""
_FIND_MILESTONE = "SELECT id FROM milestone WHERE workspace_id = $1 AND name = $2"
_IS_FILLED = "SELECT EXISTS (SELECT FROM list_size WHERE workspace_id = $1 AND parent_id = $2 AND size > 0)"
_PLAN = "UPDATE issue SET milestone_id = $3 WHERE workspace_id = $1 AND project_id = $2 AND number % 4 = 0"
# Every 23rd issue, so that they are spread over the table as sub-issues are that people add for years.
_ADOPT = """UPDATE issue SET parent_id = chosen.parent_id FROM (
      SELECT i.id, first_value(i.id) OVER (ORDER BY i.number) AS parent_id FROM issue i
      WHERE i.workspace_id = $1 AND i.project_id = $2 AND i.parent_id IS NULL AND i.number % 23 = 11
      AND NOT EXISTS (SELECT FROM issue c WHERE c.workspace_id = i.workspace_id AND c.parent_id = i.id)
      ORDER BY i.number LIMIT $3 + 1) AS chosen
    WHERE issue.workspace_id = $1 AND issue.id = chosen.id AND issue.id <> chosen.parent_id"""
_ARCHIVE = "UPDATE issue SET archived_at = updated_at WHERE workspace_id = $1 AND project_id = $2 AND number % 40 = 3"
_TRASH = """UPDATE issue SET trashed_at = updated_at WHERE workspace_id = $1 AND id IN (
      SELECT id FROM issue WHERE workspace_id = $1 AND project_id = $2 AND parent_id IS NULL AND number % 40 = 5
      ORDER BY number DESC LIMIT $3)"""
_SIZES = """INSERT INTO list_size (workspace_id, parent_id, lifecycle, size)
    SELECT i.workspace_id, above.id, i.lifecycle, count(*) FROM issue i
    CROSS JOIN LATERAL (VALUES (i.workspace_id), (i.project_id), (i.milestone_id), (i.parent_id)) AS above (id)
    WHERE i.workspace_id = $1 AND above.id IS NOT NULL GROUP BY 1, 2, 3
    ON CONFLICT (workspace_id, parent_id, lifecycle) DO UPDATE SET size = excluded.size
    WHERE list_size.size <> excluded.size"""


async def add_lists(app: App, dataset: Dataset) -> None:
    """Adds to the largest project of the dataset what the seed lacks, once."""
    connection = await asyncpg.connect(dataset.driver_url)
    try:
        [project] = await connection.fetch(_PROJECT, dataset.slug)
        workspace_id, project_id, owner_id = project["workspace_id"], project["project_id"], project["owner_id"]
        milestone_id = await connection.fetchval(_FIND_MILESTONE, workspace_id, MILESTONE)
        if milestone_id is None:
            owner = Actor(user_id=owner_id, roles={workspace_id: Role.OWNER})
            made = await app.milestones.create(owner, MilestoneDraft(project_id=project_id, name=MILESTONE))
            milestone_id = made.value.id
        if not await connection.fetchval(_IS_FILLED, workspace_id, milestone_id):
            await _fill(connection, workspace_id, project_id, milestone_id, dataset.issues)
    finally:
        await connection.close()


async def _fill(connection: Any, workspace_id: str, project_id: str, milestone_id: str, issues: int) -> None:
    async with connection.transaction():
        await connection.execute(_PLAN, workspace_id, project_id, milestone_id)
        await connection.execute(_ADOPT, workspace_id, project_id, min(CHILDREN, issues // 100))
        await connection.execute(_ARCHIVE, workspace_id, project_id)
        await connection.execute(_TRASH, workspace_id, project_id, TRASHED)
        await connection.execute(_SIZES, workspace_id)
    await connection.execute("VACUUM ANALYZE")
