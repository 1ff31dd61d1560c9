from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from sqlalchemy import Select, bindparam, select

from domain.accounts.model import User
from domain.issues.model import Issue
from domain.issues.queries import IssueOrder, IssueParent, IssueQuery
from domain.labels.model import Label
from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT, DEFAULT_NESTED, Page, PageRequest
from infra.accounts.tables import UserRow
from infra.db.entities import builder_of, columns_of
from infra.db.read import ReadSession
from infra.db.reader import EntityList, EntityTable, among_ids
from infra.db.visibility import GuestRule, guest_visibility
from infra.issues.filters import ISSUE_FILTERS, ISSUE_FILTERS_OF_GUESTS
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow
from infra.labels.tables import LabelRow

_OF_GUESTS = GuestRule.of_projects(IssueRow.workspace_id, IssueRow.project_id)
_ISSUES = EntityTable(
    IssueRow,
    Issue,
    orders=IssueOrder,
    columns={order: getattr(IssueRow, order.value) for order in IssueOrder},
    filters=ISSUE_FILTERS,
    visible_by=IssueRow.workspace_id,
    guests=_OF_GUESTS,
    guest_filters=ISSUE_FILTERS_OF_GUESTS,
)
_BY_IDENTIFIER = _ISSUES.select.where(
    IssueRow.workspace_id == bindparam("workspace_id"), IssueRow.identifier == bindparam("identifier")
)
_BY_IDENTIFIER_OF_GUESTS = _BY_IDENTIFIER.where(_OF_GUESTS.anywhere)
_ASSIGNEES = (
    select(IssueAssigneeRow.issue_id, *columns_of(UserRow, User))
    .join(UserRow, UserRow.id == IssueAssigneeRow.user_id)
    .where(among_ids(IssueAssigneeRow.issue_id))
    .order_by(UserRow.name, UserRow.id)
)
_LABELS = (
    select(IssueLabelRow.issue_id, *columns_of(LabelRow, Label))
    .join(LabelRow, LabelRow.id == IssueLabelRow.label_id)
    .where(among_ids(IssueLabelRow.issue_id))
    .order_by(LabelRow.name, LabelRow.id)
)
_build_user = builder_of(User, start=1)
_build_label = builder_of(Label, start=1)


def _issues_of(parent: IssueParent, *, includes_archived: bool, is_trash: bool) -> EntityList[Issue, IssueOrder]:
    conditions = [IssueRow.trashed_at.is_not(None) if is_trash else IssueRow.trashed_at.is_(None)]
    if not includes_archived:
        conditions.append(IssueRow.archived_at.is_(None))
    return _ISSUES.under(
        getattr(IssueRow, parent.value),
        *conditions,
        name=f"issues by {parent.value}, {includes_archived=}, {is_trash=}",
        default=DEFAULT if parent == IssueParent.WORKSPACE else DEFAULT_NESTED,
    )


_ISSUES_OF = {
    (parent, includes_archived, is_trash): _issues_of(parent, includes_archived=includes_archived, is_trash=is_trash)
    for parent, includes_archived, is_trash in product(IssueParent, (False, True), (False, True))
}


class SqlIssueReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, Issue]:
        return await _ISSUES.by_ids(self._reads, actor, ids)

    async def by_identifier(self, actor: Actor, workspace_id: str, identifier: str) -> Issue | None:
        named = {"workspace_id": workspace_id, "identifier": identifier}
        if actor.is_guest:
            rows = await self._reads.fetch(_BY_IDENTIFIER_OF_GUESTS, **named, **guest_visibility(actor))
        else:
            rows = await self._reads.fetch(_BY_IDENTIFIER, **named)
        return _ISSUES.build(rows[0]) if rows else None

    async def pages_of(
        self, actor: Actor, parent: IssueParent, parent_ids: Sequence[str], query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[Issue]]:
        issues = _ISSUES_OF[parent, query.includes_archived, query.is_trash]
        return await issues.pages(self._reads, actor, parent_ids, filter=query.filter, sort=query.sort, request=request)

    async def assignees_of(self, issue_ids: Sequence[str]) -> Sequence[Sequence[User]]:
        return await self._linked(_ASSIGNEES, issue_ids, _build_user)

    async def labels_of(self, issue_ids: Sequence[str]) -> Sequence[Sequence[Label]]:
        return await self._linked(_LABELS, issue_ids, _build_label)

    async def _linked(
        self, statement: Select[Any], issue_ids: Sequence[str], build: Callable[[Sequence[Any]], Any]
    ) -> Sequence[Sequence[Any]]:
        found: dict[str, list[Any]] = {issue_id: [] for issue_id in issue_ids}
        for row in await self._reads.fetch(statement, ids=list(found)):
            found[row[0]].append(build(row))
        return [found[issue_id] for issue_id in issue_ids]
