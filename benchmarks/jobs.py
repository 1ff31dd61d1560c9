"""Batch runs that a benchmark carries out by itself, without a worker."""

from typing import Any

from benchmarks.dataset import Dataset
from benchmarks.failures import BenchmarkError
from domain.shared.batches import Deletion
from domain.shared.uow import Written
from infra.bootstrap import open_app
from infra.jobs.in_process import job_leases, run_now

LEASE_SECONDS = 60.0
_JOB = "SELECT job_id FROM batch_run WHERE workspace_id = $1 AND id = $2"


async def job_of(connection: Any, workspace_id: str, deletion: Written[Deletion]) -> str:
    """ID of the job that completes the deletion."""
    job_id = await connection.fetchval(_JOB, workspace_id, deletion.value.batch_run_id)
    return str(job_id)


async def run_job(dataset: Dataset, job_id: str) -> None:
    """Runs the job to its end; raises BenchmarkError if it fails."""
    async with open_app(dataset.settings) as app, job_leases(dataset.settings) as leases:
        if not await run_now(app, leases, job_id, seconds=LEASE_SECONDS):
            raise BenchmarkError("The batch run has not ended.")
