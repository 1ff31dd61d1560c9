from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from domain.accounts.one_time import LinkPurpose
from infra.db.base import Base, Id, Key, Plain, named_enum, one_of


class UserRow(Base):
    """A user or a placeholder; the email address is stored in lower case.

    A placeholder has no email address because no one has proved it. Its person signs up, and then gets its memberships.
    A deleted account has no email address either.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("NOT is_placeholder OR email IS NULL", name="placeholder_unaddressed"),
        CheckConstraint("NOT is_deleted OR email IS NULL", name="deleted_unaddressed"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)
    own_initials: Mapped[str | None]
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    is_placeholder: Mapped[bool]
    is_deleted: Mapped[bool] = mapped_column(server_default=false())
    deactivated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PasswordRow(Base):
    """Password hash of a user, in its own table so that no query for users can select it."""

    __tablename__ = "password"

    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id), primary_key=True)
    hash: Mapped[str]
    changed_at: Mapped[datetime]


class OneTimeLinkRow(Base):
    """A mailed link. Used links are deleted with their pending data, expired ones by the schedule."""

    __tablename__ = "one_time_link"
    __table_args__ = (
        Index(None, "purpose", "subject", unique=True),
        Index(None, "expires_at"),
        one_of("purpose", LinkPurpose),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    purpose: Mapped[LinkPurpose] = mapped_column(named_enum(LinkPurpose))
    subject: Mapped[str]
    digest: Mapped[Key] = mapped_column(unique=True)
    waiting: Mapped[Plain]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
