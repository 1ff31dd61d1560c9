import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio
from arq.connections import RedisSettings, create_pool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.dev.embedded import EmbeddedServerError, EmbeddedServers, _make_private
from infra.dev.folder_lock import FolderInUse, FolderLock, holder_of
from infra.dev.processes import command_line, wait_until
from tests.servers import driver_url

ROOT = Path(__file__).parents[4]
HOLDER = """
import sys, threading
from pathlib import Path
from infra.dev import processes
from infra.dev.embedded import EmbeddedServers
if sys.argv[2] == "outlived":
    processes._libc = None  # as on systems without a parent-death signal
with EmbeddedServers(Path(sys.argv[1]), durable=True) as servers:
    print(*(child.process.pid for child in servers._children), flush=True)
    threading.Event().wait()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    EmbeddedServers(tmp_path / "data", durable=True).forget()


def hold_servers(folder: Path, *, fate: str) -> tuple[subprocess.Popen[str], list[int]]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), fate], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    return holder, [int(pid) for pid in holder.stdout.readline().split()]


def is_gone(pid: int) -> bool:
    return not command_line(pid)


async def query(servers: EmbeddedServers, statement: str) -> object:
    connection = await asyncpg.connect(driver_url(servers.database_url))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.mark.verify
async def test_both_servers_answer_every_client_that_we_use(tmp_path: Path):
    async with EmbeddedServers(tmp_path / "with space", durable=False) as servers:
        engine = create_async_engine(servers.database_url)
        async with engine.connect() as connection:
            version = await connection.scalar(text("SHOW server_version"))
        await engine.dispose()
        client = redis.asyncio.from_url(f"{servers.redis_url}?db=3")
        await client.set("key", "value")
        pool = await create_pool(RedisSettings.from_dsn(f"{servers.redis_url}?db=3"))
        seen = await pool.get("key")
        await client.aclose()
        await pool.aclose()
    assert str(version).startswith("18.")
    assert seen == b"value"


@pytest.mark.verify
async def test_data_survives_a_restart(folder: Path):
    with EmbeddedServers(folder, durable=True) as servers:
        await query(servers, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert await query(servers, "SHOW fsync") == "on"
    with EmbeddedServers(folder, durable=True) as servers:
        assert await query(servers, "SELECT answer FROM kept") == 42


@pytest.mark.verify
async def test_deleting_the_folder_creates_a_new_database(folder: Path):
    with EmbeddedServers(folder, durable=True) as servers:
        await query(servers, "CREATE TABLE kept AS SELECT 42 AS answer")
    shutil.rmtree(folder)
    with EmbeddedServers(folder, durable=True) as servers:
        assert await query(servers, "SELECT to_regclass('kept') IS NULL") is True


async def test_servers_die_with_a_killed_parent_and_the_next_start_works(folder: Path):
    holder, children = hold_servers(folder, fate="killed with their parent")
    assert [is_gone(pid) for pid in children] == [False, False]
    holder.kill()
    holder.communicate()
    assert wait_until(lambda: all(is_gone(pid) for pid in children), seconds=10)
    with EmbeddedServers(folder, durable=True) as servers:
        assert await query(servers, "SELECT 1") == 1


async def test_the_next_start_ends_servers_that_outlived_their_parent(folder: Path):
    holder, children = hold_servers(folder, fate="outlived")
    holder.kill()
    holder.communicate()
    assert [is_gone(pid) for pid in children] == [False, False]
    with EmbeddedServers(folder, durable=True) as servers:
        assert [is_gone(pid) for pid in children] == [True, True]
        assert await query(servers, "SELECT 1") == 1


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


@pytest.mark.verify
async def test_a_reused_pid_of_another_process_is_left_alone(folder: Path, bystander: subprocess.Popen[bytes]):
    with EmbeddedServers(folder, durable=True) as servers:
        pid_file = servers._store / "data" / "postmaster.pid"
        content = pid_file.read_text()
    pid_file.write_text(content.replace(content.split("\n", 1)[0], str(bystander.pid), 1))
    (folder / "valkey" / "valkey.pid").write_text(str(bystander.pid))
    with EmbeddedServers(folder, durable=True) as servers:
        assert await query(servers, "SELECT 1") == 1
    assert bystander.poll() is None


def test_a_second_start_in_the_folder_names_the_first(folder: Path):
    with (
        EmbeddedServers(folder, durable=True),
        pytest.raises(FolderInUse, match=f"is in use by process {os.getpid()}"),
        EmbeddedServers(folder, durable=True),
    ):
        pass


@pytest.mark.verify
def test_closing_leaves_no_process_and_without_durability_no_data(tmp_path: Path):
    with EmbeddedServers(tmp_path / "data", durable=False) as servers:
        children = [child.process.pid for child in servers._children]
        store, sockets = servers._store, servers._sockets
        assert [is_gone(pid) for pid in children] == [False, False]
    assert [is_gone(pid) for pid in children] == [True, True]
    assert not (store / "data").exists()
    assert not sockets.exists()


@pytest.mark.verify
async def test_forgetting_ends_what_a_killed_run_left_and_removes_its_data(folder: Path):
    holder, children = hold_servers(folder, fate="outlived")
    holder.kill()
    holder.communicate()
    servers = EmbeddedServers(folder, durable=True)
    assert (servers._store / "data").exists()
    servers.forget()
    assert [is_gone(pid) for pid in children] == [True, True]
    assert not (servers._store / "data").exists()


def test_sockets_of_a_deep_folder_have_short_paths(tmp_path: Path):
    deep = tmp_path / ("deep" * 30)
    servers = EmbeddedServers(deep, durable=False)
    assert len(str(servers._sockets)) < 60


def test_a_folder_made_by_another_user_is_refused(tmp_path: Path):
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    for name in ("link", "shared"):
        with pytest.raises(EmbeddedServerError, match="is not a folder of this user alone"):
            _make_private(tmp_path / name)


def test_a_lock_gives_the_details_of_its_holder(tmp_path: Path):
    path = tmp_path / "lock"
    assert holder_of(path) is None
    with FolderLock(path) as lock:
        lock.announce(url="http://localhost:8000")
        assert holder_of(path) == {"pid": str(os.getpid()), "url": "http://localhost:8000"}
    assert holder_of(path) is None
