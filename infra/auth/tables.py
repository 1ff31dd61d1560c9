from collections.abc import Sequence
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy import ARRAY, Dialect, ForeignKey, Index, Text, TypeDecorator, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.auth.model import EndReason
from domain.shared.actor import Scope
from infra.accounts.tables import UserRow
from infra.db.base import Base, Id, Key, named_enum, one_of

T = TypeVar("T", bound=str)


class TupleOf(TypeDecorator[tuple[T, ...]], Generic[T]):
    """Column type that stores a tuple of texts as an array."""

    impl = ARRAY(Text(collation="C"))
    cache_ok = True

    def __init__(self, kind: type[T]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Sequence[T] | None, dialect: Dialect) -> list[str] | None:
        return None if value is None else [str(item) for item in value]

    def process_result_value(self, value: Sequence[str] | None, dialect: Dialect) -> tuple[T, ...] | None:
        return None if value is None else tuple(self.kind(item) for item in value)


class SessionRow(Base):
    """A sign-in on one device with all its refresh tokens, a token family."""

    __tablename__ = "session"
    __table_args__ = (
        Index(None, "user_id", "created_at", "id"),
        Index(None, "expires_at"),
        Index(None, "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        one_of("end_reason", EndReason),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    client_id: Mapped[Key]
    source: Mapped[Key]
    device: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    token_family: Mapped[Key] = mapped_column(unique=True)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[EndReason | None] = mapped_column(named_enum(EndReason))


class RefreshTokenRow(Base):
    """A refresh token: the unused one of each session, and the last spent ones."""

    __tablename__ = "refresh_token"
    __table_args__ = (Index(None, "session_id"),)

    digest: Mapped[Key] = mapped_column(primary_key=True)
    session_id: Mapped[Id] = mapped_column(ForeignKey(SessionRow.id, ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SigningKeyRow(Base):
    """A key pair that signs access tokens, with the private key encrypted."""

    __tablename__ = "signing_key"

    id: Mapped[Id] = mapped_column(primary_key=True)
    public_key: Mapped[str]
    sealed_private_key: Mapped[str]
    created_at: Mapped[datetime]
    signs_from: Mapped[datetime]


class ApiKeyRow(Base):
    """An API key. Its workspaces are an array without foreign keys: the ID of a deleted workspace has no effect."""

    __tablename__ = "api_key"
    __table_args__ = (
        Index(None, "user_id"),
        Index(None, "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
        Index(None, "revoked_at", postgresql_where=text("revoked_at IS NOT NULL")),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id))
    name: Mapped[str]
    digest: Mapped[Key] = mapped_column(unique=True)
    hint: Mapped[Key]
    scopes: Mapped[tuple[Scope, ...]] = mapped_column(TupleOf(Scope))
    workspace_ids: Mapped[tuple[str, ...] | None] = mapped_column(TupleOf(str))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
