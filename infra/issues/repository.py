from collections import Counter
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, delete, exists, func, insert, select, update

from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from infra.db.list_sizes import ListKey
from infra.db.repository import SqlParentRepository
from infra.db.visibility import GuestRule
from infra.issues.sizes import count_added, count_changed, lists_of
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow


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

    async def save(self, before: Issue, after: Issue) -> None:
        await super().save(before, after)
        count_changed(self._sizes, before, after)

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

    async def move_all(self, source: State, target: State, *, now: datetime) -> int:
        completed_at = func.coalesce(IssueRow.completed_at, now) if target.category.is_closed else None
        values = {"state_id": target.id, "completed_at": completed_at, "updated_at": now}
        there = (IssueRow.workspace_id == source.workspace_id) & (IssueRow.state_id == source.id)
        moved = update(IssueRow).where(there).values(values)
        return (await self._connection.execute(moved)).rowcount

    async def replan(self, source: Milestone, target: Milestone, *, now: datetime) -> int:
        values = {"milestone_id": target.id, "updated_at": now}
        there = (IssueRow.workspace_id == source.workspace_id) & (IssueRow.milestone_id == source.id)
        moved = update(IssueRow).where(there).values(values)
        lifecycles = Counter(await self._connection.scalars(moved.returning(IssueRow.lifecycle)))
        for lifecycle, count in lifecycles.items():
            self._sizes.change([ListKey(source.workspace_id, source.id, lifecycle)], -count)
            self._sizes.change([ListKey(target.workspace_id, target.id, lifecycle)], count)
        return lifecycles.total()

    async def exist_in(self, project: Project) -> bool:
        found = await self._connection.execute(select(exists().where(_are_in(project))))
        return bool(found.scalar_one())

    async def rename_all(self, project: Project) -> None:
        identifier = func.concat(project.key, "-", cast(IssueRow.number, String))
        renamed = update(IssueRow).where(_are_in(project)).values(identifier=identifier)
        await self._connection.execute(renamed)

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
