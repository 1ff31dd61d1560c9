import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from infra.db import migrate
from infra.metadata import metadata
from tests.migrations.catalog import catalog
from tests.servers import database_at, driver_url

ROOT = Path(__file__).parents[2]
BASE = "base"
REPLACED = """CREATE OR REPLACE FUNCTION workgraph_access_changed() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN RETURN NULL; END'"""
UPGRADE = "import asyncio, sys; from infra.db.migrate import upgrade; asyncio.run(upgrade(sys.argv[1]))"


@pytest.fixture
async def empty_database(servers: dict[str, str], worker: int) -> AsyncIterator[str]:
    name = f"{servers['run']}_migrations_{worker}"
    connection = await asyncpg.connect(driver_url(servers["database_url"]))
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        yield database_at(servers["database_url"], name)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


async def problem_of(url: str) -> str:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await migrate.problem_of(connection)
    finally:
        await engine.dispose()


async def migrate_afresh(url: str) -> None:
    """Drops everything and runs the committed migrations."""
    connection = await asyncpg.connect(driver_url(url))
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    await migrate.upgrade(url)


async def is_at_head(url: str) -> bool:
    return not await problem_of(url)


@pytest.mark.verify
async def test_each_step_up_can_be_taken_back_and_up_again(empty_database: str):
    below = BASE
    for revision in migrate.revisions():
        before = await catalog(driver_url(empty_database))
        await migrate.upgrade(empty_database, revision=revision)
        after = await catalog(driver_url(empty_database))
        await migrate.downgrade(empty_database, revision=below)
        assert await catalog(driver_url(empty_database)) == before, f"{revision}: downgrade() leaves something"
        await migrate.upgrade(empty_database, revision=revision)
        assert await catalog(driver_url(empty_database)) == after
        below = revision
    assert await is_at_head(empty_database)


async def test_the_migrated_database_is_the_one_that_the_tables_describe(empty_database: str):
    engine = create_async_engine(empty_database)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    described = await catalog(driver_url(empty_database))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.drop_all)
    await engine.dispose()
    assert not any((await catalog(driver_url(empty_database))).values())
    await migrate.upgrade(empty_database)
    assert await catalog(driver_url(empty_database)) == described
    assert await migrate.drift(empty_database) == ()


SQUASH = """
import asyncio, sys
from infra.db import migrate

async def squash(url):
    print(await migrate.add_revision(url, message="everything"))
    await migrate.upgrade(url)
    print(migrate.revisions(), await migrate.drift(url))

asyncio.run(squash(sys.argv[1]))
"""


@pytest.mark.verify
async def test_one_generated_migration_can_replace_all_others(empty_database: str, tmp_path: Path):
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations", ignore=shutil.ignore_patterns("[0-9]*.py"))
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    command = (sys.executable, "-c", SQUASH, empty_database)
    pipes: dict[str, Any] = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    squashed = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, env=environment, **pipes)
    printed, errors = await squashed.communicate()
    written = tmp_path / "migrations" / "versions" / f"{migrate.BASELINE}_everything.py"
    assert squashed.returncode == 0, errors.decode()
    assert printed.decode().splitlines()[-2:] == [str(written), f"('{migrate.BASELINE}',) ()"]
    found = await catalog(driver_url(empty_database))
    await migrate_afresh(empty_database)
    assert await catalog(driver_url(empty_database)) == found


async def test_drift_names_what_differs(empty_database: str):
    await migrate.upgrade(empty_database)
    connection = await asyncpg.connect(driver_url(empty_database))
    await connection.execute("ALTER TABLE account ADD COLUMN shoe_size int")
    await connection.close()
    (difference,) = await migrate.drift(empty_database)
    assert "shoe_size" in difference


CHANGES = {
    "DROP TRIGGER member_access_added ON member": "TRIGGER member_access_added ON member",
    "ALTER TABLE session DISABLE TRIGGER session_access_changed": "TRIGGER session_access_changed ON session",
    REPLACED: "FUNCTION workgraph_access_changed()",
    "CREATE FUNCTION forgotten() RETURNS int LANGUAGE sql AS 'SELECT 1'": "FUNCTION forgotten()",
}
"""Change of a function or trigger -> its name."""


async def test_drift_names_functions_and_triggers_that_differ(empty_database: str):
    await migrate.upgrade(empty_database)
    assert await migrate.drift(empty_database) == ()
    connection = await asyncpg.connect(driver_url(empty_database))
    for change in CHANGES:
        await connection.execute(change)
    await connection.close()
    differences = await migrate.drift(empty_database)
    assert len(differences) == len(CHANGES)
    for name in CHANGES.values():
        assert len([each for each in differences if name in each]) == 1, (name, differences)


@pytest.mark.verify
@pytest.mark.parametrize("count", [2, 4])
async def test_processes_that_migrate_at_once_all_succeed(empty_database: str, count: int):
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", UPGRADE, empty_database, cwd=ROOT, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(count)
    ]
    ended = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0] * count, ended
    assert await is_at_head(empty_database)


async def test_a_database_behind_or_ahead_of_the_code_is_not_at_head(empty_database: str):
    assert not await is_at_head(empty_database)
    await migrate.upgrade(empty_database)
    assert await is_at_head(empty_database)
    connection = await asyncpg.connect(driver_url(empty_database))
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    assert not await is_at_head(empty_database)


async def test_a_database_of_an_unknown_version_is_left_alone_with_the_way_to_start_afresh(empty_database: str):
    await migrate.upgrade(empty_database)
    connection = await asyncpg.connect(driver_url(empty_database))
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = await catalog(driver_url(empty_database))
    with pytest.raises(migrate.MigrationError) as refused:
        await migrate.upgrade(empty_database)
    assert str(refused.value) == migrate.UNKNOWN
    assert "workgraph dev --reset" in migrate.UNKNOWN
    assert await catalog(driver_url(empty_database)) == before
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9999"
    await connection.close()
    assert await problem_of(empty_database) == migrate.UNKNOWN


async def test_a_database_of_the_unreleased_migrations_is_left_alone_with_the_way_to_start_afresh(empty_database: str):
    await migrate.upgrade(empty_database)
    connection = await asyncpg.connect(driver_url(empty_database))
    await connection.execute("UPDATE alembic_version SET version_num = '0024'")
    before = await catalog(driver_url(empty_database))
    with pytest.raises(migrate.MigrationError) as refused:
        await migrate.upgrade(empty_database)
    assert str(refused.value) == migrate.UNRELEASED
    assert "workgraph dev --reset" in migrate.UNRELEASED
    assert await catalog(driver_url(empty_database)) == before
    await connection.close()
    assert await problem_of(empty_database) == migrate.UNRELEASED


async def test_a_migration_gives_up_on_a_lock_and_changes_nothing(empty_database: str):
    await migrate.upgrade(empty_database)
    await migrate.downgrade(empty_database, revision="1002")  # later ones need no locks of tables
    before = await catalog(driver_url(empty_database))
    connection = await asyncpg.connect(driver_url(empty_database))
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {', '.join(metadata.tables)} IN ACCESS SHARE MODE")
            with pytest.raises(migrate.MigrationError, match="Run `workgraph migrate` again"):
                await migrate.downgrade(empty_database, revision=BASE)
    finally:
        await connection.close()
    assert await catalog(driver_url(empty_database)) == before
    await migrate.upgrade(empty_database)
    assert await is_at_head(empty_database)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "/nowhere"])
async def test_a_database_that_cannot_be_reached_is_named(host: str):
    url = f"postgresql+asyncpg://me@{host}/x" if ":" in host else f"postgresql+asyncpg://me@/x?host={host}"
    with pytest.raises(migrate.MigrationError, match=r"cannot be reached: .*Check WORKGRAPH_DATABASE_URL"):
        await migrate.upgrade(url)


def test_migrations_run_in_any_folder_from_an_installed_package(tmp_path: Path):
    found = subprocess.run(
        [sys.executable, "-c", "from infra.db import migrate; print(migrate.revisions())"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(migrate.revisions())
