from domain.projects.jobs import RecordPurges
from domain.transfers.jobs import RunImport
from infra.slices import TRACKER, handlers_of


def test_only_jobs_with_checkpoints_are_long() -> None:
    long = {job_type for job_type in handlers_of(TRACKER) if job_type.is_long}
    assert long == {RecordPurges, RunImport}
