from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.shared.jobs import JobState
from infra.db.base import Base, Id, Plain, named_enum, one_of


class JobRow(Base):
    """A background job; after `lease_until`, another worker may lease a running job.

    `attempts` counts leases and never decreases, because it identifies the lease. `failures` counts errors since the
    last checkpoint, and `lost_leases` the expired leases among them.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_due", "run_at", postgresql_where=text("state IN ('WAITING', 'RUNNING')")),
        Index("uq_job_dedupe_key", "dedupe_key", unique=True, postgresql_where=text("state = 'WAITING'")),
        Index("ix_job_done", "updated_at", postgresql_where=text("state = 'DONE'")),
        Index("ix_job_parked", "updated_at", postgresql_where=text("state = 'PARKED'")),
        one_of("state", JobState),
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str]
    payload: Mapped[Plain]
    workspace_id: Mapped[Id | None]
    state: Mapped[JobState] = mapped_column(named_enum(JobState))
    run_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int]
    failures: Mapped[int]
    lost_leases: Mapped[int]
    checkpoint: Mapped[Plain]
    progress_done: Mapped[int]
    progress_total: Mapped[int | None]
    dedupe_key: Mapped[str | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ScheduleRow(Base):
    """Due time of one piece of periodic work. The worker that runs it locks the row."""

    __tablename__ = "schedule"

    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]


class IdempotencyRow(Base):
    """Outcome of a mutation with an idempotency key, returned to retries of the mutation."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "created_at"),)

    user_id: Mapped[Id] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    subject_id: Mapped[Id | None]
    revision: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[Plain | None]
    created_at: Mapped[datetime]
