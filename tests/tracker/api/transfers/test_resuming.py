"""An import that is interrupted goes on where it was, and nothing is lost or doubled."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from cli.import_run import ImportOrder, import_file
from domain.app import App
from domain.shared.actor import Actor
from domain.shared.errors import DomainError
from domain.shared.jobs import JobState
from domain.shared.uow import LeaseLost
from domain.transfers import stream
from domain.transfers.jobs import RunImport
from domain.transfers.model import ImportFormat, ImportRun, ImportState
from infra.jobs.in_process import run_now
from infra.jobs.leases import SqlLeases
from infra.settings import Settings
from infra.transfers.reader import GIVEN_UP
from tests.engine.infra.jobs.rows import row, take_over, until
from tests.tracker.api.transfers.conftest import LEASE, Import
from tests.tracker.api.transfers.exports import comment, issue, lines
from tests.tracker.api.world import World

ROOT = Path(__file__).parents[4]
ISSUES = 40


def export(count: int = ISSUES, *, size: int = 4) -> bytes:
    numbers = range(1, count + 1)
    return lines(
        *(
            issue(
                number,
                description="x" * size,
                comments=[comment(f"{number}-{place}", "y") for place in range(2)],
                parent={"key": f"AC-{number + 1}"} if number % 2 else None,
            )
            for number in numbers
        )
    )


async def _never(_: App, job_id: str) -> bool:
    raise AssertionError(f"{job_id} was run")


async def reached(world: World, run: ImportRun) -> ImportRun:
    return (await world.app.read.imports.by_ids(Actor.system(), [run.id]))[run.id]


async def assert_whole(world: World, run: ImportRun, count: int = ISSUES) -> None:
    assert (run.state, run.position, run.total) == (ImportState.DONE, count, count)
    assert (run.bytes_read, run.progress.share) == (run.file_size, 1.0)
    assert (run.issues_created, run.comments_created, run.loss_count) == (count, 2 * count, 0)
    async with world.engine.connect() as connection:
        counted = text(
            "SELECT (SELECT count(*) FROM issue WHERE external_key IS NOT NULL),"
            " (SELECT count(*) FROM comment WHERE external_key IS NOT NULL),"
            " (SELECT count(*) FROM issue WHERE parent_id IS NOT NULL), (SELECT count(*) FROM import_parent)"
        )
        assert tuple((await connection.execute(counted)).one()) == (count, 2 * count, count // 2, 0)
    events = await world.events(run.workspace_id)
    assert [revision for revision, _, _, _ in events] == list(range(1, len(events) + 1))
    kinds = [kind for _, kind, _, _ in events]
    assert (kinds.count("issue.created"), kinds.count("comment.created")) == (count, 2 * count)
    assert kinds.count("issue.updated") == count // 2


async def under_way(world: World, run: ImportRun, running: asyncio.Task[None]) -> int:
    """Waits until some batches are stored, and answers how many items they had."""

    async def has_begun() -> bool:
        assert not running.done(), running.result()
        return (await reached(world, run)).position > 2

    await until(has_begun)
    return (await reached(world, run)).position


async def test_a_canceled_import_goes_on(
    world: World, started: Import, leases: SqlLeases, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "MOST_RECORDS", 1)
    run = await started(export())
    [lease] = await leases.acquire(most=1, job_id=run.job_id)
    running = asyncio.create_task(world.app.imports.run(Actor.system(lease.job), RunImport(run_id=run.id)))
    position = await under_way(world, run, running)
    running.cancel()
    await asyncio.wait({running})
    await leases.release([lease])
    assert position < (await reached(world, run)).position + 1 <= ISSUES

    assert await run_now(world.app, leases, run.job_id, seconds=LEASE.total_seconds())

    await assert_whole(world, await reached(world, run))


async def test_a_run_that_lost_its_lease_stores_nothing_more(
    world: World, started: Import, leases: SqlLeases, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "MOST_RECORDS", 1)
    run = await started(export())
    [lease] = await leases.acquire(most=1, job_id=run.job_id)
    running = asyncio.create_task(world.app.imports.run(Actor.system(lease.job), RunImport(run_id=run.id)))
    await under_way(world, run, running)
    await take_over(world.engine, run.job_id)
    with pytest.raises(LeaseLost):
        await running
    position = (await reached(world, run)).position
    assert position < ISSUES
    assert (await row(world.engine, run.job_id)).checkpoint == {"position": position}

    async with world.engine.begin() as connection:
        await connection.execute(text("UPDATE job SET lease_until = now() - interval '1 second'"))
    assert await run_now(world.app, leases, run.job_id, seconds=LEASE.total_seconds())

    await assert_whole(world, await reached(world, run))
    job = await row(world.engine, run.job_id)
    assert (job.state, job.progress_done, job.progress_total) == (JobState.DONE, ISSUES, None)


async def test_the_same_file_joins_the_import_that_is_not_over(world: World, started: Import, leases: SqlLeases):
    first = await started(export())
    second = await started(export())

    assert second.id == first.id
    assert second.job_id == first.job_id
    assert await run_now(world.app, leases, second.job_id, seconds=LEASE.total_seconds())
    await assert_whole(world, await reached(world, first))
    assert (await started(export())).id != first.id


@pytest.mark.parametrize("end", ["UPDATE job SET state = 'PARKED'", "DELETE FROM job"], ids=["parked", "deleted"])
async def test_a_parked_import_is_started_anew_where_it_was(world: World, started: Import, leases: SqlLeases, end: str):
    first = await started(export())
    async with world.engine.begin() as connection:
        await connection.execute(text(end))
    failed = await reached(world, first)
    assert (failed.state, failed.failure) == (ImportState.FAILED, GIVEN_UP)

    second = await started(export())

    assert second.id == first.id
    assert second.job_id != first.job_id
    assert await run_now(world.app, leases, second.job_id, seconds=LEASE.total_seconds())
    await assert_whole(world, await reached(world, first))


class Command:
    """`workgraph import jira` in a process of its own."""

    def __init__(self, settings: Settings, folder: Path, *arguments: str) -> None:
        self._arguments = arguments
        self._folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WORKGRAPH_")},
            "PYTHONPATH": str(ROOT),
            "WORKGRAPH_DATABASE_URL": settings.database_url.get_secret_value(),
            "WORKGRAPH_REDIS_URL": settings.redis_url.get_secret_value(),
            "WORKGRAPH_SECRET_KEY": settings.secret_key.get_secret_value(),
            "WORKGRAPH_DATA_DIR": str(settings.data_dir),
            "WORKGRAPH_JOB_LEASE_SECONDS": "2",
        }

    async def start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", "import", "jira"),
            *self._arguments,
            cwd=self._folder,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def run(self) -> tuple[int | None, str]:
        process = await self.start()
        output, _ = await process.communicate()
        return process.returncode, output.decode()


@pytest.mark.verify
async def test_the_command_reports_the_result(world: World, settings: Settings, tmp_path: Path):
    (tmp_path / "export.jsonl").write_bytes(export(5) + b"no JSON\n")
    arguments = ("export.jsonl", "--workspace", world.here.workspace.slug, "--report", "report.json")

    status, output = await Command(settings, tmp_path, *arguments).run()

    assert status == 0, output
    assert "Issues: 6 read, 5 created, 0 changed, 0 unchanged." in output
    assert "Comments: 10 read, 10 created, 0 changed, 0 unchanged." in output
    assert "issue UNREADABLE: 1, first in line 6" in output
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["run"]["issues_created"] == 5
    assert [(loss["line"], loss["field"]) for loss in report["losses"] if loss["field"] == "issue"] == [(6, "issue")]
    assert any(mapping["kind"] == "project" for mapping in report["mappings"])


@pytest.mark.parametrize(
    ("file", "slug", "email", "message"),
    [
        ("export.jsonl", "nowhere", None, "nowhere does not exist"),
        ("missing.jsonl", None, None, "missing.jsonl: No such file or directory"),
        ("export.jsonl", None, "nobody@example.org", "No member"),
    ],
)
async def test_the_command_refuses_what_it_cannot_do(
    world: World, tmp_path: Path, file: str, slug: str | None, email: str | None, message: str
):
    (tmp_path / "export.jsonl").write_bytes(export(1))
    order = ImportOrder(
        format=ImportFormat.JIRA,
        file=tmp_path / file,
        slug=slug or world.here.workspace.slug,
        email=email,
        project_key=None,
        site=None,
        report=None,
    )
    before = await world.rows()

    with pytest.raises(DomainError, match=message):
        await import_file(world.app, order, _never)

    assert await world.rows() == before


@pytest.mark.verify
async def test_killed_commands_lose_and_double_nothing(world: World, settings: Settings, tmp_path: Path, database: str):
    count, kills = 6000, 3
    (tmp_path / "export.jsonl").write_bytes(export(count, size=2000))
    command = Command(settings, tmp_path, "export.jsonl", "--workspace", world.here.workspace.slug)
    position = 0
    for _ in range(kills):
        process = await command.start()

        async def has_advanced(before: int = position) -> bool:
            async with world.engine.connect() as connection:
                return (await connection.scalar(text("SELECT max(position) FROM import_run")) or 0) > before

        await until(has_advanced, seconds=60)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        async with world.engine.connect() as connection:
            position = await connection.scalar(text("SELECT max(position) FROM import_run"))
    assert 0 < position < count, "every kill came too late to prove anything"

    status, output = await command.run()

    assert status == 0, output
    assert f"Resuming after item {position:,}" in output
    async with world.engine.connect() as connection:
        [run_id] = await connection.scalars(text("SELECT id FROM import_run"))
    await assert_whole(world, (await world.app.read.imports.by_ids(Actor.system(), [run_id]))[run_id], count)
