from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.db.base import Base, Id
from infra.projects.tables import ProjectRow
from infra.workspaces.tables import WorkspaceRow


class MilestoneRow(Base):
    __tablename__ = "milestone"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        UniqueConstraint("project_id", "id"),
        Index(None, "workspace_id"),
        Index(None, "project_id", "due_date", "id"),
        Index(None, "project_id", "created_at", "id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id))
    project_id: Mapped[Id] = mapped_column(ForeignKey(ProjectRow.id))
    name: Mapped[str]
    due_date: Mapped[date | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
