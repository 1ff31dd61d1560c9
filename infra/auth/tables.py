from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from domain.auth.model import EndReason
from infra.accounts.tables import UserRow
from infra.db.base import Base, Id, Key, named_enum, one_of


class SessionRow(Base):
    """One sign-in on one device, and all the refresh tokens that follow from it: a token family."""

    __tablename__ = "session"
    __table_args__ = (Index(None, "user_id"), one_of("end_reason", EndReason))

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    client_id: Mapped[Key]
    source: Mapped[Key]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[EndReason | None] = mapped_column(named_enum(EndReason))


class RefreshTokenRow(Base):
    """Spent tokens stay as long as their session, so that a replay is recognised."""

    __tablename__ = "refresh_token"
    __table_args__ = (Index(None, "session_id"),)

    digest: Mapped[Key] = mapped_column(primary_key=True)
    session_id: Mapped[Id] = mapped_column(ForeignKey(SessionRow.id, ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SigningKeyRow(Base):
    """The private half is encrypted with a key that only the settings know."""

    __tablename__ = "signing_key"

    id: Mapped[Id] = mapped_column(primary_key=True)
    public_key: Mapped[str]
    sealed_private_key: Mapped[str]
    created_at: Mapped[datetime]
    signs_from: Mapped[datetime]
