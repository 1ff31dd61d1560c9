"""The servers of one test run: embedded ones, or those of WORKGRAPH_DATABASE_URL and WORKGRAPH_REDIS_URL."""

import ipaddress
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy.engine import make_url

from infra.db import migrate
from infra.dev.embedded import EmbeddedServers
from infra.dev.folder_lock import holder_of
from infra.settings import PREFIX, asyncpg_url

RUNS = Path("/tmp")
TEMPLATE_LOCK = 4_711


@contextmanager
def running_servers(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The two URLs and a name for this run, which its databases start with."""
    name = f"workgraph_test_{secrets.token_hex(4)}"
    database_url = environment.get(f"{PREFIX}DATABASE_URL", "")
    redis_url = environment.get(f"{PREFIX}REDIS_URL", "")
    if database_url and redis_url:
        yield {"database_url": asyncpg_url(database_url), "redis_url": redis_url, "run": name}
        return
    _remove_old_runs()
    folder = RUNS / f"workgraph-tests-{os.geteuid()}-{os.getpid()}"
    try:
        with EmbeddedServers(folder, durable=False) as servers:
            yield {
                "database_url": asyncpg_url(database_url) if database_url else servers.database_url,
                "redis_url": redis_url or servers.redis_url,
                "run": name,
            }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_old_runs() -> None:
    """A killed run leaves its folder; its servers died with it."""
    for folder in RUNS.glob(f"workgraph-tests-{os.geteuid()}-*"):
        pid = folder.name.rpartition("-")[2]
        if holder_of(folder / "servers.lock") is None and not Path(f"/proc/{pid}").exists():
            EmbeddedServers(folder, durable=False).forget()
            shutil.rmtree(folder, ignore_errors=True)


async def create_database(server_url: str, *, run: str, name: str) -> str:
    """A new database with all tables, copied from the run's template; answers its URL."""
    connection = await asyncpg.connect(driver_url(server_url))
    template = f"{run}_template"
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", template):
                await connection.execute(f"CREATE DATABASE {template}_unfinished")
                await migrate.upgrade(database_at(server_url, f"{template}_unfinished"))
                await connection.execute(f"ALTER DATABASE {template}_unfinished RENAME TO {template}")
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", TEMPLATE_LOCK)
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    finally:
        await connection.close()
    return database_at(server_url, name)


async def drop_databases(server_url: str, *, run: str) -> None:
    connection = await asyncpg.connect(driver_url(server_url))
    try:
        names = await connection.fetch("SELECT datname FROM pg_database WHERE starts_with(datname::text, $1)", run)
        for (name,) in names:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def table_emptier(url: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A function that empties all tables. Without foreign-key triggers a DELETE of 24 tables takes 0.5 ms,
    with them 6 ms, and TRUNCATE 22 ms; but turning them off needs a superuser."""
    connection = await asyncpg.connect(driver_url(url))
    rows = await connection.fetch(
        "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    )
    tables = [name for (name,) in rows]
    if await connection.fetchval("SELECT usesuper FROM pg_user WHERE usename = current_user"):
        await connection.execute("SET session_replication_role = replica")
        statement = "; ".join(f"DELETE FROM {table}" for table in tables)
    else:
        statement = f"TRUNCATE {', '.join(tables)}" if tables else ""

    async def empty() -> None:
        await connection.execute(statement)

    try:
        yield empty
    finally:
        await connection.close()


def database_at(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def driver_url(url: str) -> str:
    """URL for asyncpg itself, without SQLAlchemy's `+asyncpg`."""
    return url.replace("postgresql+asyncpg:", "postgresql:", 1)


def refuse_foreign_hosts(*allowed_urls: str) -> None:
    """Limits all further connections of this process to this machine and the hosts of the given URLs."""
    allowed = {"localhost", ""} | {urlsplit(url).hostname or "" for url in allowed_urls}

    def check(event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.getaddrinfo":
            host = arguments[0]
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            host = arguments[1][0]
        else:
            return
        name = host.decode() if isinstance(host, bytes) else str(host or "")
        if name not in allowed and not _is_loopback(name):
            raise AssertionError(f"A test wants to reach {name}; tests have no network.")

    sys.addaudithook(check)


def _is_loopback(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
