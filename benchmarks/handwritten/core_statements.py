"""The statements of `statements.py` in SQLAlchemy Core."""

from sqlalchemy import ARRAY, Integer, Text, any_, bindparam, cast, exists, func, select, text, true

from benchmarks.handwritten import statements
from infra.accounts.tables import UserRow
from infra.comments.tables import CommentRow
from infra.issues.tables import IssueAssigneeRow, IssueLabelRow, IssueRow
from infra.labels.tables import LabelRow
from infra.projects.tables import ProjectRow, StateRow
from infra.workspaces.tables import MemberRow, WorkspaceRow

VIEWER = select(UserRow.id, UserRow.name).where(UserRow.id == bindparam("viewer"))
_SEEN = (
    select(WorkspaceRow.id)
    .join(MemberRow, MemberRow.workspace_id == WorkspaceRow.id)
    .where(WorkspaceRow.slug == bindparam("slug"), MemberRow.user_id == bindparam("viewer"))
    .scalar_subquery()
)
_OF_ISSUE = (ProjectRow.workspace_id == IssueRow.workspace_id, ProjectRow.id == IssueRow.project_id)
_IDENTIFIER = func.concat(select(ProjectRow.key).where(*_OF_ISSUE).scalar_subquery(), "-", IssueRow.number)
_NAMED = bindparam("identifier", type_=Text)
_WITH_KEY = select(ProjectRow.id).where(
    ProjectRow.workspace_id == _SEEN, ProjectRow.key == func.split_part(_NAMED, "-", 1)
)
_HAS_IDENTIFIER = (
    IssueRow.project_id == _WITH_KEY.scalar_subquery(),
    IssueRow.number == cast(func.split_part(_NAMED, "-", 2), Integer),
)
_STATE = (StateRow.id, StateRow.name, StateRow.category)
_CREATOR = (UserRow.id, UserRow.name)
_ALIVE = (IssueRow.workspace_id == _SEEN, IssueRow.lifecycle == 0)
_NEWEST = (IssueRow.created_at.desc(), IssueRow.id.desc())
REFERENCE = (
    select(
        IssueRow.id,
        func.concat(ProjectRow.key, "-", IssueRow.number),
        IssueRow.title,
        IssueRow.priority,
        IssueRow.created_at,
        IssueRow.due_date,
        *_STATE,
        ProjectRow.id,
        ProjectRow.key,
        ProjectRow.name,
        *_CREATOR,
        IssueRow.workspace_id,
    )
    .join(StateRow, (StateRow.workspace_id == IssueRow.workspace_id) & (StateRow.id == IssueRow.state_id))
    .join(ProjectRow, (ProjectRow.workspace_id == IssueRow.workspace_id) & (ProjectRow.id == IssueRow.project_id))
    .join(UserRow, UserRow.id == IssueRow.creator_id)
    .where(*_ALIVE)
    .order_by(*_NEWEST)
    .limit(bindparam("most"))
)
ISSUE = (
    select(
        IssueRow.id,
        _IDENTIFIER,
        IssueRow.title,
        IssueRow.description,
        IssueRow.priority,
        *_STATE,
        *_CREATOR,
        IssueRow.workspace_id,
    )
    .join(StateRow, (StateRow.workspace_id == IssueRow.workspace_id) & (StateRow.id == IssueRow.state_id))
    .join(UserRow, UserRow.id == IssueRow.creator_id)
    .where(IssueRow.workspace_id == _SEEN, *_HAS_IDENTIFIER)
)
FILTERED = (
    select(
        IssueRow.id,
        _IDENTIFIER,
        IssueRow.title,
        IssueRow.priority,
        IssueRow.updated_at,
        *_STATE,
        IssueRow.workspace_id,
    )
    .join(StateRow, (StateRow.workspace_id == IssueRow.workspace_id) & (StateRow.id == IssueRow.state_id))
    .where(
        *_ALIVE,
        StateRow.category == bindparam("category"),
        IssueRow.priority.in_(bindparam("priorities", expanding=True)),
        exists()
        .where(IssueLabelRow.workspace_id == IssueRow.workspace_id, IssueLabelRow.issue_id == IssueRow.id)
        .where(LabelRow.workspace_id == IssueRow.workspace_id, LabelRow.id == IssueLabelRow.label_id)
        .where(LabelRow.name == bindparam("label")),
    )
    .order_by(IssueRow.updated_at.desc(), IssueRow.created_at.desc(), IssueRow.id.desc())
    .limit(bindparam("most"))
)
NESTED = (
    select(IssueRow.id, IssueRow.title, IssueRow.workspace_id)
    .where(*_ALIVE)
    .order_by(*_NEWEST)
    .limit(bindparam("most"))
)
_WORKSPACE = bindparam("workspace", type_=Text)
_IDS = bindparam("ids", type_=ARRAY(Text))
ASSIGNEES = (
    select(IssueAssigneeRow.issue_id, UserRow.id, UserRow.name)
    .join(UserRow, UserRow.id == IssueAssigneeRow.user_id)
    .where(IssueAssigneeRow.workspace_id == _WORKSPACE, IssueAssigneeRow.issue_id == any_(_IDS))
    .order_by(UserRow.name, UserRow.id)
)
LABELS = (
    select(IssueLabelRow.issue_id, LabelRow.id, LabelRow.name, LabelRow.color)
    .join(LabelRow, (LabelRow.workspace_id == IssueLabelRow.workspace_id) & (LabelRow.id == IssueLabelRow.label_id))
    .where(IssueLabelRow.workspace_id == _WORKSPACE, IssueLabelRow.issue_id == any_(_IDS))
    .order_by(LabelRow.name, LabelRow.id)
)
_PARENT = func.unnest(_IDS).table_valued("id").render_derived("parent")
_FIRST = (
    select(CommentRow.id, CommentRow.body, CommentRow.created_at, CommentRow.author_id)
    .where(CommentRow.workspace_id == _WORKSPACE, CommentRow.issue_id == _PARENT.c.id)
    .order_by(CommentRow.created_at, CommentRow.id)
    .limit(bindparam("most"))
    .lateral("page")
)
_COUNTED = (
    select(func.count().label("total"))
    .where(CommentRow.workspace_id == _WORKSPACE, CommentRow.issue_id == _PARENT.c.id)
    .lateral("counted")
)
_IN_ORDER = (_PARENT.c.id, _FIRST.c.created_at, _FIRST.c.id)
COMMENTS = (
    select(_PARENT.c.id, _COUNTED.c.total, _FIRST.c.id, _FIRST.c.body, _FIRST.c.created_at, UserRow.id, UserRow.name)
    .select_from(_PARENT.join(_COUNTED, true()).join(_FIRST, true()).join(UserRow, UserRow.id == _FIRST.c.author_id))
    .order_by(*_IN_ORDER)
)
SHORT_COMMENTS = (
    select(_PARENT.c.id, _FIRST.c.id, _FIRST.c.body, UserRow.name)
    .select_from(_PARENT.join(_FIRST, true()).join(UserRow, UserRow.id == _FIRST.c.author_id))
    .order_by(*_IN_ORDER)
)
UPDATE = text(statements.UPDATE.replace("$1", ":viewer").replace("$2", ":id").replace("$3", ":title"))
