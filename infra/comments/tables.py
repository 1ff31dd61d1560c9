from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.accounts.tables import UserRow
from infra.db.base import MANY_ROWS, Base, Id, in_same_workspace
from infra.issues.tables import IssueRow
from infra.projects.tables import ProjectRow
from infra.workspaces.tables import WorkspaceRow


class CommentRow(Base):
    __tablename__ = "comment"
    __table_args__ = (
        in_same_workspace("project_id", of=ProjectRow),
        in_same_workspace("issue_id", of=IssueRow),
        UniqueConstraint("workspace_id", "issue_id", "external_key"),
        Index(None, "workspace_id", "issue_id", "created_at", "id"),
        Index(None, "workspace_id", "project_id"),
        Index(None, "author_id"),
        MANY_ROWS,
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    project_id: Mapped[Id]
    issue_id: Mapped[Id]
    author_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    body: Mapped[str]
    external_key: Mapped[str | None]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
