"""Bulk reads and writes of imports, by COPY and single statements over arrays."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Integer, Text, bindparam, column, delete, func, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.accounts.model import User
from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.transfers.model import ImportRun
from domain.transfers.ports import IssueLink, NamedParent, NewPerson, SourceRecord, StoredComment, StoredIssue
from domain.workspaces.model import Member
from infra.accounts.tables import UserRow
from infra.comments.tables import CommentRow
from infra.db.base import Base
from infra.db.bulk import copy_entities, copy_rows, update_rows
from infra.db.list_sizes import ListSizes
from infra.db.repository import RowMapping
from infra.db.write_connection import WriteConnection
from infra.issues.aliases import keep_identifiers
from infra.issues.repository import rewrite_words, write_words
from infra.issues.sizes import count_added, count_changed
from infra.issues.tables import IssueAliasRow, IssueAssigneeRow, IssueLabelRow, IssueRow
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
_SOURCE = ("id", "digest", "source")
_OF_RUN = ("workspace_id", "run_id")
_added = (
    func.unnest(bindparam("ids", type_=ARRAY(Text)), bindparam("added", type_=ARRAY(Integer)))
    .table_valued(column("id", Text), column("count", Integer))
    .render_derived("added")
)
_COUNT_COMMENTS = (
    update(IssueRow)
    .where(IssueRow.workspace_id == bindparam("workspace"), IssueRow.id == _added.c.id)
    .values(comment_count=IssueRow.comment_count + _added.c.count)
)
_PARENT = tuple(field.name for field in fields(NamedParent))


def _names(entity: type[Any]) -> list[str]:
    return [field.name for field in fields(entity)]


class SqlImportStore:
    def __init__(self, connection: WriteConnection, sizes: ListSizes) -> None:
        self._connection = connection
        self._sizes = sizes

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
        return {email: user_id for email, user_id in rows if email is not None}

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

    async def milestones(self, project: Project, names: Collection[str], *, ids: Collection[str]) -> list[Milestone]:
        wanted = among(MilestoneRow.name, names) | among(MilestoneRow.id, ids)
        async with refusals():
            theirs = (MilestoneRow.workspace_id == project.workspace_id) & (MilestoneRow.project_id == project.id)
            statement = _MILESTONES.select.where(theirs, wanted)
            return [_MILESTONES.build(row) for row in await self._connection.execute(statement)]

    async def add_milestones(self, milestones: Sequence[Milestone]) -> None:
        await self._add(MilestoneRow, Milestone, milestones)

    async def add_states(self, states: Sequence[State]) -> None:
        await self._add(StateRow, State, states)

    async def issues(self, workspace_id: str, ids: Collection[str]) -> dict[str, StoredIssue]:
        assignees = _collected(IssueAssigneeRow, IssueAssigneeRow.user_id, workspace_id)
        labels = _collected(IssueLabelRow, IssueLabelRow.label_id, workspace_id)
        sources = (ImportedIssueRow.workspace_id == workspace_id) & (ImportedIssueRow.id == IssueRow.id)
        statement = (
            _ISSUES.select.add_columns(ImportedIssueRow.digest, ImportedIssueRow.run_id, assignees, labels)
            .outerjoin(ImportedIssueRow, sources)
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

    async def comments(self, issues: Sequence[Issue]) -> dict[tuple[str, str], StoredComment]:
        if not issues:
            return {}
        workspace_id = issues[0].workspace_id
        sources = (ImportedCommentRow.workspace_id == workspace_id) & (ImportedCommentRow.id == CommentRow.id)
        theirs = (CommentRow.workspace_id == workspace_id) & among(CommentRow.issue_id, [each.id for each in issues])
        known = func.coalesce(ImportedCommentRow.digest, literal(""))
        statement = (
            select(CommentRow.id, CommentRow.issue_id, CommentRow.external_key, CommentRow.deleted_at, known)
            .outerjoin(ImportedCommentRow, sources)
            .where(theirs, CommentRow.external_key.is_not(None))
        )
        return {
            (issue_id, external_key): StoredComment(id=id_, digest=digest, is_deleted=deleted_at is not None)
            for id_, issue_id, external_key, deleted_at, digest in await self._connection.execute(statement)
        }

    async def lock_comments(self, comments: Sequence[Comment]) -> dict[str, Comment]:
        if not comments:
            return {}
        here = CommentRow.workspace_id == comments[0].workspace_id
        these = _COMMENTS.select.where(here, among(CommentRow.id, [comment.id for comment in comments]))
        rows = await self._connection.execute(these.order_by(CommentRow.id).with_for_update())
        return {comment.id: comment for comment in map(_COMMENTS.build, rows)}

    async def highest_number(self, project: Project) -> int:
        key = {"workspace_id": project.workspace_id, "project_id": project.id}
        counter = upsert(ProjectNumberRow).values(number=0, **key)
        locked = counter.on_conflict_do_update(
            index_elements=list(key), set_={"number": ProjectNumberRow.number}
        ).returning(ProjectNumberRow.number)
        return int((await self._connection.execute(locked)).scalar_one())

    async def raise_number(self, project: Project, number: int) -> None:
        raised = update(ProjectNumberRow).where(
            ProjectNumberRow.workspace_id == project.workspace_id,
            ProjectNumberRow.project_id == project.id,
            ProjectNumberRow.number < number,
        )
        await self._connection.execute(raised.values(number=number))

    async def taken_numbers(self, project: Project, numbers: Collection[int]) -> dict[int, str]:
        here = [
            select(table.number, issue_id).where(
                table.workspace_id == project.workspace_id,
                table.project_id == project.id,
                among(table.number, numbers),
            )
            for table, issue_id in ((IssueAliasRow, IssueAliasRow.issue_id), (IssueRow, IssueRow.id))
        ]
        # The issue that has the number comes last, and thus replaces the one that had it.
        rows = await self._connection.execute(union_all(*here))
        return dict(map(tuple, rows))

    async def add_issues(self, issues: Sequence[Issue]) -> None:
        await self._add(IssueRow, Issue, issues)
        count_added(self._sizes, issues)
        await write_words(self._connection, issues)

    async def save_issues(self, changes: Sequence[tuple[Issue, Issue]], *, now: datetime) -> None:
        async with refusals():
            await update_rows(self._connection, IssueRow, _ISSUE_CHANGES, [after for _, after in changes])
        for before, after in changes:
            count_changed(self._sizes, before, after)
        await rewrite_words(self._connection, changes)
        await keep_identifiers(self._connection, changes, now=now)

    async def link_assignees(self, workspace_id: str, *, add: Sequence[IssueLink], remove: Sequence[IssueLink]) -> None:
        await self._link(IssueAssigneeRow, IssueAssigneeRow.user_id, workspace_id, add, remove)

    async def link_labels(self, workspace_id: str, *, add: Sequence[IssueLink], remove: Sequence[IssueLink]) -> None:
        await self._link(IssueLabelRow, IssueLabelRow.label_id, workspace_id, add, remove)

    async def add_comments(self, comments: Sequence[Comment], *, counted_in: Collection[str]) -> None:
        await self._add(CommentRow, Comment, comments)
        added = Counter(comment.issue_id for comment in comments if comment.issue_id in counted_in)
        if added:
            values = {"workspace": comments[0].workspace_id, "ids": list(added), "added": list(added.values())}
            await self._connection.execute(_COUNT_COMMENTS, values)

    async def save_comments(self, comments: Sequence[Comment]) -> None:
        async with refusals():
            await update_rows(self._connection, CommentRow, _COMMENT_CHANGES, comments)

    async def move_comments(self, issues: Sequence[Issue]) -> None:
        for workspace_id, project_id in {(issue.workspace_id, issue.project_id) for issue in issues}:
            ids = [issue.id for issue in issues if issue.project_id == project_id]
            moved = update(CommentRow).where(CommentRow.workspace_id == workspace_id, among(CommentRow.issue_id, ids))
            await self._connection.execute(moved.values(project_id=project_id))

    async def keep_sources(
        self, run: ImportRun, issues: Sequence[SourceRecord], comments: Sequence[SourceRecord], *, is_first_time: bool
    ) -> None:
        async with refusals():
            if not is_first_time:
                for table, sources in ((ImportedIssueRow, issues), (ImportedCommentRow, comments)):
                    these = among(table.id, [source.id for source in sources])
                    earlier = delete(table).where(table.workspace_id == run.workspace_id, these)
                    await self._connection.execute(earlier)
            rows = [(run.workspace_id, run.id, *_source(each)) for each in issues]
            await copy_rows(self._connection, ImportedIssueRow, (*_OF_RUN, *_SOURCE), rows)
            texts = [(run.workspace_id, *_source(each)) for each in comments]
            await copy_rows(self._connection, ImportedCommentRow, ("workspace_id", *_SOURCE), texts)

    async def mark_seen(self, run: ImportRun, issue_ids: Sequence[str]) -> None:
        if issue_ids:
            these = (ImportedIssueRow.workspace_id == run.workspace_id) & among(ImportedIssueRow.id, issue_ids)
            await self._connection.execute(update(ImportedIssueRow).where(these).values(run_id=run.id))

    async def name_parents(self, run: ImportRun, parents: Sequence[NamedParent]) -> None:
        rows = [(run.workspace_id, run.id, *(getattr(each, name) for name in _PARENT)) for each in parents]
        async with refusals():
            await copy_rows(self._connection, ImportParentRow, (*_OF_RUN, *_PARENT), rows)

    async def take_parents(self, run: ImportRun, *, most: int) -> list[NamedParent]:
        of_run = (ImportParentRow.workspace_id == run.workspace_id) & (ImportParentRow.run_id == run.id)
        some = select(ImportParentRow.issue_id).where(of_run).order_by(ImportParentRow.issue_id).limit(most)
        taken = (
            delete(ImportParentRow)
            .where(of_run, ImportParentRow.issue_id.in_(some))
            .returning(*(getattr(ImportParentRow, name) for name in _PARENT))
        )
        rows = await self._connection.execute(taken)
        found = [NamedParent(**dict(zip(_PARENT, row, strict=True))) for row in rows]
        return sorted(found, key=lambda named: named.line)

    async def issues_by_id(self, workspace_id: str, ids: Collection[str]) -> dict[str, Issue]:
        these = _ISSUES.select.where(IssueRow.workspace_id == workspace_id, among(IssueRow.id, ids))
        rows = await self._connection.execute(these.order_by(IssueRow.id).with_for_update())
        return {issue.id: issue for issue in map(_ISSUES.build, rows)}

    async def parents_above(self, workspace_id: str, ids: Collection[str]) -> dict[str, str]:
        issues = select(IssueRow.id, IssueRow.parent_id).where(IssueRow.workspace_id == workspace_id)
        above = issues.where(among(IssueRow.id, ids)).cte("above", recursive=True)
        above = above.union(issues.join(above, IssueRow.id == above.c.parent_id))
        statement = select(above.c.id, above.c.parent_id).where(above.c.parent_id.is_not(None))
        return dict(map(tuple, await self._connection.execute(statement)))

    async def _lock(self, workspace_id: str, seed: int) -> None:
        await self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(workspace_id, seed))))

    async def _add(self, table: type[Base], entity: type[Any], entities: Sequence[Any]) -> None:
        async with refusals():
            await copy_entities(self._connection, table, _names(entity), entities)

    async def _link(
        self, links: Any, other: Any, workspace_id: str, add: Sequence[IssueLink], remove: Sequence[IssueLink]
    ) -> None:
        if remove:
            gone = func.unnest(
                bindparam(None, [link.issue_id for link in remove], ARRAY(Text)),
                bindparam(None, [link.other_id for link in remove], ARRAY(Text)),
            )
            given = gone.table_valued(column("issue_id", Text), column("other_id", Text)).render_derived("given")
            are_given = (links.issue_id == given.c.issue_id) & (other == given.c.other_id)
            await self._connection.execute(delete(links).where(links.workspace_id == workspace_id, are_given))
        rows = [(workspace_id, link.issue_id, link.other_id) for link in add]
        await copy_rows(self._connection, links, ("workspace_id", "issue_id", other.key), rows)


def _source(record: SourceRecord) -> tuple[str, str, str | None]:
    return (record.id, record.digest, record.source)


def _collected(links: Any, column: Any, workspace_id: str) -> Any:
    """IDs that an issue is linked to, as an array."""
    of_issue = (links.workspace_id == workspace_id) & (links.issue_id == IssueRow.id)
    ids = select(column).where(of_issue).correlate(IssueRow)
    return func.array(ids.scalar_subquery(), type_=ARRAY(Text))
