from sqlalchemy import bindparam, select

from domain.shared.jobs import JobStatus, Progress
from infra.db.read import ReadSession
from infra.jobs.tables import JobRow

_BY_ID = select(
    JobRow.id,
    JobRow.kind,
    JobRow.workspace_id,
    JobRow.state,
    JobRow.attempts,
    JobRow.failures,
    JobRow.progress_done,
    JobRow.progress_total,
    JobRow.last_error,
    JobRow.created_at,
    JobRow.updated_at,
).where(JobRow.id == bindparam("job_id"))


class SqlJobReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_id(self, job_id: str) -> JobStatus | None:
        rows = await self._reads.fetch(_BY_ID, job_id=job_id)
        if not rows:
            return None
        [[id_, kind, workspace_id, state, attempts, failures, done, total, last_error, created_at, updated_at]] = rows
        return JobStatus(
            id=id_,
            kind=kind,
            workspace_id=workspace_id,
            state=state,
            attempts=attempts,
            failures=failures,
            progress=Progress(done=done, total=total),
            last_error=last_error,
            created_at=created_at,
            updated_at=updated_at,
        )
