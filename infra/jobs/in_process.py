"""One job, run by this process at once: for commands whose user waits for the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from domain.app import App
from domain.job_handlers import HANDLERS
from domain.shared.actor import Actor
from domain.shared.errors import Unavailable
from domain.shared.jobs import decoded, kinds_of
from domain.shared.uow import ClaimLost
from infra.db.engine import EngineOptions, open_engines
from infra.jobs.claims import Claim, SqlClaims
from infra.settings import Settings
from infra.shared.tasks import end

POOL_SIZE = 2


@asynccontextmanager
async def job_claims(settings: Settings) -> AsyncIterator[SqlClaims]:
    """Claims on connections of their own, so that a busy job cannot keep its lease from being renewed."""
    options = EngineOptions(
        pool_size=POOL_SIZE,
        statement_timeout=settings.database_statement_seconds,
        lock_timeout=settings.database_lock_seconds,
    )
    async with open_engines(settings.database_url.get_secret_value(), options) as engines:
        yield SqlClaims(engines.write, lease=timedelta(seconds=settings.job_lease_seconds))


async def run_now(app: App, claims: SqlClaims, job_id: str, *, lease: float) -> bool:
    """Runs the job until it is done; False if it is not due, or if another worker has it. `lease` is in seconds."""
    claimed = await claims.claim(most=1, job_id=job_id)
    if not claimed:
        return False
    claim = claimed[0]
    job = decoded(kinds_of(HANDLERS), claim.kind, claim.payload)
    running = asyncio.ensure_future(HANDLERS[type(job)](app, Actor.system(claim.job), job))
    keeping = asyncio.create_task(_keep_lease(claims, claim, lease / 3))
    try:
        await asyncio.wait({running, keeping}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            return False  # the lease is lost
        running.result()
        return await claims.finish(claim)
    except ClaimLost:
        return False
    except BaseException:
        await claims.release([claim])
        raise
    finally:
        await end(running, keeping)


async def _keep_lease(claims: SqlClaims, claim: Claim, pause: float) -> None:
    """Ends when the claim is lost."""
    while True:
        await asyncio.sleep(pause)
        try:
            if await claims.extend([claim.key]):
                return
        except Unavailable:
            continue  # the lease is longer than three pauses
