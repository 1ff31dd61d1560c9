from sqlalchemy import delete, exists, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from domain.transfers.identity_ports import ObjectKind
from infra.comments.tables import CommentRow
from infra.issues.tables import IssueAssigneeRow, IssueRow
from infra.transfers.tables import ExternalObjectRow


class SqlPlaceholderStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hand_over(self, workspace_id: str, *, from_id: str, to_id: str) -> None:
        written = (
            update(IssueRow).where(IssueRow.workspace_id == workspace_id, IssueRow.creator_id == from_id),
            update(CommentRow).where(CommentRow.workspace_id == workspace_id, CommentRow.author_id == from_id),
            update(ExternalObjectRow).where(
                ExternalObjectRow.workspace_id == workspace_id,
                ExternalObjectRow.kind == ObjectKind.PERSON,
                ExternalObjectRow.target_id == from_id,
            ),
        )
        for statement, name in zip(written, ("creator_id", "author_id", "target_id"), strict=True):
            await self._connection.execute(statement.values({name: to_id}))
        await self._hand_over_assignments(workspace_id, from_id, to_id)

    async def _hand_over_assignments(self, workspace_id: str, from_id: str, to_id: str) -> None:
        other = aliased(IssueAssigneeRow)
        theirs = (other.workspace_id == workspace_id) & (other.user_id == to_id)
        is_double = exists().where(theirs, other.issue_id == IssueAssigneeRow.issue_id)
        mine = (IssueAssigneeRow.workspace_id == workspace_id) & (IssueAssigneeRow.user_id == from_id)
        await self._connection.execute(delete(IssueAssigneeRow).where(mine, is_double))
        await self._connection.execute(update(IssueAssigneeRow).where(mine).values(user_id=to_id))
