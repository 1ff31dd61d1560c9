from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.shared.actor import Cause
from domain.shared.security import SecurityEventKind
from infra.db.base import MANY_ROWS, Base, Id, Key, Plain, named_enum, one_of
from infra.workspaces.tables import WorkspaceRow

WITH_TOMBSTONE_TEXT = "changes ? 'deleted_at' AND changes ? 'body'"
"""Events of the deletion of objects of which a tombstone remains, while they have the deleted text."""


class EventRow(Base):
    """An event of the log. It has no foreign keys, because its subjects can be deleted and the table partitioned.

    `change_set` is the last revision of the commit, or that of the commit that started the job. `parent_id` is the
    object whose history lists the event beside that of its subject, such as the issue of a comment. `text_length` is
    the number of characters of texts in EventTextRow, null if there are none.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index(None, "workspace_id", "subject_id", "revision"),
        # Partial, because most events have no parent and should not pay for a further index.
        Index(None, "workspace_id", "parent_id", "revision", postgresql_where=text("parent_id IS NOT NULL")),
        # Partial, because only events of jobs are later than the revision of their change set. Events of a commit are
        # found by their revisions, which are contiguous.
        Index(None, "workspace_id", "change_set", "revision", postgresql_where=text("change_set < revision")),
        Index("ix_event_tombstones", "occurred_at", postgresql_where=text(WITH_TOMBSTONE_TEXT)),
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
    text_length: Mapped[int | None]
    changes: Mapped[Plain]
    occurred_at: Mapped[datetime]


class EventTextRow(Base):
    """A text of an event that is too long to be read with every event: the value of a field before or after the change.

    `side` is 0 for the value before and 1 for the value after.
    """

    __tablename__ = "event_text"

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    field: Mapped[Key] = mapped_column(primary_key=True)
    side: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    body: Mapped[str]


class DeletedObjectRow(Base):
    """A deleted object, whose name histories show and whose fields an undo restores.

    There is no foreign key to the area, because an earlier slice does not know the table of areas.
    """

    __tablename__ = "deleted_object"

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[Key]
    name: Mapped[str]
    area_id: Mapped[Id | None] = mapped_column("project_id", key="area_id")
    fields: Mapped[Plain]


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
