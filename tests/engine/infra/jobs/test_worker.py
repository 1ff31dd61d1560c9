import asyncio
import os
import signal

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.batches.jobs import RunBatch
from domain.shared.actor import Actor
from domain.workspaces.jobs import DeleteWorkspace, SendMemberWelcome
from infra.jobs.worker import run_worker
from infra.settings import Settings
from infra.slices import PLATFORM, handlers_of
from infra.uow import SqlUowFactory
from tests.engine.infra.jobs.rows import until_state
from tests.engine.infra.jobs.sample import IDS
from tests.patience import PATIENCE


def test_only_jobs_with_checkpoints_are_long() -> None:
    long = {job_type for job_type in handlers_of(PLATFORM) if job_type.is_long}
    assert long == {DeleteWorkspace, RunBatch}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_worker_runs_the_applications_jobs_until_it_is_stopped(
    settings: Settings, engine: AsyncEngine, uow: SqlUowFactory, redis_database: str, number: signal.Signals
) -> None:
    async with uow(Actor.system()) as unit:
        job_id = unit.enqueue(SendMemberWelcome(member_id=IDS.new("mem")))
        await unit.commit(None)
    worker = asyncio.create_task(run_worker(settings))

    after = await until_state(engine, job_id, "DONE")
    os.kill(os.getpid(), number)
    async with asyncio.timeout(PATIENCE):
        await worker

    assert (after.attempts, after.last_error) == (1, None)
