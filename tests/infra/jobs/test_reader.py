from datetime import timedelta

from domain.shared.jobs import JobState, JobStatus, Progress
from infra.db.engine import Engines
from infra.db.read import ReadSession
from infra.jobs.reader import SqlJobReader
from tests.infra.jobs.rows import row
from tests.infra.jobs.sample import CLOCK, IDS, Walk, add_job


async def test_a_job_can_be_looked_at(engines: Engines) -> None:
    reader = SqlJobReader(ReadSession(engines.read))
    workspace_id = IDS.new("wsp")
    job_id = await add_job(
        engines.write,
        Walk(name="a"),
        workspace_id=workspace_id,
        state="RUNNING",
        attempts=3,
        failures=1,
        progress_done=40,
        progress_total=100,
        last_error="Unavailable: Try again.",
        created_at=CLOCK.now() - timedelta(minutes=1),
    )
    stored = await row(engines.write, job_id)

    assert await reader.by_id(job_id) == JobStatus(
        id=job_id,
        kind="sample.walk",
        workspace_id=workspace_id,
        state=JobState.RUNNING,
        attempts=3,
        failures=1,
        progress=Progress(done=40, total=100),
        last_error="Unavailable: Try again.",
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


async def test_a_job_that_is_not_there_is_none(engines: Engines) -> None:
    assert await SqlJobReader(ReadSession(engines.read)).by_id(IDS.new("job")) is None
