from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.shared.actor import Role
from infra.accounts.tables import UserRow
from infra.db.base import Base, Id, Key, in_same_workspace, named_enum, one_of, route_of


class WorkspaceRow(Base):
    __tablename__ = "workspace"
    __table_args__ = (Index(None, "route"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    slug: Mapped[Key] = mapped_column(unique=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleting_since: Mapped[datetime | None]
    route: Mapped[int] = mapped_column(route_of("id"))


class RevisionRow(Base):
    """Counter of a workspace's events, the last row that a commit locks, and the first event that is not deleted.

    In an empty log, the first event is the next one.
    """

    __tablename__ = "workspace_revision"

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    first_revision: Mapped[int] = mapped_column(BigInteger, server_default="1")


class MemberRow(Base):
    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("workspace_id", "user_id"),
        Index(None, "user_id", "route"),
        one_of("role", Role),
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    role: Mapped[Role] = mapped_column(named_enum(Role))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    route: Mapped[int] = mapped_column(route_of("workspace_id"))


class InvitationRow(Base):
    """An invitation. `digest` is of the last secret sent; `email` is set only while it can be accepted."""

    __tablename__ = "invitation"
    __table_args__ = (
        UniqueConstraint("workspace_id", "email"),
        # A link has only the secret, so the digest alone leads to the invitation.
        Index(None, "digest"),
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "created_by_id"),
        Index(None, "accepted_by_id"),
        Index(None, "expires_at"),
        Index(None, "accepted_at", postgresql_where=text("accepted_at IS NOT NULL")),
        Index(None, "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),
        one_of("role", Role),
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    email: Mapped[str | None]
    role: Mapped[Role] = mapped_column(named_enum(Role))
    generation: Mapped[int]
    digest: Mapped[Key]
    area_ids: Mapped[tuple[str, ...]] = mapped_column(
        "project_ids", ARRAY(Text(collation="C"), as_tuple=True), key="area_ids"
    )
    created_by_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[Id | None] = mapped_column(ForeignKey(UserRow.id))
    revoked_at: Mapped[datetime | None]


class AreaGrantRow(Base):
    """Access of a guest to an area. In the tracker, areas are projects, hence the names of the table and its columns.

    Reads of members and of actors join this table, so it belongs to this slice. Its rows are deleted with the member,
    and with the area: the slice whose entities are the areas adds the foreign key (`infra/projects/tables.py`).
    """

    __tablename__ = "project_member"
    __table_args__ = (
        in_same_workspace("member_id", of=MemberRow, ondelete="CASCADE"),
        UniqueConstraint("workspace_id", "member_id", "area_id"),
        Index(None, "workspace_id", "area_id", "created_at", "id"),
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    area_id: Mapped[Id] = mapped_column("project_id", key="area_id")
    member_id: Mapped[Id]
    created_at: Mapped[datetime]
