"""Issues that refer to a workflow state, milestone or label, for deletions that put another one in its place."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, NamedTuple

from sqlalchemy import ColumnElement, Text, and_, column, exists, func, or_, select

from domain.issues.events import IssueUpdated
from domain.issues.model import Issue
from domain.issues.ports import LinkKind
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import State
from domain.shared.batches import BatchRun
from domain.shared.events import Event, FieldChange
from domain.shared.replacements import R
from infra.batches.repository import fix_rows
from infra.db.arrays import among_values, texts
from infra.db.list_sizes import ListSizes
from infra.db.visibility import in_workspace
from infra.db.write_connection import Connection
from infra.issues.repository import SqlIssueRepository
from infra.issues.tables import IssueLabelRow, IssueRow
from infra.labels.tables import LabelRow
from infra.milestones.tables import MilestoneRow
from infra.projects.tables import StateRow


class ReferenceColumns(NamedTuple):
    """Columns of the table in which issues refer to entities of one kind."""

    issue_id: Any
    workspace_id: Any
    entity_id: Any


class SqlIssueReferences(ABC, Generic[R]):
    """Issues that refer to entities of one kind."""

    columns: ClassVar[ReferenceColumns]
    entities: ClassVar[Any]
    """Table of the entities."""

    def __init__(self, connection: Connection, sizes: ListSizes) -> None:
        self._connection = connection
        self._issues = SqlIssueRepository(connection, sizes)

    async def ids(self, entity: R, *, most: int) -> Sequence[str]:
        some = select(self.columns.issue_id).where(self._referring_to(entity.workspace_id, entity.id)).limit(most)
        return list(await self._connection.scalars(some))

    async def used(self, workspace_id: str, ids: Collection[str]) -> frozenset[str]:
        given = func.unnest(texts("ids")).table_valued(column("id", Text)).render_derived("given")
        referred = exists().where(in_workspace(self.columns.workspace_id), self.columns.entity_id == given.c.id)
        replacing = exists().where(in_workspace(self.entities.workspace_id), self.entities.replaced_by_id == given.c.id)
        found = select(given.c.id).where(or_(referred, replacing))
        params = {"workspace_id": workspace_id, "ids": list(ids)}
        return frozenset(await self._connection.scalars(found, params)) if ids else frozenset()

    async def fix(self, run: BatchRun) -> int:
        referring = self._referring_to(run.workspace_id, run.subject_id)
        return await fix_rows(self._connection, run, self.columns.issue_id, referring)

    async def replace(self, ids: Sequence[str], entity: R, target: R | None, *, now: datetime) -> Sequence[Event]:
        # Locked in the order of IDs, as other writers do. Issues that others have changed since are read as they are.
        among_these = (IssueRow.workspace_id == entity.workspace_id) & among_values(IssueRow.id, ids)
        issues = await self._issues.where(among_these, for_update=True)
        changes = await self._changed(issues, entity, target, now)
        await self._issues.save_all([(before, after) for before, after, _ in changes])
        return [IssueUpdated.between(before, after, **links) for before, after, links in changes]

    @abstractmethod
    async def _changed(
        self, issues: Sequence[Issue], entity: R, target: R | None, now: datetime
    ) -> list[tuple[Issue, Issue, dict[str, FieldChange]]]:
        """Issues that refer to the entity, before and after the change, with changes of links."""

    def _referring_to(self, workspace_id: str, entity_id: str) -> ColumnElement[bool]:
        return and_(self.columns.workspace_id == workspace_id, self.columns.entity_id == entity_id)


class SqlStateReferences(SqlIssueReferences[State]):
    entities = StateRow
    columns = ReferenceColumns(IssueRow.id, IssueRow.workspace_id, IssueRow.state_id)

    async def _changed(
        self, issues: Sequence[Issue], entity: State, target: State | None, now: datetime
    ) -> list[tuple[Issue, Issue, dict[str, FieldChange]]]:
        assert target is not None  # each issue has a state
        return [(issue, issue.moved_to(target, now=now), {}) for issue in issues if issue.state_id == entity.id]


class SqlMilestoneReferences(SqlIssueReferences[Milestone]):
    entities = MilestoneRow
    columns = ReferenceColumns(IssueRow.id, IssueRow.workspace_id, IssueRow.milestone_id)

    async def _changed(
        self, issues: Sequence[Issue], entity: Milestone, target: Milestone | None, now: datetime
    ) -> list[tuple[Issue, Issue, dict[str, FieldChange]]]:
        return [(issue, issue.planned_for(target, now=now), {}) for issue in issues if issue.milestone_id == entity.id]


class SqlLabelReferences(SqlIssueReferences[Label]):
    entities = LabelRow
    columns = ReferenceColumns(IssueLabelRow.issue_id, IssueLabelRow.workspace_id, IssueLabelRow.label_id)

    async def _changed(
        self, issues: Sequence[Issue], entity: Label, target: Label | None, now: datetime
    ) -> list[tuple[Issue, Issue, dict[str, FieldChange]]]:
        added = frozenset[str]() if target is None else frozenset((target.id,))
        before = (await self._issues.links_of(issues, [LinkKind.LABELS]))[LinkKind.LABELS]
        changes = {issue_id: (ids, ids - {entity.id} | added) for issue_id, ids in before.items() if entity.id in ids}
        await self._issues.relink_all(entity.workspace_id, {LinkKind.LABELS: changes})
        return [
            (issue, issue.touched(now=now), {"labels": FieldChange(before=sorted(old), after=sorted(new))})
            for issue in issues
            if issue.id in changes
            for old, new in (changes[issue.id],)
        ]
