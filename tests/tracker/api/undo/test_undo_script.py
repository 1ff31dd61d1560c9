"""A script renames a project, deletes a state with 10,000 issues, edits 1,000 issues, and takes all three back."""

from typing import Any

import pytest
from sqlalchemy import select

from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow, IssueWordsRow
from infra.jobs.leases import SqlLeases
from infra.labels.tables import LabelRow
from infra.milestones.tables import MilestoneRow
from infra.projects.tables import ProjectKeyRow, ProjectNumberRow, ProjectRow, StateRow
from tests.tracker.api.batches.runs import node, work
from tests.tracker.api.undo.taken_back import RESULTS
from tests.tracker.api.undo.test_undo import change
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import StateFactory

TABLES = (
    IssueAssigneeRow,
    IssueLabelRow,
    IssueRow,
    IssueWordsRow,
    LabelRow,
    MilestoneRow,
    ProjectKeyRow,
    ProjectNumberRow,
    ProjectRow,
    StateRow,
)


async def content(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tracker without the times of their last changes, by table."""
    found = {}
    async with world.engine.connect() as connection:
        for table in TABLES:
            columns = [column for column in table.__table__.columns if column.name != "updated_at"]
            rows = await connection.execute(select(*columns).order_by(*table.__table__.primary_key.columns))
            found[table.__tablename__] = [tuple(map(str, row)) for row in rows]
    return found


async def undone(world: World, leases: SqlLeases, change_set: int) -> None:
    given = {"workspaceId": world.here.workspace.id, "changeSet": change_set}
    payload = await world.owner.mutate("changeSetUndo", given, f"{RESULTS} job {{ id }}")
    assert payload["errors"] == []
    if payload["job"] is not None:
        await work(world, leases, payload["job"]["id"])
        run = await node(world.owner, payload["job"]["id"], "BatchRun { state skippedCount }")
        assert run == {"state": "DONE", "skippedCount": 0}


@pytest.mark.verify
async def test_a_script_of_large_changes_is_taken_back(world: World, leases: SqlLeases) -> None:
    here = world.here
    doomed = StateFactory(project=here.project, position=2)
    issues = [
        IssueFactory(project=here.project, state=doomed, number=number, creator_id=here.issue.creator_id)
        for number in range(1_000, 11_000)
    ]
    await world.store(doomed, *issues)
    before = await content(world)
    renamed = await change(world.owner, "projectUpdate", {"id": here.project.id, "name": "Other"})
    given = {"id": doomed.id, "replaceWith": here.done.id}
    deleted = await change(world.owner, "stateDelete", given, "batchRun { id }")
    await work(world, leases, deleted["batchRun"]["id"])
    given = {
        "workspaceId": here.workspace.id,
        "select": {"ids": [issue.id for issue in issues[:1000]]},
        "change": {"priority": "URGENT", "title": "Edited", "labels": {"add": [here.label.id]}},
    }
    edited = await change(world.owner, "issueBatchUpdate", given)
    assert await content(world) != before
    for payload in (edited, deleted, renamed):
        await undone(world, leases, payload["revision"])
    assert await content(world) == before
