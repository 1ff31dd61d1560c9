"""The database refuses links between workspaces, whatever the application does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from infra.comments.tables import CommentRow
from infra.issues.tables import IssueLabelRow, IssueRow
from infra.milestones.tables import MilestoneRow
from infra.projects.tables import StateRow
from infra.workspaces.tables import AreaGrantRow
from tests.factories.workspaces import WorkspaceFactory
from tests.tracker.api.world import Place, place
from tests.tracker.factories.storing import store


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database)
    yield engine
    await engine.dispose()


@pytest.fixture
async def places(engine: AsyncEngine) -> tuple[Place, Place]:
    both = place("ENG", WorkspaceFactory()), place("OPS", WorkspaceFactory())
    await store(engine, *(entity for each in both for entity in each.entities))
    return both


CHANGES = {
    "the parent of an issue": lambda here, there: (IssueRow, here.issue, {"parent_id": there.issue.id}),
    "the state of an issue": lambda here, there: (IssueRow, here.issue, {"state_id": there.todo.id}),
    "the milestone of an issue": lambda here, there: (IssueRow, here.issue, {"milestone_id": there.milestone.id}),
    "the workspace of an issue": lambda here, there: (IssueRow, here.issue, {"workspace_id": there.workspace.id}),
    "the issue of a comment": lambda here, there: (CommentRow, here.comment, {"issue_id": there.issue.id}),
    "the project of a comment": lambda here, there: (CommentRow, here.comment, {"project_id": there.project.id}),
    "the project of a state": lambda here, there: (StateRow, here.done, {"project_id": there.project.id}),
    "the project of a milestone": lambda here, there: (MilestoneRow, here.milestone, {"project_id": there.project.id}),
    "the project of a guest": lambda here, there: (AreaGrantRow, here.guest_place, {"area_id": there.project.id}),
}


@pytest.mark.parametrize("link", CHANGES)
async def test_a_link_to_another_workspace_is_refused(
    engine: AsyncEngine, places: tuple[Place, Place], link: str
) -> None:
    table, entity, values = CHANGES[link](*places)
    with pytest.raises(IntegrityError, match="ForeignKeyViolation"):
        await run(engine, update(table).where(table.id == entity.id).values(values))


async def test_a_label_of_another_workspace_is_refused(engine: AsyncEngine, places: tuple[Place, Place]) -> None:
    here, there = places
    link = {"workspace_id": here.workspace.id, "issue_id": here.issue.id}
    await run(engine, insert(IssueLabelRow).values(label_id=here.label.id, **link))
    with pytest.raises(IntegrityError, match="ForeignKeyViolation"):
        await run(engine, insert(IssueLabelRow).values(label_id=there.label.id, **link))


async def run(engine: AsyncEngine, statement: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(statement)
