from collections import Counter
from collections.abc import Collection, Sequence

from sqlalchemy import ARRAY, Integer, Text, bindparam, column, delete, func, update

from domain.comments.model import Comment
from domain.issues.model import Issue
from infra.comments.tables import CommentRow
from infra.db.arrays import among
from infra.db.repository import SqlTenantRepository
from infra.db.visibility import GuestRule
from infra.issues.tables import IssueRow

_ADDED = (
    func.unnest(bindparam("issues", type_=ARRAY(Text)), bindparam("counts", type_=ARRAY(Integer)))
    .table_valued(column("issue_id", Text), column("count", Integer))
    .render_derived("added")
)
_COUNT = (
    update(IssueRow)
    .where(IssueRow.workspace_id == bindparam("workspace"), IssueRow.id == _ADDED.c.issue_id)
    .values(comment_count=IssueRow.comment_count + _ADDED.c["count"])
)
_FOLLOW = (
    update(CommentRow)
    .where(CommentRow.workspace_id == bindparam("workspace"), among(CommentRow.issue_id, "ids"))
    .where(IssueRow.workspace_id == bindparam("workspace"), IssueRow.id == CommentRow.issue_id)
    .values(project_id=IssueRow.project_id)
)


class SqlCommentRepository(SqlTenantRepository[Comment]):
    table = CommentRow
    entity = Comment
    guests = GuestRule.of_areas(CommentRow.workspace_id, CommentRow.project_id)

    async def add_all(self, entities: Collection[Comment]) -> None:
        """Adds comments, also to the count of their issue, which the caller has locked."""
        await super().add_all(entities)
        for workspace_id in sorted({comment.workspace_id for comment in entities}):
            added = Counter(comment.issue_id for comment in entities if comment.workspace_id == workspace_id)
            counts = {"workspace": workspace_id, "issues": list(added), "counts": list(added.values())}
            await self._connection.execute(_COUNT, counts)

    async def follow(self, issues: Sequence[Issue]) -> None:
        if issues:
            moved = {"workspace": issues[0].workspace_id, "ids": [issue.id for issue in issues]}
            await self._connection.execute(_FOLLOW, moved)

    async def purge_of(self, issue: Issue) -> Sequence[str]:
        theirs = (CommentRow.workspace_id == issue.workspace_id) & (CommentRow.issue_id == issue.id)
        return list(await self._connection.scalars(delete(CommentRow).where(theirs).returning(CommentRow.id)))
