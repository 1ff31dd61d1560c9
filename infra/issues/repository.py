from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    any_,
    bindparam,
    cast,
    column,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.shared.batches import BatchRun
from domain.shared.events import Event
from infra.batches.repository import fix_rows
from infra.db.arrays import array_text, texts
from infra.db.grams import grams_of
from infra.db.list_sizes import ListKey
from infra.db.repository import SqlParentRepository
from infra.db.visibility import GuestRule, in_workspace
from infra.issues.deletion import clear_project, delete_issues, unrecorded_purges
from infra.issues.sizes import count_added, count_changed, lists_of
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow, IssueWordsRow, words_of

_GIVEN = (
    func.unnest(texts("ids"), texts("grams"))
    .table_valued(column("id", Text), column("grams", Text))
    .render_derived("given")
)
_FOUND = (
    select(
        IssueRow.workspace_id,
        IssueRow.id,
        words_of(IssueRow.title, IssueRow.description),
        cast(_GIVEN.c.grams, ARRAY(Text)),
    )
    .join(_GIVEN, _GIVEN.c.id == IssueRow.id)
    .where(in_workspace(IssueRow.workspace_id))
)
_ADDED = upsert(IssueWordsRow).from_select(["workspace_id", "issue_id", "words", "title_grams"], _FOUND)
_WRITTEN = _ADDED.on_conflict_do_update(
    index_elements=[IssueWordsRow.workspace_id, IssueWordsRow.issue_id],
    set_={"words": _ADDED.excluded.words, "title_grams": _ADDED.excluded.title_grams},
)


async def write_words(connection: AsyncConnection, issues: Collection[Issue]) -> None:
    """Stores the words of issues whose rows the transaction has written."""
    for workspace_id in sorted({issue.workspace_id for issue in issues}):
        own = [issue for issue in issues if issue.workspace_id == workspace_id]
        given = {"ids": [issue.id for issue in own], "grams": [array_text(grams_of(issue.title)) for issue in own]}
        await connection.execute(_WRITTEN, {"workspace_id": workspace_id, **given})


async def rewrite_words(connection: AsyncConnection, changes: Iterable[tuple[Issue, Issue]]) -> None:
    """Stores the words of issues with another title or description; `changes` are issues before and after."""
    changed = [
        after for before, after in changes if (before.title, before.description) != (after.title, after.description)
    ]
    await write_words(connection, changed)


class SqlIssueRepository(SqlParentRepository[Issue]):
    table = IssueRow
    entity = Issue
    guests = GuestRule.of_areas(IssueRow.workspace_id, IssueRow.project_id)
    conflicts = {
        "fk_issue_workspace_id_parent_id": (
            "id",
            "This issue has sub-issues. Move or permanently delete them first.",
        )
    }

    async def add_all(self, entities: Collection[Issue]) -> None:
        await super().add_all(entities)
        count_added(self._sizes, entities)
        await write_words(self._connection, entities)

    async def save(self, before: Issue, after: Issue) -> None:
        await super().save(before, after)
        count_changed(self._sizes, before, after)
        await rewrite_words(self._connection, [(before, after)])

    async def remove(self, entity: Issue) -> None:
        await super().remove(entity)
        self._sizes.change(lists_of(entity), -1)

    async def assignee_ids(self, issue: Issue) -> frozenset[str]:
        statement = select(IssueAssigneeRow.user_id).where(*_links_of(IssueAssigneeRow, issue))
        return frozenset(await self._connection.scalars(statement))

    async def label_ids(self, issue: Issue) -> frozenset[str]:
        statement = select(IssueLabelRow.label_id).where(*_links_of(IssueLabelRow, issue))
        return frozenset(await self._connection.scalars(statement))

    async def assign(self, issue: Issue, *, add: Collection[str], remove: Collection[str]) -> None:
        await self._relink(IssueAssigneeRow, "user_id", issue, add, remove)

    async def label(self, issue: Issue, *, add: Collection[str], remove: Collection[str]) -> None:
        await self._relink(IssueLabelRow, "label_id", issue, add, remove)

    async def lock_tree(self, workspace_id: str) -> None:
        await self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(workspace_id, 0))))

    async def ancestor_ids(self, issue: Issue) -> frozenset[str]:
        parents = select(IssueRow.parent_id).where(IssueRow.workspace_id == issue.workspace_id)
        above = parents.where(IssueRow.id == issue.id).cte("above", recursive=True)
        above = above.union(parents.join(above, IssueRow.id == above.c.parent_id))
        statement = select(above.c.parent_id).where(above.c.parent_id.is_not(None))
        return frozenset(await self._connection.scalars(statement))

    async def purge(self, issue: Issue) -> None:
        for links in (IssueAssigneeRow, IssueLabelRow):
            await self._connection.execute(delete(links).where(*_links_of(links, issue)))
        await self.remove(issue)

    async def detach_label(self, label: Label) -> int:
        links = (IssueLabelRow.workspace_id == label.workspace_id) & (IssueLabelRow.label_id == label.id)
        return (await self._connection.execute(delete(IssueLabelRow).where(links))).rowcount

    async def exceed_in_state(self, state: State, *, most: int) -> bool:
        return await self._exceed(_is_in_state(state), most)

    async def move_all(self, source: State, target: State, *, now: datetime) -> int:
        return await self._move(_is_in_state(source), target, now)

    async def fix_in_state(self, run: BatchRun) -> int:
        is_in = (IssueRow.workspace_id == run.workspace_id) & (IssueRow.state_id == run.subject_id)
        return await fix_rows(self._connection, run, IssueRow.id, is_in)

    async def move(self, ids: Sequence[str], source: State, target: State, *, now: datetime) -> int:
        return await self._move(await self._locked(ids, _is_in_state(source)), target, now)

    async def exceed_in_milestone(self, milestone: Milestone, *, most: int) -> bool:
        return await self._exceed(_is_planned_for(milestone), most)

    async def replan(self, source: Milestone, target: Milestone, *, now: datetime) -> int:
        return await self._replan(_is_planned_for(source), source, target, now)

    async def fix_in_milestone(self, run: BatchRun) -> int:
        is_planned = (IssueRow.workspace_id == run.workspace_id) & (IssueRow.milestone_id == run.subject_id)
        return await fix_rows(self._connection, run, IssueRow.id, is_planned)

    async def replan_some(self, ids: Sequence[str], source: Milestone, target: Milestone, *, now: datetime) -> int:
        wanted = await self._locked(ids, _is_planned_for(source))
        return await self._replan(wanted, source, target, now)

    async def _exceed(self, condition: ColumnElement[bool], most: int) -> bool:
        some = select(IssueRow.id).where(condition).limit(most + 1).subquery()
        return bool((await self._connection.execute(select(func.count() > most).select_from(some))).scalar_one())

    async def _locked(self, ids: Sequence[str], condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """Condition for those of the issues that meet it, locked in ID order."""
        wanted = condition & (IssueRow.id == any_(bindparam(None, list(ids), ARRAY(Text))))
        locked = select(IssueRow.id).where(wanted).order_by(IssueRow.id).with_for_update(key_share=True)
        await self._connection.execute(locked)
        return wanted

    async def _move(self, condition: ColumnElement[bool], target: State, now: datetime) -> int:
        completed_at = func.coalesce(IssueRow.completed_at, now) if target.category.is_closed else None
        values = {"state_id": target.id, "completed_at": completed_at, "updated_at": now}
        return (await self._connection.execute(update(IssueRow).where(condition).values(values))).rowcount

    async def _replan(self, condition: ColumnElement[bool], source: Milestone, target: Milestone, now: datetime) -> int:
        values = {"milestone_id": target.id, "updated_at": now}
        moved = update(IssueRow).where(condition).values(values)
        lifecycles = Counter(await self._connection.scalars(moved.returning(IssueRow.lifecycle)))
        for lifecycle, count in lifecycles.items():
            self._sizes.change([ListKey(source.workspace_id, source.id, lifecycle)], -count)
            self._sizes.change([ListKey(target.workspace_id, target.id, lifecycle)], count)
        return lifecycles.total()

    async def ids_in(self, project: Project, *, most: int) -> Sequence[str]:
        newest = select(IssueRow.id).where(_are_in(project)).order_by(IssueRow.id.desc()).limit(most)
        return list(await self._connection.scalars(newest))

    async def fix_in_project(self, run: BatchRun) -> int:
        is_in = (IssueRow.workspace_id == run.workspace_id) & (IssueRow.project_id == run.subject_id)
        # Sub-issues are mostly newer than their parent, and are deleted with it or before it.
        return await fix_rows(self._connection, run, IssueRow.id, is_in, is_newest_first=True)

    async def delete(self, workspace_id: str, project_id: str, ids: Sequence[str], *, now: datetime) -> Sequence[Event]:
        return await delete_issues(self._connection, self._sizes, workspace_id, project_id, ids, now=now)

    async def clear(self, project: Project) -> None:
        await clear_project(self._connection, self._sizes, project)

    async def purges(self, workspace_id: str, project_id: str, ids: Sequence[str]) -> Sequence[Event]:
        return await unrecorded_purges(self._connection, workspace_id, project_id, ids)

    async def _relink(
        self,
        links: type[IssueAssigneeRow] | type[IssueLabelRow],
        other: str,
        issue: Issue,
        add: Collection[str],
        remove: Collection[str],
    ) -> None:
        if remove:
            gone = (*_links_of(links, issue), getattr(links, other).in_(remove))
            await self._guarded(delete(links).where(*gone))
        if add:
            link = {"workspace_id": issue.workspace_id, "issue_id": issue.id}
            await self._guarded(insert(links), [link | {other: other_id} for other_id in sorted(add)])


def _links_of(links: type[IssueAssigneeRow] | type[IssueLabelRow], issue: Issue) -> tuple[ColumnElement[bool], ...]:
    return (links.workspace_id == issue.workspace_id, links.issue_id == issue.id)


def _are_in(project: Project) -> ColumnElement[bool]:
    return (IssueRow.workspace_id == project.workspace_id) & (IssueRow.project_id == project.id)


def _is_in_state(state: State) -> ColumnElement[bool]:
    return (IssueRow.workspace_id == state.workspace_id) & (IssueRow.state_id == state.id)


def _is_planned_for(milestone: Milestone) -> ColumnElement[bool]:
    return (IssueRow.workspace_id == milestone.workspace_id) & (IssueRow.milestone_id == milestone.id)
