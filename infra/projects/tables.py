from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.projects.categories import StateCategory
from infra.db.base import Base, Id, Key, named_enum, one_of
from infra.workspaces.tables import WorkspaceRow


class ProjectRow(Base):
    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id))
    key: Mapped[Key]
    name: Mapped[str]
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ProjectNumberRow(Base):
    """Highest issue number of a project; numbers are never reused."""

    __tablename__ = "project_number"

    project_id: Mapped[Id] = mapped_column(ForeignKey(ProjectRow.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int]


class StateRow(Base):
    __tablename__ = "state"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        UniqueConstraint("project_id", "id"),
        CheckConstraint("position >= 0", name="position_natural"),
        one_of("category", StateCategory),
        Index(None, "workspace_id"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id))
    project_id: Mapped[Id] = mapped_column(ForeignKey(ProjectRow.id))
    name: Mapped[str]
    category: Mapped[StateCategory] = mapped_column(named_enum(StateCategory))
    color: Mapped[str]
    position: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
