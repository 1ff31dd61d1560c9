from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from infra.db.base import Base, Id
from infra.workspaces.tables import WorkspaceRow


class SeedRunRow(Base):
    """Demo data that is not complete. `postponed` are the statements that rebuild the indexes dropped meanwhile."""

    __tablename__ = "seed_run"

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id, ondelete="CASCADE"), primary_key=True)
    change_set: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int]
    done: Mapped[int]
    ends_at: Mapped[datetime]
    postponed: Mapped[list[str]] = mapped_column(ARRAY(Text))
