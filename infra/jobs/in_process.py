"""Immediate execution of one job in this process, for commands that wait for its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from domain.app import App
from domain.shared.actor import Actor
from domain.shared.errors import Unavailable
from domain.shared.jobs import decoded, kinds_of
from domain.shared.uow import LeaseLost
from infra.db.engine import engine_options, open_engines
from infra.jobs.leases import Lease, SqlLeases
from infra.settings import Settings
from infra.shared.tasks import end
from infra.slices import HANDLERS

POOL_SIZE = 2


@asynccontextmanager
async def job_leases(settings: Settings) -> AsyncIterator[SqlLeases]:
    """Leases on separate connections, so that a busy job cannot delay the renewal of its lease."""
    options = replace(engine_options(settings), write_pool_size=POOL_SIZE)
    async with open_engines(settings.database_url.get_secret_value(), options) as engines:
        yield SqlLeases(engines.write, duration=timedelta(seconds=settings.job_lease_seconds))


async def run_now(app: App, leases: SqlLeases, job_id: str, *, seconds: float) -> bool:
    """Runs the job to its end, with leases of `seconds`; False if it is not due or leased by another worker."""
    acquired = await leases.acquire(most=1, job_id=job_id)
    if not acquired:
        return False
    lease = acquired[0]
    job = decoded(kinds_of(HANDLERS), lease.kind, lease.payload)
    running = asyncio.ensure_future(HANDLERS[type(job)](app, Actor.system(lease.job), job))
    keeping = asyncio.create_task(_keep_lease(leases, lease, seconds / 3))
    try:
        await asyncio.wait({running, keeping}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            return False  # another worker has leased the job
        running.result()
        return await leases.finish(lease)
    except LeaseLost:
        return False
    except BaseException:
        await leases.release([lease])
        raise
    finally:
        await end(running, keeping)


async def _keep_lease(leases: SqlLeases, lease: Lease, pause: float) -> None:
    """Renews the lease until it is lost."""
    while True:
        await asyncio.sleep(pause)
        try:
            if await leases.extend([lease.key]):
                return
        except Unavailable:
            continue  # a lease outlasts three pauses, so one failure does no harm
