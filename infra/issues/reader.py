from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, Text, bindparam, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.accounts.model import User
from domain.issues.identifiers import Identifier
from domain.issues.lifecycles import Lifecycle
from domain.issues.model import Issue
from domain.issues.queries import COVERED_LISTS, INDEXED_ORDERS, IssueOrder, IssueQuery
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project
from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT, DEFAULT_NESTED, Page, PageRequest
from domain.shared.projections import Projection
from domain.workspaces.model import Workspace
from infra.accounts.reader import USER_COLUMNS
from infra.accounts.tables import UserRow
from infra.db.entities import builder_of, columns_of
from infra.db.list_sizes import SizedList
from infra.db.parents import Identified, by_workspace, ids_by_workspace, ids_of, lists_by_workspace
from infra.db.projected import NamedColumns
from infra.db.read import ReadSession
from infra.db.reader import EntityList, EntityTable, ReaderFilters, among_ids
from infra.db.visibility import GuestRule, guest_visibility_in, in_workspace
from infra.issues.aliases import found_by, previous_identifiers
from infra.issues.filters import (
    ACTIVE_FILTERS,
    FILTERS_WITH_ARCHIVED,
    ISSUE_FILTERS,
    ISSUE_FILTERS_OF_GUESTS,
    TRASH_FILTERS,
)
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow, in_lifecycle
from infra.labels.tables import LabelRow

_OF_GUESTS = GuestRule.of_areas(IssueRow.workspace_id, IssueRow.project_id)
NARROWING = (
    "created_at",
    "updated_at",
    "due_date",
    "assignees",
    "labels",
    "parent_id",
    "milestone_id",
    "id",
    "identifier",
)
"""Fields that select few rows by an index, those that people most probably use first."""
_ISSUES = EntityTable(
    IssueRow,
    Issue,
    orders=IssueOrder,
    columns={order: getattr(IssueRow, order.value) for order in IssueOrder},
    filters=ISSUE_FILTERS,
    visible_by=IssueRow.workspace_id,
    guests=_OF_GUESTS,
    guest_filters=ISSUE_FILTERS_OF_GUESTS,
    completed_by=IssueOrder.CREATED_AT,
    indexed=INDEXED_ORDERS,
    covered=COVERED_LISTS,
    narrowing=NARROWING,
)
_NAME = (bindparam("key", type_=Text), bindparam("number", type_=Integer))
_HERE = _ISSUES.select.where(in_workspace(IssueRow.workspace_id))
_BY_IDENTIFIER = _HERE.where(IssueRow.id == found_by(*_NAME, is_guest=False))
_BY_IDENTIFIER_OF_GUESTS = _HERE.where(IssueRow.id == found_by(*_NAME, is_guest=True), _OF_GUESTS.within)
_ASSIGNEES = (
    select(IssueAssigneeRow.issue_id, *columns_of(UserRow, User))
    .join(UserRow, UserRow.id == IssueAssigneeRow.user_id)
    .where(in_workspace(IssueAssigneeRow.workspace_id), among_ids(IssueAssigneeRow.issue_id))
    .order_by(IssueAssigneeRow.issue_id, UserRow.name, UserRow.id)
)
_LABELS = (
    select(IssueLabelRow.issue_id, *columns_of(LabelRow, Label))
    .join(LabelRow, in_workspace(LabelRow.workspace_id) & (LabelRow.id == IssueLabelRow.label_id))
    .where(in_workspace(IssueLabelRow.workspace_id), among_ids(IssueLabelRow.issue_id))
    .order_by(IssueLabelRow.issue_id, LabelRow.name, LabelRow.id)
)
_LABEL_COLUMNS = NamedColumns.of(LabelRow, Label)
_build_user = builder_of(User, start=1)
_build_label = builder_of(Label, start=1)


class _Lists(NamedTuple):
    """The lists of issues under one kind of parent."""

    active: EntityList[Issue, IssueOrder]
    with_archived: EntityList[Issue, IssueOrder]
    trash: EntityList[Issue, IssueOrder]

    def of(self, query: IssueQuery) -> EntityList[Issue, IssueOrder]:
        if query.is_trash:
            return self.trash
        return self.with_archived if query.includes_archived else self.active


def _lists(parent: InstrumentedAttribute[Any], *, default: int = DEFAULT_NESTED) -> _Lists:
    def listed(name: str, filters: ReaderFilters, *lifecycles: Lifecycle) -> EntityList[Issue, IssueOrder]:
        branches = tuple(in_lifecycle(each) for each in lifecycles)
        # Sub-issues may be in projects that a guest does not see.
        sized = SizedList(lifecycles, is_whole_for_guests=parent is not IssueRow.parent_id)
        name = f"{name} by {parent.key}"
        options: dict[str, Any] = {"branches": branches, "sized": sized, "filters": filters}
        return _ISSUES.children_of(parent, or_(*branches), name=name, default=default, **options)

    return _Lists(
        active=listed("issues", ACTIVE_FILTERS, Lifecycle.ACTIVE),
        with_archived=listed("issues, archived too,", FILTERS_WITH_ARCHIVED, Lifecycle.ACTIVE, Lifecycle.ARCHIVED),
        trash=listed("trash", TRASH_FILTERS, Lifecycle.TRASHED),
    )


_OF_WORKSPACES = _lists(IssueRow.workspace_id, default=DEFAULT)
_OF_PROJECTS = _lists(IssueRow.project_id)
_OF_MILESTONES = _lists(IssueRow.milestone_id)
_CHILDREN = _lists(IssueRow.parent_id)


class SqlIssueReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Issue]:
        return await _ISSUES.by_ids(self._reads, actor, ids, projection)

    async def by_identifier(self, actor: Actor, workspace: Workspace, identifier: str) -> Issue | None:
        # No issue has the number 0. The database refuses text that cannot be stored.
        key, number = Identifier.parsed(identifier) or (identifier, 0)
        named = {"workspace_id": workspace.id, "key": key, "number": number}
        await actor.reach_workspaces((workspace.id,))
        if actor.is_guest_in(workspace.id):
            seen = guest_visibility_in(actor, workspace.id)
            rows = await self._reads.fetch(_BY_IDENTIFIER_OF_GUESTS, **named, **seen)
        else:
            rows = await self._reads.fetch(_BY_IDENTIFIER, **named)
        return _ISSUES.build(rows[0]) if rows else None

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        return await self._pages(_OF_WORKSPACES, actor, workspaces, query, request)

    async def of_projects(
        self, actor: Actor, projects: Sequence[Project], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        return await self._pages(_OF_PROJECTS, actor, projects, query, request)

    async def of_milestones(
        self, actor: Actor, milestones: Sequence[Milestone], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        return await self._pages(_OF_MILESTONES, actor, milestones, query, request)

    async def children_of_issues(
        self, actor: Actor, issues: Sequence[Issue], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        return await self._pages(_CHILDREN, actor, issues, query, request)

    async def assignees_of_issues(
        self, actor: Actor, issues: Sequence[Issue], projection: Projection = None
    ) -> Sequence[Sequence[User]]:
        if projection is not None:
            of = IssueAssigneeRow.issue_id
            return await lists_by_workspace(self._reads, issues, _ASSIGNEES, USER_COLUMNS, projection, parent=of)
        return await self._linked(_ASSIGNEES, issues, _build_user)

    async def labels_of_issues(
        self, actor: Actor, issues: Sequence[Issue], projection: Projection = None
    ) -> Sequence[Sequence[Label]]:
        if projection is not None:
            of = IssueLabelRow.issue_id
            return await lists_by_workspace(self._reads, issues, _LABELS, _LABEL_COLUMNS, projection, parent=of)
        return await self._linked(_LABELS, issues, _build_label)

    async def previous_identifiers_of_issues(self, actor: Actor, issues: Sequence[Issue]) -> Sequence[Sequence[str]]:
        found: dict[str, list[str]] = {}
        for group in by_workspace(issues).values():
            found |= await previous_identifiers(self._reads, actor, group)
        return [found[issue.id] for issue in issues]

    async def _pages(
        self, lists: _Lists, actor: Actor, parents: Sequence[Identified], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        return await lists.of(query).pages(
            self._reads, actor, parents, filter=query.filter, sort=query.sort, request=request
        )

    async def _linked(
        self, statement: Select[Any], issues: Sequence[Issue], build: Callable[[Sequence[Any]], Any]
    ) -> Sequence[Sequence[Any]]:
        found: dict[str, list[Any]] = {issue.id: [] for issue in issues}
        for workspace_id, ids in ids_by_workspace(issues, ids_of(issues)).items():
            for row in await self._reads.fetch(statement, workspace_id=workspace_id, ids=ids):
                found[row[0]].append(build(row))
        return [found[issue.id] for issue in issues]
