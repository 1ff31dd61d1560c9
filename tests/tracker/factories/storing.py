"""Stores what the factories of the tracker build."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.accounts.model import User
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, ProjectMember, State
from domain.transfers.model import ImportRun
from infra.comments.repository import SqlCommentRepository
from infra.db.list_sizes import ListSizes
from infra.issues.repository import SqlIssueRepository
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow
from infra.labels.repository import SqlLabelRepository
from infra.milestones.repository import SqlMilestoneRepository
from infra.projects.repository import SqlProjectMemberRepository, SqlProjectRepository, SqlStateRepository
from infra.projects.tables import ProjectNumberRow
from infra.transfers.repository import SqlImportRunRepository
from tests.commit_log import write_sizes
from tests.stored_entities import PLATFORM, Repositories, add_entities, opened

REPOSITORIES: Repositories = {
    **PLATFORM,
    Project: SqlProjectRepository,
    ProjectMember: SqlProjectMemberRepository,
    State: SqlStateRepository,
    Milestone: SqlMilestoneRepository,
    Label: SqlLabelRepository,
    Issue: SqlIssueRepository,
    Comment: SqlCommentRepository,
    ImportRun: SqlImportRunRepository,
}

_numbers = upsert(ProjectNumberRow)
_COUNT_NUMBERS = _numbers.on_conflict_do_update(
    index_elements=[ProjectNumberRow.workspace_id, ProjectNumberRow.project_id],
    set_={"number": _numbers.excluded.number},
    where=ProjectNumberRow.number < _numbers.excluded.number,
)


def repository_of(kind: type, connection: AsyncConnection, sizes: ListSizes) -> Any:
    return opened(REPOSITORIES[kind], connection, sizes)


async def store(engine: AsyncEngine, *entities: Any) -> None:
    """Stores the entities; issue numbers count as given out."""
    async with engine.begin() as connection:
        await add_entities(connection, REPOSITORIES, map(_uncounted, entities))
        await _count_numbers(connection, [entity for entity in entities if isinstance(entity, Issue)])


async def _count_numbers(connection: AsyncConnection, issues: Sequence[Issue]) -> None:
    numbers: dict[tuple[str, str], int] = {}
    for issue in issues:
        project = (issue.workspace_id, issue.project_id)
        numbers[project] = max(numbers.get(project, 0), issue.number)
    rows = [
        {"workspace_id": workspace_id, "project_id": project_id, "number": number}
        for (workspace_id, project_id), number in numbers.items()
    ]
    if rows:
        await connection.execute(_COUNT_NUMBERS, rows)


def _uncounted(entity: Any) -> Any:
    """The entity; an issue without the comments that it counts, because each comment is counted when it is stored."""
    return replace(entity, comment_count=0) if isinstance(entity, Issue) else entity


async def save(connection: AsyncConnection, before: Any, after: Any) -> None:
    """Stores the changed entity."""
    sizes = ListSizes()
    await repository_of(type(before), connection, sizes).save(before, after)
    await write_sizes(connection, sizes)


async def link(
    engine: AsyncEngine, issue: Issue, *, assignees: Sequence[User] = (), labels: Sequence[Label] = ()
) -> None:
    link = {"workspace_id": issue.workspace_id, "issue_id": issue.id}
    async with engine.begin() as connection:
        if assignees:
            await connection.execute(insert(IssueAssigneeRow), [link | {"user_id": user.id} for user in assignees])
        if labels:
            await connection.execute(insert(IssueLabelRow), [link | {"label_id": label.id} for label in labels])
