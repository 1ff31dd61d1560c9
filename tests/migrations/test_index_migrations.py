import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.migrations.catalog import catalog
from tests.servers import database_at, driver_url

ROOT = Path(__file__).parents[2]

GENERATE = """
import asyncio, sys
from sqlalchemy import Column, Index, Integer, Table, Text
from infra.db import migrate
from infra.metadata import metadata

member = metadata.tables["member"]
member.indexes -= {index for index in member.indexes if index.name == "ix_member_user_id_route"}
member.append_column(Column("shoe", Text))
Index("ix_member_shoe", member.c.shoe)
shop = Table("shop", metadata, Column("id", Integer, primary_key=True), Column("shoe", Text))
Index("ix_shop_shoe", shop.c.shoe)

async def generate(url):
    known = migrate.revisions()
    assert await migrate.add_revision(url, message="add shoes") == migrate.script_paths()[-1]
    await migrate.upgrade(url)
    assert await migrate.drift(url) == ()
    await migrate.downgrade(url, revision=known[-1])

asyncio.run(generate(sys.argv[1]))
"""
UPGRADE = "import asyncio, sys; from infra.db.migrate import upgrade; asyncio.run(upgrade(sys.argv[1]))"


class Migrations:
    """A copy of the migrations to which more are added."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url

    async def run(self, code: str) -> None:
        environment = {**os.environ, "PYTHONPATH": f"{self.folder}:{ROOT}"}
        command = (sys.executable, "-c", code, self.url)
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self.folder, env=environment, stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()

    def added(self) -> dict[str, str]:
        """Text by the end of the file name of each added migration, in their order."""
        paths = sorted((self.folder / "migrations" / "versions").glob("*_add_shoes*.py"))
        return {path.stem.partition("_")[2]: path.read_text() for path in paths}


@pytest.fixture
async def migrations(servers: dict[str, str], worker: int, tmp_path: Path) -> AsyncIterator[Migrations]:
    name = f"{servers['run']}_indexes_{worker}"
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    connection = await asyncpg.connect(driver_url(servers["database_url"]))
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        yield Migrations(tmp_path, database_at(servers["database_url"], name))
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@pytest.mark.verify
async def test_indexes_of_existing_tables_are_built_and_dropped_apart_from_other_changes(migrations):
    await migrations.run(GENERATE)
    drops, others, builds = migrations.added().items()
    assert [drops[0], others[0], builds[0]] == ["add_shoes_drop_indexes", "add_shoes", "add_shoes_build_indexes"]
    assert "CONCURRENTLY" not in others[1].upper()
    assert "ix_shop_shoe" in others[1]
    for text, index in ((drops[1], "ix_member_user_id_route"), (builds[1], "ix_member_shoe")):
        assert text.count(index) == 3  # created, dropped, and dropped before it is created
        assert text.count("postgresql_concurrently=True") == 3
        assert text.count("autocommit_block") == 2


@pytest.mark.verify
async def test_a_failed_attempt_to_build_an_index_is_repeated(migrations):
    await migrations.run(GENERATE)
    await migrations.run(UPGRADE)
    whole = await catalog(driver_url(migrations.url))
    connection = await asyncpg.connect(driver_url(migrations.url))
    try:
        # What a process leaves that is killed while it builds the index.
        await connection.execute("UPDATE alembic_version SET version_num = (version_num::int - 1)::text")
        await connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_member_shoe'::regclass")
        await migrations.run(UPGRADE)
        assert await connection.fetchval(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_member_shoe'::regclass"
        )
    finally:
        await connection.close()
    assert await catalog(driver_url(migrations.url)) == whole


class Writers:
    """Connections that change rows until they are stopped. None waits more than 200 ms for a lock."""

    def __init__(self, url: str) -> None:
        self.url = driver_url(url)
        self.commits = 0
        self.is_over = False

    async def write(self, place: int) -> None:
        connection = await asyncpg.connect(self.url, server_settings={"lock_timeout": "200ms"})
        try:
            while not self.is_over:
                await connection.execute("UPDATE account SET name = name || '' WHERE id = $1", f"usr_{place}")
                self.commits += 1
        finally:
            await connection.close()

    async def while_running(self, task: asyncio.Task[None]) -> None:
        writers = [asyncio.create_task(self.write(place)) for place in range(1, 4)]
        await asyncio.wait([task, *writers], return_when=asyncio.FIRST_COMPLETED)
        self.is_over = True
        await asyncio.gather(task, *writers)


@pytest.mark.verify
async def test_writers_do_not_wait_while_an_index_of_100_000_rows_is_built(migrations):
    await migrations.run(GENERATE.replace('"member"', '"account"').replace("ix_member_shoe", "ix_account_shoe"))
    connection = await asyncpg.connect(driver_url(migrations.url))
    try:
        await migrations.run(UPGRADE.replace("argv[1])", "argv[1], revision='1001')"))
        await connection.execute(
            "INSERT INTO account (id, name, is_placeholder, created_at, updated_at)"
            " SELECT 'usr_' || n, md5(n::text), false, now(), now() FROM generate_series(1, 100000) n"
        )
        writers = Writers(migrations.url)
        await writers.while_running(asyncio.create_task(migrations.run(UPGRADE)))
        assert writers.commits > 3
        assert await connection.fetchval("SELECT 'ix_account_shoe'::regclass::text")

        # The writers notice an index that is built in a transaction.
        async def block() -> None:
            async with connection.transaction():
                await connection.execute("CREATE INDEX blocking ON account (name)")
                await asyncio.sleep(1)

        with pytest.raises(asyncpg.LockNotAvailableError):
            await Writers(migrations.url).while_running(asyncio.create_task(block()))
    finally:
        await connection.close()
