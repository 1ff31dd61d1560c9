from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, union, update

from domain.accounts.model import UserId
from domain.comments.events import CommentUpdated
from domain.comments.model import Comment
from domain.issues.events import IssueUpdated
from domain.issues.model import Issue
from domain.issues.ports import LinkKind
from domain.shared.batches import BatchRun
from domain.shared.events import Event, FieldChange
from domain.transfers.identity_ports import ObjectKind
from infra.batches.repository import fix_rows
from infra.comments.repository import SqlCommentRepository
from infra.comments.tables import CommentRow
from infra.db.arrays import among_values
from infra.db.list_sizes import ListSizes
from infra.db.write_connection import Connection
from infra.issues.repository import SqlIssueRepository
from infra.issues.tables import IssueAssigneeRow, IssueRow
from infra.transfers.tables import ExternalObjectRow
from infra.workspaces.tables import MemberRow


class SqlPlaceholderStore:
    def __init__(self, connection: Connection, sizes: ListSizes) -> None:
        self._connection = connection
        self._issues = SqlIssueRepository(connection, sizes)
        self._comments = SqlCommentRepository(connection)

    async def ids(self, workspace_id: str, user_id: str, *, most: int) -> Sequence[str]:
        return list(await self._connection.scalars(_work_of(workspace_id, user_id).limit(most)))

    async def fix(self, run: BatchRun) -> int:
        is_subject = (MemberRow.workspace_id == run.workspace_id) & (MemberRow.id == run.subject_id)
        work = _work_of(run.workspace_id, select(MemberRow.user_id).where(is_subject).scalar_subquery())
        rows = work.subquery("work")
        return await fix_rows(self._connection, run, rows.c.id, rows.c.id.is_not(None))

    async def hand_over(
        self, workspace_id: str, ids: Sequence[str], *, from_id: str, to_id: str, now: datetime
    ) -> Sequence[Event]:
        among_issues = (IssueRow.workspace_id == workspace_id) & among_values(IssueRow.id, _of(Issue, ids))
        issues = await self._issues.where(among_issues, for_update=True)
        assignees = (await self._issues.links_of(issues, [LinkKind.ASSIGNEES]))[LinkKind.ASSIGNEES]
        links = {id_: (old, old - {from_id} | {to_id}) for id_, old in assignees.items() if from_id in old}
        await self._issues.relink_all(workspace_id, {LinkKind.ASSIGNEES: links})
        owner = UserId(to_id)
        changed = [
            (issue, issue.created_by(owner, now=now) if issue.creator_id == from_id else issue.touched(now=now))
            for issue in issues
            if issue.creator_id == from_id or issue.id in links
        ]
        await self._issues.save_all(changed)
        by_them = (CommentRow.workspace_id == workspace_id) & (CommentRow.author_id == from_id)
        comments = await self._comments.where(by_them & among_values(CommentRow.id, _of(Comment, ids)), for_update=True)
        rewritten = [(comment, comment.written_by(owner, now=now)) for comment in comments]
        await self._comments.save_all(rewritten)
        return [
            *(IssueUpdated.between(before, after, **_logged(links.get(before.id))) for before, after in changed),
            *(CommentUpdated.between(before, after) for before, after in rewritten),
        ]

    async def recognize(self, workspace_id: str, *, from_id: str, to_id: str) -> None:
        known = update(ExternalObjectRow).where(
            ExternalObjectRow.workspace_id == workspace_id,
            ExternalObjectRow.kind == ObjectKind.PERSON,
            ExternalObjectRow.target_id == from_id,
        )
        await self._connection.execute(known.values(target_id=to_id))


def _work_of(workspace_id: str, user_id: Any) -> Select[Any]:
    """IDs of the issues that the user created or is assigned to, and of comments that the user wrote."""
    created = (IssueRow.workspace_id == workspace_id) & (IssueRow.creator_id == user_id)
    assigned = (IssueAssigneeRow.workspace_id == workspace_id) & (IssueAssigneeRow.user_id == user_id)
    written = (CommentRow.workspace_id == workspace_id) & (CommentRow.author_id == user_id)
    work = union(
        select(IssueRow.id.label("id")).where(created),
        select(IssueAssigneeRow.issue_id).where(assigned),
        select(CommentRow.id).where(written),
    )
    return select(work.subquery("work").c.id)


def _of(entity: type[Issue] | type[Comment], ids: Sequence[str]) -> list[str]:
    return [each for each in ids if each.startswith(f"{entity.prefix}_")]


def _logged(link: tuple[frozenset[str], frozenset[str]] | None) -> dict[str, FieldChange]:
    return {} if link is None else {"assignees": FieldChange(before=sorted(link[0]), after=sorted(link[1]))}
