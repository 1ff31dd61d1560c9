from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, and_, bindparam, func, literal_column, select

from domain.issues.queries import IssueFilter
from domain.shared.characters import nfc
from domain.shared.filters import IdComparator, operands_of
from infra.accounts.filters import USER_FILTERS
from infra.accounts.tables import UserRow
from infra.db.filters import Condition, Filters, ToMany, ToOne, ToSmallSet, compare, upper_case
from infra.db.visibility import GuestRule, in_guest_areas, in_workspace
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow, words_of
from infra.labels.filters import LABEL_FILTERS
from infra.labels.tables import LabelRow
from infra.milestones.filters import MILESTONE_FILTERS
from infra.milestones.tables import MilestoneRow
from infra.projects.filters import PROJECT_FILTERS, STATE_FILTERS
from infra.projects.tables import ProjectRow, StateRow


def _has_words(text: str, issues: FromClause) -> ColumnElement[bool]:
    wanted = func.websearch_to_tsquery(literal_column("'simple'::regconfig"), bindparam(None, nfc(text), Text))
    return words_of(issues.c.title, issues.c.description).bool_op("@@")(wanted)


def _is_under_what_guests_see(comparator: Any, issues: FromClause) -> ColumnElement[bool]:
    """Condition on the parent for guests, to whom an issue with a hidden parent has no parent."""
    above = IssueRow.__table__.alias()
    is_seen = in_workspace(above.c.workspace_id) & in_guest_areas(above.c.project_id)
    parent_id = select(above.c.id).where(above.c.id == issues.c.parent_id, is_seen).scalar_subquery()
    condition = compare(parent_id, comparator)
    ids = {name: value for name in ("eq", "in_") if (value := operands_of(comparator).get(name)) is not None}
    # The same IDs once more, of the column, whose index the subquery cannot use.
    return and_(compare(issues.c.parent_id, IdComparator(**ids)), condition) if ids else condition


_SCALARS = (
    "id",
    "number",
    "title",
    "priority",
    "milestone_id",
    "parent_id",
    "start_date",
    "due_date",
    "estimate",
    "completed_at",
    "archived_at",
    "created_at",
    "updated_at",
)

_STATES_OF_GUESTS = GuestRule.of_areas(StateRow.workspace_id, StateRow.project_id)
_PROJECTS_OF_GUESTS = GuestRule.of_areas(ProjectRow.workspace_id, ProjectRow.id)
_MILESTONES_OF_GUESTS = GuestRule.of_areas(MilestoneRow.workspace_id, MilestoneRow.project_id)
_TO_ONE = {
    "state": ToSmallSet(IssueRow.state_id, StateRow.id, STATE_FILTERS, StateRow.workspace_id, _STATES_OF_GUESTS),
    "project": ToSmallSet(
        IssueRow.project_id, ProjectRow.id, PROJECT_FILTERS, ProjectRow.workspace_id, _PROJECTS_OF_GUESTS
    ),
    "milestone": ToSmallSet(
        IssueRow.milestone_id, MilestoneRow.id, MILESTONE_FILTERS, MilestoneRow.workspace_id, _MILESTONES_OF_GUESTS
    ),
    "creator": ToOne(IssueRow.creator_id, UserRow.id, USER_FILTERS),
}
_TO_MANY = {
    "assignees": ToMany(
        IssueRow.id,
        IssueAssigneeRow.issue_id,
        ToOne(IssueAssigneeRow.user_id, UserRow.id, USER_FILTERS),
    ),
    "labels": ToMany(
        IssueRow.id,
        IssueLabelRow.issue_id,
        ToSmallSet(IssueLabelRow.label_id, LabelRow.id, LABEL_FILTERS, LabelRow.workspace_id, None),
    ),
}


def _filters(**own: Condition) -> Filters:
    """Filters of issues; `own` conditions replace the comparison of a column."""
    scalars = {name: getattr(IssueRow, name) for name in _SCALARS if name not in own}
    identifier = upper_case(IssueRow.identifier)
    conditions: Mapping[str, Condition] = {"text": _has_words, "identifier": identifier, **own}
    return Filters(of=IssueFilter, scalars=scalars, to_one=_TO_ONE, to_many=_TO_MANY, own=conditions)


ISSUE_FILTERS = _filters()
ISSUE_FILTERS_OF_GUESTS = _filters(parent_id=_is_under_what_guests_see)
