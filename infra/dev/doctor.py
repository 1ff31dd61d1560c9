"""Checks of `workgraph doctor`. Each finding that is not OK says what to do."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.shared.errors import Unavailable
from infra.auth.access_listener import open_listener
from infra.auth.actor_memory import RecentActors
from infra.db import migrate
from infra.db.engine import engine_options, open_engines
from infra.db.guards import GuardsDiffer
from infra.db.pool import CONNECTION_FAILURES
from infra.db.recent_writers import RecentWriters
from infra.db.replica import LOOK_SECONDS, NO_REPLICA, open_replica
from infra.db.routines import declared, differences
from infra.dev.servers import KEY_FILE
from infra.mail.smtp import SmtpServer
from infra.metadata import metadata
from infra.settings import Settings
from infra.shared.redis import redis_client

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRES = 15
OLDEST_REDIS = (6, 2)
SECONDS = 5.0
LOOKS = 7  # at a replica, which may apply a new commit a few seconds later, before it counts as left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`advice` says what to do; without it all is well. A warning does not count as ill."""

    subject: str
    detail: str
    advice: str = ""
    is_warning: bool = False

    @property
    def is_ill(self) -> bool:
        return bool(self.advice) and not self.is_warning


async def examine(settings: Settings, *, has_mail: bool = True) -> AsyncIterator[Finding]:
    yield _python()
    for finding in await _database(settings):
        yield finding
    if settings.database_read_url.get_secret_value():
        yield await _replica(settings)
    yield await _sessions(settings)
    yield await _redis(settings.redis_url.get_secret_value())
    yield _secret(settings)
    for folder in (settings.data_dir, settings.files):
        yield _folder(folder)
    yield _public_url(settings)
    if has_mail:
        yield await _mail(settings)


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    try:
        detail = f"{found}, Workgraph {version('workgraph')}"
    except PackageNotFoundError:
        return Finding(subject="Python", detail=found, advice="Install Workgraph: make install")
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding(subject="Python", detail=detail, advice="Install Python 3.11 or newer.")
    return Finding(subject="Python", detail=detail)


async def _database(settings: Settings) -> list[Finding]:
    """Findings over connections like those of the server, so that its pooler is examined too."""
    url = settings.database_url.get_secret_value()
    options = replace(engine_options(settings), pool_size=1, write_pool_size=1)
    try:
        async with asyncio.timeout(SECONDS), open_engines(url, options) as engines:
            engines.read.release(await engines.read.acquire())
            async with engines.write.connect() as connection:
                number = int(str(await connection.scalar(text("SHOW server_version_num"))))
                problem = await migrate.problem_of(connection) or await _routine_problem(connection)
    except GuardsDiffer as error:
        limits, _, advice = str(error).partition(": ")
        return [Finding(subject="PostgreSQL", detail=limits, advice=advice)]
    except (SQLAlchemyError, *CONNECTION_FAILURES) as error:
        advice = "Start the server, and check WORKGRAPH_DATABASE_URL."
        return [Finding(subject="PostgreSQL", detail=_reason(error), advice=advice)]
    is_new_enough = number >= OLDEST_POSTGRES * 10_000
    advice = "" if is_new_enough else f"Upgrade the server to PostgreSQL {OLDEST_POSTGRES} or newer."
    return [
        Finding(subject="PostgreSQL", detail=f"{number // 10_000}.{number % 10_000}", advice=advice),
        Finding(subject="Limits", detail=f"statements end after {options.statement_timeout:g} s"),
        Finding(
            subject="Migrations",
            detail="the database does not match this version of Workgraph" if problem else "up to date",
            advice=problem,
        ),
    ]


async def _routine_problem(connection: AsyncConnection) -> str:
    different = await differences(connection, declared(metadata))
    if not different:
        return ""
    return f"Run the statements of the migrations again that create: {', '.join(different)}"


async def _replica(settings: Settings) -> Finding:
    options = replace(engine_options(settings), pool_size=1, write_pool_size=1)
    url, read_url = settings.database_url.get_secret_value(), settings.database_read_url.get_secret_value()
    redis = redis_client(settings.redis_url.get_secret_value())
    try:
        async with (
            open_engines(url, options) as engines,
            open_replica(read_url, options, engines.write, RecentWriters(redis)) as replica,
        ):
            looks = 1
            while (problem := replica.problem) and looks < LOOKS and problem != NO_REPLICA:
                looks += 1
                await asyncio.sleep(LOOK_SECONDS)
            if not problem:
                return Finding(subject="Replica", detail="used for reads")
            advice = "Start the replica, and check WORKGRAPH_DATABASE_READ_URL. Until then, reads use the primary."
            return Finding(subject="Replica", detail=problem, advice=advice, is_warning=True)
    except GuardsDiffer as error:
        return Finding(subject="Replica", detail="limits are not in force", advice=str(error))
    finally:
        await redis.aclose()


async def _sessions(settings: Settings) -> Finding:
    """Whether API processes can remember sessions."""
    subject, seconds, url = "Sessions", settings.session_memory_seconds, settings.listening_url
    if not seconds:
        return Finding(subject=subject, detail="read for each request")
    if not url:
        advice = "Set WORKGRAPH_DATABASE_DIRECT_URL, so that API processes can remember sessions."
        return Finding(subject=subject, detail="read for each request", advice=advice, is_warning=True)
    async with open_listener(url, RecentActors(seconds)) as listener:
        if not listener.problem:
            return Finding(subject=subject, detail=f"remembered for {seconds:g} s")
        advice = f"Changes of access are not heard: {listener.problem}."
        return Finding(subject=subject, detail="read for each request", advice=advice, is_warning=True)


async def _redis(url: str) -> Finding:
    client = redis_client(url)
    try:
        async with asyncio.timeout(SECONDS):
            about = await client.info("server")
    except (RedisError, OSError, TimeoutError) as error:
        advice = "Start the server, and check WORKGRAPH_REDIS_URL."
        return Finding(subject="Redis", detail=_reason(error), advice=advice)
    finally:
        await client.aclose()
    spoken = str(about["redis_version"])
    is_new_enough = tuple(int(part) for part in spoken.split(".")[:2]) >= OLDEST_REDIS
    detail = f"{spoken} (Valkey {about['valkey_version']})" if "valkey_version" in about else spoken
    advice = "" if is_new_enough else "Upgrade the server to Redis 6.2 or newer, or Valkey."
    return Finding(subject="Redis", detail=detail, advice=advice)


def _secret(settings: Settings) -> Finding:
    path = settings.data_dir / KEY_FILE
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding(
            subject="Secret key", detail=f"{path} is readable by other users", advice=f"Run: chmod 600 {path}"
        )
    return Finding(subject="Secret key", detail=f"{len(settings.secret_key.get_secret_value().encode())} bytes")


def _folder(folder: Path) -> Finding:
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        advice = f"Make {existing} writable for this user, or set WORKGRAPH_DATA_DIR."
        return Finding(subject="Folder", detail=f"{folder} is not writable", advice=advice)
    return Finding(subject="Folder", detail=f"{folder} is writable")


def _public_url(settings: Settings) -> Finding:
    if settings.is_production and not settings.issuer.startswith("https://"):
        advice = "Put a proxy with TLS in front, and set WORKGRAPH_PUBLIC_URL to its https:// address."
        return Finding(subject="Public URL", detail=settings.issuer, advice=advice, is_warning=True)
    return Finding(subject="Public URL", detail=settings.issuer)


async def _mail(settings: Settings) -> Finding:
    url = settings.smtp_url.get_secret_value()
    if settings.has_mailbox:
        return Finding(subject="Mail", detail=f"not sent, shown at {settings.issuer}/dev/mail")
    if not url:
        advice = "Set WORKGRAPH_SMTP_URL. Registration and password reset require mail."
        return Finding(subject="Mail", detail="no mail server is configured", advice=advice, is_warning=True)
    try:
        await SmtpServer(url, encryption=settings.smtp_encryption, seconds=SECONDS).probe()
    except Unavailable as error:
        return Finding(subject="Mail", detail=error.message.rstrip("."), advice="Check WORKGRAPH_SMTP_URL.")
    return Finding(subject="Mail", detail=f"{urlsplit(url).hostname} accepts mail from {settings.mail_from}")


def _reason(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    return str(original).partition("\n")[0] or type(original).__name__
