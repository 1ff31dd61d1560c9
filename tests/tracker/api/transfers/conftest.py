from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.actor import Actor, Role
from domain.transfers.commands import ImportDraft
from domain.transfers.model import ImportFormat, ImportRun
from infra.jobs.in_process import run_now
from infra.jobs.leases import SqlLeases
from tests.tracker.api.transfers.exports import chunks
from tests.tracker.api.world import World
from tests.tracker.list_sizes import require_exact_counts

LEASE = timedelta(seconds=30)
Import = Callable[..., Awaitable[ImportRun]]


@pytest.fixture
def leases(engine: AsyncEngine) -> SqlLeases:
    return SqlLeases(engine, duration=LEASE)


@pytest.fixture
def started(world: World) -> Import:
    """Uploads a file and starts its import, as the owner."""

    async def start(
        content: bytes,
        *,
        format: ImportFormat = ImportFormat.JIRA,
        project_key: str | None = None,
        site: str | None = None,
    ) -> ImportRun:
        actor = world.client(Role.OWNER).actor
        upload = (await world.app.imports.upload(actor, "export", chunks(content))).value
        draft = ImportDraft(
            workspace_id=world.here.workspace.id,
            format=format,
            file_id=upload.id,
            project_key=project_key,
            site=site,
        )
        return (await world.app.imports.start(actor, draft)).value

    return start


@pytest.fixture
def imported(world: World, leases: SqlLeases, started: Import) -> Import:
    """Uploads a file, imports it as the owner, and returns the finished run."""

    async def run(content: bytes, **options: object) -> ImportRun:
        run = await started(content, **options)
        assert await run_now(world.app, leases, run.job_id, seconds=LEASE.total_seconds())
        await require_exact_counts(world.engine)
        return (await world.app.read.imports.by_ids(Actor.system(), [run.id]))[run.id]

    return run
