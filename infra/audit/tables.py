from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.shared.actor import Cause
from domain.shared.security import SecurityEventKind
from infra.db.base import MANY_ROWS, Base, Id, Key, Plain, named_enum, one_of


class EventRow(Base):
    """An event of the log. It has no foreign keys, because its subjects can be deleted and the table partitioned.

    `change_set` is the last revision of the commit, or that of the commit that started the job. `parent_id` is the
    object whose history lists the event beside that of its subject, such as the issue of a comment.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index(None, "workspace_id", "subject_id", "revision"),
        # Partial, because most events have no parent and should not pay for a further index.
        Index(None, "workspace_id", "parent_id", "revision", postgresql_where=text("parent_id IS NOT NULL")),
        one_of("cause", Cause),
        MANY_ROWS,
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    change_set: Mapped[int] = mapped_column(BigInteger)
    type: Mapped[str]
    subject_id: Mapped[Id]
    parent_id: Mapped[Id | None]
    area_id: Mapped[Id | None] = mapped_column("project_id", key="area_id")
    actor_id: Mapped[Id | None]
    cause: Mapped[Cause] = mapped_column(named_enum(Cause))
    changes: Mapped[Plain]
    occurred_at: Mapped[datetime]


class SecurityEventRow(Base):
    """An entry of the security log. It has no foreign keys, because it outlives accounts and sessions."""

    __tablename__ = "security_event"
    __table_args__ = (
        Index(None, "user_id", "occurred_at", "id"),
        Index(None, "actor_id"),
        Index(None, "occurred_at"),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[SecurityEventKind] = mapped_column(named_enum(SecurityEventKind))
    user_id: Mapped[Id | None]
    actor_id: Mapped[Id | None]
    credential_id: Mapped[Id | None]
    subject_id: Mapped[Id | None]
    workspace_id: Mapped[Id | None]
    address: Mapped[Key | None]
    device: Mapped[str | None]
    occurred_at: Mapped[datetime]
