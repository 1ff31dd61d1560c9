from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from domain.accounts.one_time import LinkPurpose
from infra.db.base import Base, Id, Key, Plain, named_enum, one_of


class UserRow(Base):
    """The e-mail address is kept in lower case.

    A placeholder has none, since nobody has proved it: its person signs up like anybody, and is given its place.
    Whoever deletes their account has none any more.
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
    """Apart from the account, so that no query for people can pick it up."""

    __tablename__ = "password"

    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id), primary_key=True)
    hash: Mapped[str]
    changed_at: Mapped[datetime]


class OneTimeLinkRow(Base):
    """Used links are deleted, and with them what waited; expired ones by the schedule."""

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
