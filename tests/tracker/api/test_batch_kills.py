"""A batch run whose workers are killed changes each issue once, and writes each event once."""

from typing import Any

import pytest
from sqlalchemy import text

from infra.settings import Settings
from tests.tracker.api.world import World
from tests.tracker.killed_workers import fill, work_with_kills
from tests.tracker.list_sizes import require_exact_counts

pytestmark = pytest.mark.verify

ISSUES = 60_000  # 120 batches, because a worker can complete several before it is killed
KILLS = 50
LONGEST_PAUSE = 0.2  # seconds between the commit of a batch and the kill


async def rows(world: World, statement: str, **params: Any) -> list[tuple[Any, ...]]:
    here = {"workspace_id": world.here.workspace.id}
    async with world.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(statement), here | params)]


async def begun(world: World) -> str:
    """A run that gives all issues a priority and a label. Some issues then cease to match its filter."""
    place = world.here
    given = {
        "workspaceId": place.workspace.id,
        "select": {"filter": {"estimate": {"isNull": True}}},
        "expectedCount": ISSUES + 1,
        "change": {"priority": "HIGH", "labels": {"add": [place.label.id]}},
        "onError": "SKIP",
    }
    payload = await world.member.mutate("issueBatchUpdate", given, "job { id } changedCount skippedCount")
    assert (payload["errors"], payload["changedCount"], payload["skippedCount"]) == ([], None, None)
    async with world.engine.begin() as connection:
        await connection.execute(text("UPDATE issue SET estimate = 1 WHERE number % 100 = 0"))
    return str(payload["job"]["id"])


async def test_a_run_survives_fifty_kills(world: World, settings: Settings) -> None:
    await fill(world, ISSUES)
    run_id = await begun(world)

    async def is_over() -> bool:
        return await rows(world, "SELECT state FROM batch_run WHERE id = :id", id=run_id) == [("DONE",)]

    await work_with_kills(world, settings, is_over, kills=KILLS, pause=LONGEST_PAUSE)
    [(left_out,)] = await rows(world, "SELECT count(*) FROM issue WHERE estimate = 1")
    changed = ISSUES + 1 - left_out
    counts = "SELECT total, done, changed_count, skipped_count, change_set FROM batch_run WHERE id = :id"
    [(*counted, change_set)] = await rows(world, counts, id=run_id)
    assert counted == [ISSUES + 1, ISSUES + 1, changed, left_out]
    [(attempts,)] = await rows(world, "SELECT attempts FROM job WHERE kind = 'batches.run'")
    assert attempts > KILLS
    # Joined to counted labels: a count for each issue reads all labels 60,000 times if the table has no statistics yet.
    states = """
        SELECT estimate, priority, coalesce(labels, 0), count(*) FROM issue
        LEFT JOIN (SELECT issue_id, count(*) AS labels FROM issue_label WHERE workspace_id = :workspace_id GROUP BY 1)
            AS labeled ON labeled.issue_id = issue.id
        WHERE workspace_id = :workspace_id GROUP BY 1, 2, 3 ORDER BY 1"""
    assert await rows(world, states) == [(1, 0, 0, left_out), (None, 3, 1, changed)]
    events = """
        SELECT count(*), count(DISTINCT subject_id), count(DISTINCT revision), max(revision), min(change_set),
               max(change_set)
        FROM event WHERE workspace_id = :workspace_id AND type = 'issue.updated'"""
    last = change_set + changed
    assert await rows(world, events) == [(changed, changed, changed, last, change_set, change_set)]
    skips = """
        SELECT count(*), count(DISTINCT subject_id) FROM batch_skip JOIN issue ON issue.id = subject_id
        WHERE run_id = :id AND estimate = 1"""
    assert await rows(world, skips, id=run_id) == [(left_out, left_out)]
    assert await require_exact_counts(world.engine) > 0
