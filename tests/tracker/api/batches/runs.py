"""Batch runs of tests, worked as a worker does."""

from typing import Any

from sqlalchemy import select

from infra.batches.tables import BatchRunRow
from infra.jobs.in_process import run_now
from infra.jobs.leases import SqlLeases
from tests.client import Client
from tests.tracker.api.world import World


async def job_of(world: World, run_id: str) -> str:
    async with world.engine.connect() as connection:
        job_id = await connection.scalar(select(BatchRunRow.job_id).where(BatchRunRow.id == run_id))
    assert job_id is not None
    return str(job_id)


async def work(world: World, leases: SqlLeases, run_id: str) -> None:
    assert await run_now(world.app, leases, await job_of(world, run_id), seconds=30)


async def node(client: Client, id: str, selected: str) -> Any:
    return (await client.run(f"query Node($id: ID!) {{ node(id: $id) {{ ... on {selected} }} }}", id=id))["node"]
