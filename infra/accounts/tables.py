from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from infra.db.base import Base, Id


class UserRow(Base):
    """The e-mail address is kept in lower case."""

    __tablename__ = "account"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None] = mapped_column(unique=True)
    is_placeholder: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PasswordRow(Base):
    """Apart from the account, so that no query for people can pick it up."""

    __tablename__ = "password"

    user_id: Mapped[Id] = mapped_column(ForeignKey(UserRow.id), primary_key=True)
    hash: Mapped[str]
    changed_at: Mapped[datetime]
