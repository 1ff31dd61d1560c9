from collections.abc import Collection
from datetime import datetime

from sqlalchemy import String, cast, delete, exists, func, insert, select, update

from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from infra.db.repository import SqlTenantRepository
from infra.db.visibility import GuestRule
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow


class SqlIssueRepository(SqlTenantRepository[Issue]):
    table = IssueRow
    entity = Issue
    guests = GuestRule.of_areas(IssueRow.workspace_id, IssueRow.project_id)
    conflicts = {"fk_issue_parent_id": ("id", "This issue has sub-issues. Move or permanently delete them first.")}

    async def assignee_ids(self, issue_id: str) -> frozenset[str]:
        statement = select(IssueAssigneeRow.user_id).where(IssueAssigneeRow.issue_id == issue_id)
        return frozenset(await self._connection.scalars(statement))

    async def label_ids(self, issue_id: str) -> frozenset[str]:
        statement = select(IssueLabelRow.label_id).where(IssueLabelRow.issue_id == issue_id)
        return frozenset(await self._connection.scalars(statement))

    async def assign(self, issue_id: str, *, add: Collection[str], remove: Collection[str]) -> None:
        await self._relink(IssueAssigneeRow, "user_id", issue_id, add, remove)

    async def label(self, issue_id: str, *, add: Collection[str], remove: Collection[str]) -> None:
        await self._relink(IssueLabelRow, "label_id", issue_id, add, remove)

    async def lock_tree(self, workspace_id: str) -> None:
        await self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(workspace_id, 0))))

    async def ancestor_ids(self, issue_id: str) -> frozenset[str]:
        above = select(IssueRow.parent_id).where(IssueRow.id == issue_id).cte("above", recursive=True)
        above = above.union(select(IssueRow.parent_id).join(above, IssueRow.id == above.c.parent_id))
        statement = select(above.c.parent_id).where(above.c.parent_id.is_not(None))
        return frozenset(await self._connection.scalars(statement))

    async def purge(self, issue: Issue) -> None:
        for links in (IssueAssigneeRow, IssueLabelRow):
            await self._connection.execute(delete(links).where(links.issue_id == issue.id))
        await self.remove(issue)

    async def detach_label(self, label: Label) -> int:
        detached = delete(IssueLabelRow).where(IssueLabelRow.label_id == label.id)
        return (await self._connection.execute(detached)).rowcount

    async def move_all(self, source: State, target: State, *, now: datetime) -> int:
        completed_at = func.coalesce(IssueRow.completed_at, now) if target.category.is_closed else None
        values = {"state_id": target.id, "completed_at": completed_at, "updated_at": now}
        moved = update(IssueRow).where(IssueRow.state_id == source.id).values(values)
        return (await self._connection.execute(moved)).rowcount

    async def replan(self, source: Milestone, target: Milestone, *, now: datetime) -> int:
        values = {"milestone_id": target.id, "updated_at": now}
        moved = update(IssueRow).where(IssueRow.milestone_id == source.id).values(values)
        return (await self._connection.execute(moved)).rowcount

    async def exist_in(self, project_id: str) -> bool:
        found = await self._connection.execute(select(exists().where(IssueRow.project_id == project_id)))
        return bool(found.scalar_one())

    async def rename_all(self, project: Project) -> None:
        identifier = func.concat(project.key, "-", cast(IssueRow.number, String))
        renamed = update(IssueRow).where(IssueRow.project_id == project.id).values(identifier=identifier)
        await self._connection.execute(renamed)

    async def _relink(
        self,
        links: type[IssueAssigneeRow] | type[IssueLabelRow],
        other: str,
        issue_id: str,
        add: Collection[str],
        remove: Collection[str],
    ) -> None:
        if remove:
            gone = (links.issue_id == issue_id) & getattr(links, other).in_(remove)
            await self._guarded(delete(links).where(gone))
        if add:
            rows = [{"issue_id": issue_id, other: other_id} for other_id in sorted(add)]
            await self._guarded(insert(links), rows)
