from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.accounts.tables import UserRow
from infra.db.base import Base, Id
from infra.issues.tables import IssueRow
from infra.projects.tables import ProjectRow
from infra.workspaces.tables import WorkspaceRow


class CommentRow(Base):
    __tablename__ = "comment"
    __table_args__ = (
        UniqueConstraint("issue_id", "external_key"),
        Index(None, "issue_id", "created_at", "id"),
        Index(None, "author_id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id))
    project_id: Mapped[Id] = mapped_column(ForeignKey(ProjectRow.id))
    issue_id: Mapped[Id] = mapped_column(ForeignKey(IssueRow.id))
    author_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    body: Mapped[str]
    external_key: Mapped[str | None]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
