from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR, array
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import Grouping

from domain.issues.lifecycles import Lifecycle
from domain.issues.priorities import Priority
from domain.issues.queries import COVERED_LISTS, INDEXED_ORDERS, IssueOrder
from infra.accounts.tables import UserRow
from infra.db.base import MANY_ROWS, Base, Id, NumberedEnum, in_same_workspace
from infra.db.filters import normalized
from infra.labels.tables import LabelRow
from infra.milestones.tables import MilestoneRow
from infra.projects.tables import ProjectRow, StateRow
from infra.workspaces.tables import WorkspaceRow

WORDS_CONFIGURATION = text("'simple'::regconfig")
_LIFECYCLE = (
    f"CASE WHEN trashed_at IS NOT NULL THEN {Lifecycle.TRASHED:d} "
    f"WHEN archived_at IS NOT NULL THEN {Lifecycle.ARCHIVED:d} ELSE {Lifecycle.ACTIVE:d} END"
)


def _list_indexes() -> Iterator[Index]:
    """An index for each order in `INDEXED_ORDERS`. Only some issues have a milestone or a parent."""
    for parent, orders in INDEXED_ORDERS.items():
        above = [] if parent == "workspace_id" else [parent]
        for order in orders:
            keys = dict.fromkeys([*order, "created_at", "id"])
            options: dict[str, Any] = {}
            if parent in COVERED_LISTS:
                others = [by.value for by in IssueOrder if by not in keys]
                options = {"postgresql_where": text(f"{parent} IS NOT NULL"), "postgresql_include": others}
            name = f"ix_issue_{parent.removesuffix('_id')}_{'_'.join(order)}"
            yield Index(name, "workspace_id", *above, "lifecycle", *keys, **options)


class IssueRow(Base):
    """An issue. `lifecycle` follows the parent in each list index, so that the trash is one range of it."""

    __tablename__ = "issue"
    __table_args__ = (
        UniqueConstraint("workspace_id", "project_id", "number"),
        in_same_workspace("project_id", of=ProjectRow),
        in_same_workspace("project_id", "state_id", of=StateRow, to=("project_id", "id")),
        in_same_workspace("project_id", "milestone_id", of=MilestoneRow, to=("project_id", "id")),
        ForeignKeyConstraint(["workspace_id", "parent_id"], ["issue.workspace_id", "issue.id"]),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("parent_id <> id", name="parent_other"),
        CheckConstraint("(external_source IS NULL) = (external_key IS NULL)", name="external_whole"),
        Index(None, "workspace_id", "state_id"),
        Index(None, "creator_id", "workspace_id", "project_id"),
        *_list_indexes(),
        MANY_ROWS,
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    project_id: Mapped[Id]
    number: Mapped[int]
    title: Mapped[str]
    description: Mapped[str]
    state_id: Mapped[Id]
    priority: Mapped[Priority] = mapped_column(NumberedEnum(Priority))
    creator_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    milestone_id: Mapped[Id | None]
    parent_id: Mapped[Id | None]
    start_date: Mapped[date | None]
    due_date: Mapped[date | None]
    estimate: Mapped[int | None]
    external_source: Mapped[str | None]
    external_key: Mapped[str | None]
    comment_count: Mapped[int]
    completed_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    trashed_at: Mapped[datetime | None]
    lifecycle: Mapped[Lifecycle] = mapped_column(NumberedEnum(Lifecycle), Computed(_LIFECYCLE, persisted=True))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


def in_lifecycle(lifecycle: Lifecycle) -> ColumnElement[bool]:
    # A literal, because PostgreSQL keeps no plan for a value that it does not know.
    return IssueRow.lifecycle == literal_column(f"{lifecycle:d}")


class IssueWordsRow(Base):
    """Words of an issue's title and description, and trigrams of its title (`infra/db/grams.py`), for searching.

    They have a table of their own because an update of a row writes all of its index entries again, and most updates
    of issues leave title and description unchanged.
    """

    __tablename__ = "issue_words"
    __table_args__ = (in_same_workspace("issue_id", of=IssueRow, ondelete="CASCADE"), MANY_ROWS)

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    issue_id: Mapped[Id] = mapped_column(primary_key=True)
    words: Mapped[Any] = mapped_column(TSVECTOR)
    title_grams: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")))


def words_of(title: Any, description: Any) -> ColumnElement[Any]:
    """The words of an issue; the description is stored unnormalized."""
    return func.to_tsvector(WORDS_CONFIGURATION, title.op("||")(text("' '")).op("||")(normalized(description)))


# With the workspace as an array, a search reads only entries of its own workspace: 1.5 instead of 38 ms for a word
# that 250 issues of a workspace and 51,000 others have. The list of pending entries is short because each search reads
# it, and the write that fills it empties it: 0.5 s at the default of 4 MB.
Index(
    "ix_issue_words",
    Grouping(array([IssueWordsRow.__table__.c.workspace_id])),
    IssueWordsRow.__table__.c.words,
    IssueWordsRow.__table__.c.title_grams,
    postgresql_using="gin",
    postgresql_with={"gin_pending_list_limit": 256},
)


class IssueAssigneeRow(Base):
    __tablename__ = "issue_assignee"
    __table_args__ = (
        in_same_workspace("issue_id", of=IssueRow),
        Index(None, "user_id", "workspace_id", "issue_id"),
        MANY_ROWS,
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    issue_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id), primary_key=True)


class IssueLabelRow(Base):
    __tablename__ = "issue_label"
    __table_args__ = (
        in_same_workspace("issue_id", of=IssueRow),
        in_same_workspace("label_id", of=LabelRow),
        Index(None, "workspace_id", "label_id", "issue_id"),
        MANY_ROWS,
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    issue_id: Mapped[Id] = mapped_column(primary_key=True)
    label_id: Mapped[Id] = mapped_column(primary_key=True)


class IssueAliasRow(Base):
    """Number that an issue had in a project until it was moved to another one, and the keys that the project had.

    The keys are the last ones while the issue was in the project, newest first: later keys never named the issue.
    """

    __tablename__ = "issue_alias"
    __table_args__ = (
        in_same_workspace("project_id", of=ProjectRow, ondelete="CASCADE"),
        in_same_workspace("issue_id", of=IssueRow, ondelete="CASCADE"),
        Index(None, "workspace_id", "issue_id", "moved_at"),
        MANY_ROWS,
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    project_id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[Id]
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")))
    moved_at: Mapped[datetime]
