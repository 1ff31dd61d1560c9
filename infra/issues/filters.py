from sqlalchemy import ColumnElement, FromClause, Text, bindparam, func, literal_column

from domain.issues.queries import IssueFilter
from infra.accounts.filters import USER_FILTERS
from infra.accounts.tables import UserRow
from infra.db.filters import Filters, ToFew, ToMany, ToOne
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow, words_of
from infra.labels.filters import LABEL_FILTERS
from infra.labels.tables import LabelRow
from infra.milestones.filters import MILESTONE_FILTERS
from infra.milestones.tables import MilestoneRow
from infra.projects.filters import PROJECT_FILTERS, STATE_FILTERS
from infra.projects.tables import ProjectRow, StateRow


def _has_words(text: str, issues: FromClause) -> ColumnElement[bool]:
    wanted = func.websearch_to_tsquery(literal_column("'simple'::regconfig"), bindparam(None, text, Text))
    return words_of(issues.c.title, issues.c.description).bool_op("@@")(wanted)


_SCALARS = (
    "id",
    "identifier",
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

ISSUE_FILTERS = Filters(
    of=IssueFilter,
    scalars={name: getattr(IssueRow, name) for name in _SCALARS},
    to_one={
        "state": ToFew(IssueRow.state_id, StateRow.id, STATE_FILTERS, StateRow.workspace_id),
        "project": ToFew(IssueRow.project_id, ProjectRow.id, PROJECT_FILTERS, ProjectRow.workspace_id),
        "milestone": ToFew(IssueRow.milestone_id, MilestoneRow.id, MILESTONE_FILTERS, MilestoneRow.workspace_id),
        "creator": ToOne(IssueRow.creator_id, UserRow.id, USER_FILTERS),
    },
    to_many={
        "assignees": ToMany(
            IssueRow.id,
            IssueAssigneeRow.issue_id,
            ToOne(IssueAssigneeRow.user_id, UserRow.id, USER_FILTERS),
        ),
        "labels": ToMany(
            IssueRow.id,
            IssueLabelRow.issue_id,
            ToFew(IssueLabelRow.label_id, LabelRow.id, LABEL_FILTERS, LabelRow.workspace_id),
        ),
    },
    own={"text": _has_words},
)
