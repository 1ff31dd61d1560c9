from sqlalchemy import bindparam, select

from domain.shared.jobs import JobStatus, Progress
from infra.db.read import Reads
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
    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def by_id(self, job_id: str) -> JobStatus | None:
        rows = await self._reads.fetch(_BY_ID, job_id=job_id)
        if not rows:
            return None
        row = rows[0]
        return JobStatus(
            id=row.id,
            kind=row.kind,
            workspace_id=row.workspace_id,
            state=row.state,
            attempts=row.attempts,
            failures=row.failures,
            progress=Progress(done=row.progress_done, total=row.progress_total),
            last_error=row.last_error,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
