from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ForeignKey, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.shared.batches import BatchKind, BatchState
from infra.accounts.tables import UserRow
from infra.db.base import Base, Id, named_enum, one_of
from infra.workspaces.tables import WorkspaceRow


class BatchRunRow(Base):
    """A change of many rows by a job. An object is the subject of at most one unfinished run."""

    __tablename__ = "batch_run"
    __table_args__ = (
        one_of("kind", BatchKind),
        one_of("state", BatchState),
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "started_by_id"),
        Index(None, "finished_at"),
        Index(
            "uq_batch_run_subject",
            "workspace_id",
            "subject_id",
            unique=True,
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[BatchKind] = mapped_column(named_enum(BatchKind))
    subject_id: Mapped[Id]
    target_id: Mapped[Id | None]
    job_id: Mapped[Id]
    state: Mapped[BatchState] = mapped_column(named_enum(BatchState))
    failure: Mapped[str | None]
    done: Mapped[int]
    total: Mapped[int | None]
    position: Mapped[int]
    change_set: Mapped[int] = mapped_column(BigInteger)
    started_by_id: Mapped[Id | None] = mapped_column(ForeignKey(UserRow.id))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class BatchRowsRow(Base):
    """IDs of the rows of one batch, in order."""

    __tablename__ = "batch_rows"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "run_id"], [BatchRunRow.workspace_id, BatchRunRow.id], ondelete="CASCADE"
        ),
    )

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    run_id: Mapped[Id] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    ids: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")))
