"""Bulk reads and writes of imports, by COPY and single statements over arrays."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ARRAY, Text, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.accounts.model import User
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import State
from domain.transfers.ports import IssueLink, NamedParent, NewPerson, SourceRecord, StoredComment, StoredIssue
from domain.workspaces.model import Member
from infra.accounts.tables import UserRow
from infra.comments.tables import CommentRow
from infra.db.base import Base
from infra.db.bulk import copy_entities, copy_rows, update_rows
from infra.db.repository import RowMapping
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow
from infra.labels.tables import LabelRow
from infra.milestones.tables import MilestoneRow
from infra.projects.tables import ProjectNumberRow, StateRow
from infra.transfers.refusals import among, refusals
from infra.transfers.tables import ImportedCommentRow, ImportedIssueRow, ImportParentRow
from infra.workspaces.tables import MemberRow

_IMPORTS, _TREE = 1, 0  # seeds that distinguish the two advisory locks of a workspace

_LABELS = RowMapping.of(LabelRow, Label)
_MILESTONES = RowMapping.of(MilestoneRow, Milestone)
_ISSUES = RowMapping.of(IssueRow, Issue)
_COMMENTS = RowMapping.of(CommentRow, Comment)
_ISSUE_CHANGES = (
    "project_id",
    "number",
    "identifier",
    "external_key",
    "milestone_id",
    "title",
    "description",
    "state_id",
    "priority",
    "creator_id",
    "parent_id",
    "due_date",
    "completed_at",
    "created_at",
    "updated_at",
)
_COMMENT_CHANGES = ("author_id", "body", "edited_at", "created_at", "updated_at")
_ORIGIN = ("id", "digest", "source")
_PARENT = tuple(field.name for field in fields(NamedParent))


def _names(entity: type[Any]) -> list[str]:
    return [field.name for field in fields(entity)]


class SqlImportStore:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, workspace_id: str) -> None:
        await self._lock(workspace_id, _IMPORTS)

    async def lock_tree(self, workspace_id: str) -> None:
        await self._lock(workspace_id, _TREE)

    async def members_by_email(self, workspace_id: str, emails: Collection[str]) -> dict[str, str]:
        async with refusals():
            rows = await self._connection.execute(
                select(UserRow.email, UserRow.id)
                .join(MemberRow, MemberRow.user_id == UserRow.id)
                .where(MemberRow.workspace_id == workspace_id, among(UserRow.email, emails))
            )
        return {row.email: row.id for row in rows if row.email is not None}

    async def add_people(self, people: Sequence[NewPerson]) -> None:
        async with refusals():
            await copy_entities(self._connection, UserRow, _names(User), [person.user for person in people])
            await copy_entities(self._connection, MemberRow, _names(Member), [person.member for person in people])

    async def labels(self, workspace_id: str, names: Collection[str], *, ids: Collection[str]) -> list[Label]:
        wanted = among(LabelRow.name, names) | among(LabelRow.id, ids)
        async with refusals():
            statement = _LABELS.select.where(LabelRow.workspace_id == workspace_id, wanted)
            return [_LABELS.build(row) for row in await self._connection.execute(statement)]

    async def add_labels(self, labels: Sequence[Label]) -> None:
        await self._add(LabelRow, Label, labels)

    async def milestones(self, project_id: str, names: Collection[str], *, ids: Collection[str]) -> list[Milestone]:
        wanted = among(MilestoneRow.name, names) | among(MilestoneRow.id, ids)
        async with refusals():
            statement = _MILESTONES.select.where(MilestoneRow.project_id == project_id, wanted)
            return [_MILESTONES.build(row) for row in await self._connection.execute(statement)]

    async def add_milestones(self, milestones: Sequence[Milestone]) -> None:
        await self._add(MilestoneRow, Milestone, milestones)

    async def add_states(self, states: Sequence[State]) -> None:
        await self._add(StateRow, State, states)

    async def issues(self, workspace_id: str, ids: Collection[str]) -> dict[str, StoredIssue]:
        assignees = _collected(IssueAssigneeRow.user_id, IssueAssigneeRow.issue_id)
        labels = _collected(IssueLabelRow.label_id, IssueLabelRow.issue_id)
        statement = (
            _ISSUES.select.add_columns(ImportedIssueRow.digest, ImportedIssueRow.run_id, assignees, labels)
            .outerjoin(ImportedIssueRow, ImportedIssueRow.id == IssueRow.id)
            .where(IssueRow.workspace_id == workspace_id, among(IssueRow.id, ids))
            .order_by(IssueRow.id)
            .with_for_update(of=IssueRow)
        )
        found: dict[str, StoredIssue] = {}
        for row in await self._connection.execute(statement):
            issue: Issue = _ISSUES.build(row)
            digest, run_id, assignee_ids, label_ids = row[-4:]
            found[issue.id] = StoredIssue(
                issue=issue,
                digest=digest or "",
                run_id=run_id or "",
                assignee_ids=frozenset(assignee_ids),
                label_ids=frozenset(label_ids),
            )
        return found

    async def comments(self, issue_ids: Collection[str]) -> dict[tuple[str, str], StoredComment]:
        digest = func.coalesce(ImportedCommentRow.digest, literal("")).label("digest")
        statement = (
            select(CommentRow.id, CommentRow.issue_id, CommentRow.external_key, CommentRow.deleted_at, digest)
            .outerjoin(ImportedCommentRow, ImportedCommentRow.id == CommentRow.id)
            .where(among(CommentRow.issue_id, issue_ids), CommentRow.external_key.is_not(None))
        )
        return {
            (row.issue_id, row.external_key): StoredComment(
                id=row.id, digest=row.digest, is_deleted=row.deleted_at is not None
            )
            for row in await self._connection.execute(statement)
        }

    async def comments_by_id(self, ids: Collection[str]) -> dict[str, Comment]:
        statement = _COMMENTS.select.where(among(CommentRow.id, ids)).order_by(CommentRow.id).with_for_update()
        comments = [_COMMENTS.build(row) for row in await self._connection.execute(statement)]
        return {comment.id: comment for comment in comments}

    async def highest_number(self, project_id: str) -> int:
        counter = upsert(ProjectNumberRow).values(project_id=project_id, number=0)
        locked = counter.on_conflict_do_update(
            index_elements=[ProjectNumberRow.project_id], set_={"number": ProjectNumberRow.number}
        ).returning(ProjectNumberRow.number)
        return int((await self._connection.execute(locked)).scalar_one())

    async def raise_number(self, project_id: str, number: int) -> None:
        raised = update(ProjectNumberRow).where(
            ProjectNumberRow.project_id == project_id, ProjectNumberRow.number < number
        )
        await self._connection.execute(raised.values(number=number))

    async def taken_numbers(self, project_id: str, numbers: Collection[int]) -> frozenset[int]:
        taken = (IssueRow.project_id == project_id) & among(IssueRow.number, numbers)
        return frozenset(await self._connection.scalars(select(IssueRow.number).where(taken)))

    async def add_issues(self, issues: Sequence[Issue]) -> None:
        await self._add(IssueRow, Issue, issues)

    async def save_issues(self, issues: Sequence[Issue]) -> None:
        async with refusals():
            await update_rows(self._connection, IssueRow, _ISSUE_CHANGES, issues)

    async def link_assignees(self, *, add: Sequence[IssueLink], remove: Sequence[IssueLink]) -> None:
        await self._link(IssueAssigneeRow, IssueAssigneeRow.user_id, add, remove)

    async def link_labels(self, *, add: Sequence[IssueLink], remove: Sequence[IssueLink]) -> None:
        await self._link(IssueLabelRow, IssueLabelRow.label_id, add, remove)

    async def add_comments(self, comments: Sequence[Comment]) -> None:
        await self._add(CommentRow, Comment, comments)

    async def save_comments(self, comments: Sequence[Comment]) -> None:
        async with refusals():
            await update_rows(self._connection, CommentRow, _COMMENT_CHANGES, comments)

    async def move_comments(self, issues: Sequence[Issue]) -> None:
        for project_id in {issue.project_id for issue in issues}:
            ids = [issue.id for issue in issues if issue.project_id == project_id]
            moved = update(CommentRow).where(among(CommentRow.issue_id, ids))
            await self._connection.execute(moved.values(project_id=project_id))

    async def keep_sources(
        self, run_id: str, issues: Sequence[SourceRecord], comments: Sequence[SourceRecord], *, is_first_time: bool
    ) -> None:
        async with refusals():
            if not is_first_time:
                for table, sources in ((ImportedIssueRow, issues), (ImportedCommentRow, comments)):
                    earlier = delete(table).where(among(table.id, [source.id for source in sources]))
                    await self._connection.execute(earlier)
            rows = [(run_id, source.id, source.digest, source.source) for source in issues]
            await copy_rows(self._connection, ImportedIssueRow, ("run_id", *_ORIGIN), rows)
            await copy_entities(self._connection, ImportedCommentRow, _ORIGIN, comments)

    async def mark_seen(self, run_id: str, issue_ids: Sequence[str]) -> None:
        if issue_ids:
            seen = update(ImportedIssueRow).where(among(ImportedIssueRow.id, issue_ids)).values(run_id=run_id)
            await self._connection.execute(seen)

    async def name_parents(self, run_id: str, parents: Sequence[NamedParent]) -> None:
        rows = [(run_id, *(getattr(each, name) for name in _PARENT)) for each in parents]
        async with refusals():
            await copy_rows(self._connection, ImportParentRow, ("run_id", *_PARENT), rows)

    async def take_parents(self, run_id: str, *, most: int) -> list[NamedParent]:
        some = (
            select(ImportParentRow.issue_id)
            .where(ImportParentRow.run_id == run_id)
            .order_by(ImportParentRow.issue_id)
            .limit(most)
        )
        taken = (
            delete(ImportParentRow)
            .where(ImportParentRow.run_id == run_id, ImportParentRow.issue_id.in_(some))
            .returning(*(getattr(ImportParentRow, name) for name in _PARENT))
        )
        found = [NamedParent(**row) for row in (await self._connection.execute(taken)).mappings()]
        return sorted(found, key=lambda named: named.line)

    async def issues_by_id(self, ids: Collection[str]) -> dict[str, Issue]:
        statement = _ISSUES.select.where(among(IssueRow.id, ids)).order_by(IssueRow.id).with_for_update()
        issues = [_ISSUES.build(row) for row in await self._connection.execute(statement)]
        return {issue.id: issue for issue in issues}

    async def parents_above(self, ids: Collection[str]) -> dict[str, str]:
        columns = (IssueRow.id, IssueRow.parent_id)
        above = select(*columns).where(among(IssueRow.id, ids)).cte("above", recursive=True)
        above = above.union(select(*columns).join(above, IssueRow.id == above.c.parent_id))
        statement = select(above.c.id, above.c.parent_id).where(above.c.parent_id.is_not(None))
        return {row.id: row.parent_id for row in await self._connection.execute(statement)}

    async def _lock(self, workspace_id: str, seed: int) -> None:
        await self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(workspace_id, seed))))

    async def _add(self, table: type[Base], entity: type[Any], entities: Sequence[Any]) -> None:
        async with refusals():
            await copy_entities(self._connection, table, _names(entity), entities)

    async def _link(self, links: Any, other: Any, add: Sequence[IssueLink], remove: Sequence[IssueLink]) -> None:
        if remove:
            pairs = [(link.issue_id, link.other_id) for link in remove]
            await self._connection.execute(delete(links).where(tuple_(links.issue_id, other).in_(pairs)))
        rows = [(link.issue_id, link.other_id) for link in add]
        await copy_rows(self._connection, links, ("issue_id", other.key), rows)


def _collected(column: Any, issue_id: Any) -> Any:
    """IDs that an issue is linked to, as an array."""
    ids = select(column).where(issue_id == IssueRow.id).correlate(IssueRow)
    return func.array(ids.scalar_subquery(), type_=ARRAY(Text))
