from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.shared.actor import Role
from infra.accounts.tables import UserRow
from infra.db.base import Base, Id, Key, named_enum, one_of


class WorkspaceRow(Base):
    __tablename__ = "workspace"

    id: Mapped[Id] = mapped_column(primary_key=True)
    slug: Mapped[Key] = mapped_column(unique=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class RevisionRow(Base):
    """The counter of a workspace's events; the last row that a commit locks."""

    __tablename__ = "workspace_revision"

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)


class MemberRow(Base):
    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("workspace_id", "user_id"),
        Index(None, "user_id"),
        one_of("role", Role),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id))
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    role: Mapped[Role] = mapped_column(named_enum(Role))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
