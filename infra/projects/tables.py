from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.projects.categories import StateCategory
from infra.db.base import Base, Id, Key, in_same_workspace, named_enum, one_of, replaceable
from infra.workspaces.tables import AreaGrantRow, WorkspaceRow


class ProjectRow(Base):
    __tablename__ = "project"
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[Key]
    name: Mapped[str]
    archived_at: Mapped[datetime | None]
    deleting_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


AreaGrantRow.__table__.append_constraint(  # type: ignore[attr-defined]  # the mapped table is a Table
    ForeignKeyConstraint(["workspace_id", "area_id"], [ProjectRow.workspace_id, ProjectRow.id], ondelete="CASCADE")
)


class ProjectKeyRow(Base):
    """A key that a project has, or had until a time. It stays reserved for the project, whose issues it finds."""

    __tablename__ = "project_key"
    __table_args__ = (
        in_same_workspace("project_id", of=ProjectRow, ondelete="CASCADE"),
        Index(None, "workspace_id", "project_id"),
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[Key] = mapped_column(primary_key=True)
    project_id: Mapped[Id]
    until: Mapped[datetime | None]


class ProjectNumberRow(Base):
    """Highest issue number of a project; numbers are never reused."""

    __tablename__ = "project_number"
    __table_args__ = (in_same_workspace("project_id", of=ProjectRow, ondelete="CASCADE"),)

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    project_id: Mapped[Id] = mapped_column(primary_key=True)
    number: Mapped[int]


class StateRow(Base):
    __tablename__ = "state"
    __table_args__ = (
        in_same_workspace("project_id", of=ProjectRow),
        UniqueConstraint("workspace_id", "project_id", "name"),
        UniqueConstraint("workspace_id", "project_id", "id"),
        *replaceable("state"),
        CheckConstraint("position >= 0", name="position_natural"),
        one_of("category", StateCategory),
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    project_id: Mapped[Id]
    name: Mapped[str]
    category: Mapped[StateCategory] = mapped_column(named_enum(StateCategory))
    color: Mapped[str]
    position: Mapped[int]
    deleting_since: Mapped[datetime | None]
    replaced_by_id: Mapped[Id | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
