from collections.abc import Mapping, Sequence
from dataclasses import fields

from sqlalchemy import exists, select, true
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.comments.model import Comment
from domain.issues.model import Issue
from infra.comments.tables import CommentRow
from infra.db.bulk import copy_entities, copy_rows
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow
from infra.projects.tables import ProjectNumberRow
from infra.workspaces.tables import WorkspaceRow

_ISSUE = [field.name for field in fields(Issue)]
_COMMENT = [field.name for field in fields(Comment)]


class SqlSeedRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def has_workspace(self, slug: str | None) -> bool:
        condition = true() if slug is None else WorkspaceRow.slug == slug
        found = await self._connection.execute(select(exists().where(condition).select_from(WorkspaceRow)))
        return bool(found.scalar_one())

    async def add_issues(
        self,
        issues: Sequence[Issue],
        *,
        assignees: Mapping[str, Sequence[str]],
        labels: Mapping[str, Sequence[str]],
        comments: Sequence[Comment],
    ) -> None:
        # First, because COPY bypasses SQLAlchemy, which begins the transaction with its own first statement.
        await self._raise_numbers(issues)
        await copy_entities(self._connection, IssueRow, _ISSUE, issues)
        await copy_rows(self._connection, IssueAssigneeRow, ("issue_id", "user_id"), _pairs(assignees))
        await copy_rows(self._connection, IssueLabelRow, ("issue_id", "label_id"), _pairs(labels))
        await copy_entities(self._connection, CommentRow, _COMMENT, comments)

    async def _raise_numbers(self, issues: Sequence[Issue]) -> None:
        highest = {issue.project_id: issue.number for issue in sorted(issues, key=lambda issue: issue.number)}
        rows = [{"project_id": project_id, "number": number} for project_id, number in highest.items()]
        counter = upsert(ProjectNumberRow).values(rows)
        await self._connection.execute(
            counter.on_conflict_do_update(
                index_elements=[ProjectNumberRow.project_id], set_={"number": counter.excluded.number}
            )
        )


def _pairs(links: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(issue_id, other_id) for issue_id, others in links.items() for other_id in others]
