"""Every statement on workspace data reads one partition of tables that are partitioned by workspace."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import create_async_engine

from infra.bootstrap import open_app
from infra.settings import Settings
from tests import partitions
from tests.servers import create_database, drop_databases
from tests.tracker.api.lists import LISTS
from tests.tracker.api.permission_table import USES, Use, build_scene, roles
from tests.tracker.api.test_statements import CONTENT
from tests.tracker.api.world import World, build_world

ROOT = Path(__file__).parents[4]
SUITE = (
    "tests/tracker/api/audit",
    "tests/tracker/api/comments",
    "tests/tracker/api/issues",
    "tests/tracker/api/labels",
    "tests/tracker/api/milestones",
    "tests/tracker/api/projects",
    "tests/tracker/api/transfers",
    "tests/tracker/api/workspaces",
    "tests/tracker/api/test_conflicts.py",
    "tests/tracker/api/test_guests.py",
    "tests/tracker/api/test_nodes.py",
)
WITHOUT = (
    "test_a_milestone_with_issues_goes_only_when_they_have_another",
    "test_a_project_with_milestones_is_not_deleted",
    "test_a_refused_deletion_leaves_nothing",
    "test_an_issue_that_is_not_trashed_or_has_others_under_it_is_not_purged",
    "test_bad_deletions_of_states_are_refused",
)
"""Tests of refused deletions: PostgreSQL numbers foreign keys of partitions, so its errors name other constraints."""


@pytest.fixture(scope="module")
async def partitioned_url(servers: dict[str, str], worker: int) -> AsyncIterator[str]:
    name = f"{servers['run']}_partitioned_{worker}"
    url = await create_database(servers["database_url"], run=servers["run"], name=name)
    await partitions.partition(url)
    yield url
    await drop_databases(servers["database_url"], run=name)


@pytest.fixture
async def world(partitioned_url: str, settings: Settings, redis_database: str) -> AsyncIterator[World]:
    engine = create_async_engine(partitioned_url)
    async with open_app(settings.model_copy(update={"database_url": SecretStr(partitioned_url)})) as app:
        yield await build_world(app, engine)
    await engine.dispose()


def ends_something(use: Use) -> bool:
    return use.mutation.endswith(("Delete", "Purge", "Remove", "Leave", "Transfer", "Revoke"))


async def test_each_statement_of_the_api_reads_one_partition(world: World, partitioned_url: str) -> None:
    scene = await build_scene(world)
    with partitions.recorded() as sent:
        for use in sorted(USES, key=ends_something):
            role = roles(use.allowed)[-1]
            await scene.client(role).mutate(use.mutation, use.given(scene, role))
        for name, build in LISTS.items():
            listed = await build(await build_world(world.app, world.engine), 2)
            page = await listed.page("first: 2", f"totalCount nodes {{ id {CONTENT[name]} }}")
            assert len(page["nodes"]) == 2
    scanned = await partitions.spread(partitioned_url, sent)
    assert len([text for text, found in scanned.items() if found]) > 70
    assert partitions.faults(scanned) == []


async def test_a_statement_that_reads_several_partitions_is_found(partitioned_url: str) -> None:
    one = "SELECT FROM issue WHERE workspace_id = $1 AND id = ANY($2::text[])"
    any_of = "SELECT FROM issue WHERE workspace_id = ANY($1::text[])"
    moved = "UPDATE issue SET title = $1 WHERE id = $2"
    sent = {one: ["a", ["b"]], any_of: [["a"]], moved: ["New", "b"], "SHOW work_mem": []}
    scanned = await partitions.spread(partitioned_url, sent)
    assert {text: len(found) for text, found in scanned.items()} == {one: 1, any_of: 4, moved: 4}
    assert partitions.faults(scanned, {r"^UPDATE issue": "a sample"}) == [f"4 partitions: {any_of}"]


@pytest.mark.verify
@pytest.mark.alone
async def test_the_suite_runs_on_partitions_and_each_statement_reads_one() -> None:
    arguments = ("-q", "-n", "2", "--dist", "worksteal", "-x", "-k", f"not ({' or '.join(WITHOUT)})")
    run = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pytest", *arguments, *SUITE),
        cwd=ROOT,
        env={**os.environ, partitions.VARIABLE: "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await run.communicate()
    assert run.returncode == 0, printed.decode()[-8000:]
