from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.db.base import Base, Id, in_same_workspace, replaceable
from infra.projects.tables import ProjectRow
from infra.workspaces.tables import WorkspaceRow


class MilestoneRow(Base):
    __tablename__ = "milestone"
    __table_args__ = (
        in_same_workspace("project_id", of=ProjectRow),
        UniqueConstraint("workspace_id", "project_id", "name"),
        UniqueConstraint("workspace_id", "project_id", "id"),
        *replaceable("milestone"),
        Index(None, "workspace_id", "project_id", "due_date", "id"),
        Index(None, "workspace_id", "project_id", "created_at", "id"),
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    project_id: Mapped[Id]
    name: Mapped[str]
    due_date: Mapped[date | None]
    deleting_since: Mapped[datetime | None]
    replaced_by_id: Mapped[Id | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
