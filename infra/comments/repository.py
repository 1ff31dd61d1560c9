from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import delete, update

from domain.comments.model import Comment
from domain.issues.model import Issue
from infra.comments.tables import CommentRow
from infra.db.repository import SqlTenantRepository
from infra.db.visibility import GuestRule
from infra.issues.tables import IssueRow


class SqlCommentRepository(SqlTenantRepository[Comment]):
    table = CommentRow
    entity = Comment
    guests = GuestRule.of_areas(CommentRow.workspace_id, CommentRow.project_id)

    async def add_all(self, entities: Collection[Comment]) -> None:
        """Adds comments, also to the count of their issue, which the caller has locked."""
        await super().add_all(entities)
        added = Counter((comment.workspace_id, comment.issue_id) for comment in entities)
        for (workspace_id, issue_id), count in sorted(added.items()):
            issue = (IssueRow.workspace_id == workspace_id) & (IssueRow.id == issue_id)
            counted = update(IssueRow).where(issue).values(comment_count=IssueRow.comment_count + count)
            await self._connection.execute(counted)

    async def purge_of(self, issue: Issue) -> Sequence[str]:
        theirs = (CommentRow.workspace_id == issue.workspace_id) & (CommentRow.issue_id == issue.id)
        return (await self._connection.scalars(delete(CommentRow).where(theirs).returning(CommentRow.id))).all()
