from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infra.db.base import Base, Id, replaceable
from infra.workspaces.tables import WorkspaceRow


class LabelRow(Base):
    __tablename__ = "label"
    __table_args__ = (UniqueConstraint("workspace_id", "name"), *replaceable("label"))

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    color: Mapped[str]
    description: Mapped[str | None]
    deleting_since: Mapped[datetime | None]
    replaced_by_id: Mapped[Id | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
