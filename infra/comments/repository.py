from sqlalchemy import delete

from domain.comments.model import Comment
from domain.issues.model import Issue
from infra.comments.tables import CommentRow
from infra.db.repository import SqlTenantRepository
from infra.db.visibility import GuestRule


class SqlCommentRepository(SqlTenantRepository[Comment]):
    table = CommentRow
    entity = Comment
    guests = GuestRule.of_areas(CommentRow.workspace_id, CommentRow.project_id)

    async def purge_of(self, issue: Issue) -> int:
        theirs = (CommentRow.workspace_id == issue.workspace_id) & (CommentRow.issue_id == issue.id)
        return (await self._connection.execute(delete(CommentRow).where(theirs))).rowcount
