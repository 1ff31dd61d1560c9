from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from sqlalchemy import exists, select, true
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.comments.model import Comment
from domain.issues.model import Issue
from infra.comments.tables import CommentRow
from infra.db.bulk import copy_entities, copy_rows
from infra.db.list_sizes import ListSizes
from infra.issues.repository import write_words
from infra.issues.sizes import count_added
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow
from infra.projects.tables import ProjectNumberRow
from infra.workspaces.tables import WorkspaceRow

_ISSUE = [field.name for field in fields(Issue)]
_COMMENT = [field.name for field in fields(Comment)]


class SqlSeedRepository:
    def __init__(self, connection: AsyncConnection, sizes: ListSizes) -> None:
        self._connection = connection
        self._sizes = sizes

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
        commented = Counter(comment.issue_id for comment in comments)
        counted = [replace(issue, comment_count=commented[issue.id]) for issue in issues]
        await copy_entities(self._connection, IssueRow, _ISSUE, counted)
        count_added(self._sizes, counted)
        await write_words(self._connection, issues)
        for table, other, links in ((IssueAssigneeRow, "user_id", assignees), (IssueLabelRow, "label_id", labels)):
            rows = [(issue.workspace_id, issue.id, each) for issue in issues for each in links.get(issue.id, ())]
            await copy_rows(self._connection, table, ("workspace_id", "issue_id", other), rows)
        await copy_entities(self._connection, CommentRow, _COMMENT, comments)

    async def _raise_numbers(self, issues: Sequence[Issue]) -> None:
        highest = {issue.project_id: issue for issue in sorted(issues, key=lambda issue: issue.number)}
        rows = [
            {"workspace_id": issue.workspace_id, "project_id": project_id, "number": issue.number}
            for project_id, issue in highest.items()
        ]
        counter = upsert(ProjectNumberRow).values(rows)
        await self._connection.execute(
            counter.on_conflict_do_update(
                index_elements=[ProjectNumberRow.workspace_id, ProjectNumberRow.project_id],
                set_={"number": counter.excluded.number},
            )
        )
