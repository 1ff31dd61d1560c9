from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.shared.batches import BatchKind, BatchState
from infra.accounts.tables import UserRow
from infra.db.base import Base, Id, in_same_workspace, named_enum, one_of
from infra.workspaces.tables import WorkspaceRow


class BatchRunRow(Base):
    """A change of many rows by a job. An object but a workspace is the subject of at most one unfinished run."""

    __tablename__ = "batch_run"
    __table_args__ = (
        one_of("state", BatchState),
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "started_by_id"),
        Index(None, "finished_at"),
        Index(
            "uq_batch_run_subject",
            "workspace_id",
            "subject_id",
            unique=True,
            postgresql_where=text("finished_at IS NULL AND subject_id <> workspace_id"),
        ),
    )

    workspace_id: Mapped[Id] = mapped_column(ForeignKey(WorkspaceRow.id), primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[BatchKind] = mapped_column(String)
    subject_id: Mapped[Id]
    target_id: Mapped[Id | None]
    job_id: Mapped[Id]
    state: Mapped[BatchState] = mapped_column(named_enum(BatchState))
    failure: Mapped[str | None]
    done: Mapped[int]
    total: Mapped[int | None]
    position: Mapped[int]
    changed_count: Mapped[int]
    skipped_count: Mapped[int]
    options: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    change_set: Mapped[int] = mapped_column(BigInteger)
    started_by_id: Mapped[Id | None] = mapped_column(ForeignKey(UserRow.id))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


def _of_run() -> ForeignKeyConstraint:
    return in_same_workspace("run_id", of=BatchRunRow, ondelete="CASCADE")


class BatchRowsRow(Base):
    """IDs of the rows of one batch, in order."""

    __tablename__ = "batch_rows"
    __table_args__ = (_of_run(),)

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    run_id: Mapped[Id] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    ids: Mapped[list[str]] = mapped_column(ARRAY(Text(collation="C")))


class BatchSkipRow(Base):
    """A row that a run skipped, with the refusals of `domain/shared/stored_errors.py`."""

    __tablename__ = "batch_skip"
    __table_args__ = (_of_run(),)

    workspace_id: Mapped[Id] = mapped_column(primary_key=True)
    run_id: Mapped[Id] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[Id]
    errors: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
