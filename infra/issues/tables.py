from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.issues.priorities import Priority
from infra.accounts.tables import UserRow
from infra.db.base import Base, Id, Key, NumberedEnum
from infra.db.filters import normalized
from infra.labels.tables import LabelRow
from infra.milestones.tables import MilestoneRow
from infra.projects.tables import ProjectRow, StateRow
from infra.workspaces.tables import WorkspaceRow


class IssueRow(Base):
    """An issue. Each order of its lists has an index, by workspace and by project."""

    __tablename__ = "issue"
    __table_args__ = (
        UniqueConstraint("workspace_id", "identifier"),
        UniqueConstraint("project_id", "number"),
        ForeignKeyConstraint(["project_id", "state_id"], [StateRow.project_id, StateRow.id]),
        ForeignKeyConstraint(["project_id", "milestone_id"], [MilestoneRow.project_id, MilestoneRow.id]),
        CheckConstraint("number > 0", name="number_positive"),
        CheckConstraint("parent_id <> id", name="parent_other"),
        CheckConstraint("(external_source IS NULL) = (external_key IS NULL)", name="external_whole"),
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "workspace_id", "updated_at", "id"),
        Index(None, "workspace_id", "priority", "id"),
        Index(None, "workspace_id", "number", "id"),
        Index(None, "workspace_id", "due_date", "id"),
        Index(None, "project_id", "created_at", "id"),
        Index(None, "project_id", "updated_at", "id"),
        Index(None, "project_id", "priority", "id"),
        Index(None, "project_id", "due_date", "id"),
        Index(None, "state_id"),
        Index(None, "creator_id"),
        Index(None, "milestone_id", "created_at", "id"),
        Index(None, "parent_id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id))
    project_id: Mapped[Id] = mapped_column(ForeignKey(ProjectRow.id))
    number: Mapped[int]
    identifier: Mapped[Key]
    title: Mapped[str]
    description: Mapped[str]
    state_id: Mapped[Id]
    priority: Mapped[Priority] = mapped_column(NumberedEnum(Priority))
    creator_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    milestone_id: Mapped[Id | None]
    parent_id: Mapped[Id | None] = mapped_column(ForeignKey("issue.id"))
    start_date: Mapped[date | None]
    due_date: Mapped[date | None]
    estimate: Mapped[int | None]
    external_source: Mapped[str | None]
    external_key: Mapped[str | None]
    completed_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    trashed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


def words_of(title: Any, description: Any) -> ColumnElement[Any]:
    """The expression that the word index is built on; searches must use exactly this expression."""
    # `text`, not `literal_column`: Index would take that for a column, and then have no table.
    words = title.op("||")(text("' '")).op("||")(normalized(description))
    return func.to_tsvector(text("'simple'::regconfig"), words)


_columns = IssueRow.__table__.c
Index("ix_issue_words", words_of(_columns.title, _columns.description), postgresql_using="gin")


class IssueAssigneeRow(Base):
    __tablename__ = "issue_assignee"
    __table_args__ = (Index(None, "user_id", "issue_id"),)

    issue_id: Mapped[Id] = mapped_column(ForeignKey(IssueRow.id), primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id), primary_key=True)


class IssueLabelRow(Base):
    __tablename__ = "issue_label"
    __table_args__ = (Index(None, "label_id", "issue_id"),)

    issue_id: Mapped[Id] = mapped_column(ForeignKey(IssueRow.id), primary_key=True)
    label_id: Mapped[Id] = mapped_column(ForeignKey(LabelRow.id), primary_key=True)
