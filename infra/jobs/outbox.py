"""The part of a Unit of Work that concerns jobs: new rows, and the end or checkpoint of the one being run."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text, update

from domain.shared.jobs import Job, JobState, LeasedJob, Progress
from domain.shared.uow import LeaseLost
from infra.db.write_connection import Connection
from infra.jobs.tables import JobRow

# Writes the columns that are named like parameters.
_ADVANCE = update(JobRow).where(
    JobRow.id == bindparam("job_id"), JobRow.attempts == bindparam("attempt"), JobRow.state == JobState.RUNNING
)


def job_values(job: Job, *, id: str, run_at: datetime, workspace_id: str | None, now: datetime) -> dict[str, Any]:
    """Values of a new job's row."""
    return {
        "id": id,
        "kind": job.kind,
        "payload": asdict(job),
        "workspace_id": workspace_id,
        "state": JobState.WAITING,
        "run_at": run_at,
        "attempts": 0,
        "failures": 0,
        "lost_leases": 0,
        "checkpoint": {},
        "progress_done": 0,
        "created_at": now,
        "updated_at": now,
    }


async def advance_job(
    connection: Connection,
    job: LeasedJob,
    checkpoint: tuple[Mapping[str, Any], Progress] | None,
    *,
    now: datetime,
) -> None:
    """Stores the checkpoint, or the end of the job. Raises LeaseLost if another attempt has started."""
    values: dict[str, Any] = {"failures": 0, "lost_leases": 0, "last_error": None, "updated_at": now}
    if checkpoint is None:
        values |= {"state": JobState.DONE, "lease_until": None}
    else:
        state, progress = checkpoint
        values |= {"checkpoint": state, "progress_done": progress.done, "progress_total": progress.total}
    if (await connection.execute(_ADVANCE, {"job_id": job.id, "attempt": job.attempt, **values})).rowcount != 1:
        raise LeaseLost(job.id)


async def end_jobs(connection: Connection, workspace_id: str, *, now: datetime) -> None:
    """Ends the open jobs of a workspace. A job that is running cannot commit after that."""
    is_open = text("state IN ('WAITING', 'RUNNING')")
    ended = update(JobRow).where(is_open, JobRow.workspace_id == workspace_id)
    await connection.execute(ended.values(state=JobState.DONE, lease_until=None, updated_at=now))
