from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from infra.dev.doctor import Finding, examine
from infra.settings import Settings
from tests.engine.infra.mail.smtp_sink import SmtpSink, smtp_sink
from tests.servers import driver_url


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with smtp_sink() as sink:
        yield sink


async def mail_findings(folder: Path, *, has_mail: bool = True, **values: object) -> list[Finding]:
    """Findings of the doctor about mail alone; the settings name a database and a Redis that do not exist."""
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        redis_url=SecretStr("redis://127.0.0.1:1"),
        **values,
    )
    return [finding async for finding in examine(settings, has_mail=has_mail) if finding.subject == "Mail"]


async def test_a_mail_server_that_can_be_used_is_named(tmp_path: Path, sink: SmtpSink) -> None:
    [finding] = await mail_findings(
        tmp_path,
        smtp_url=f"smtp://127.0.0.1:{sink.port}",
        smtp_encryption="off",
        mail_from="Workgraph <tracker@example.org>",
    )

    assert finding == Finding(subject="Mail", detail="127.0.0.1 accepts mail from Workgraph <tracker@example.org>")
    assert "MAIL" not in sink.commands


async def test_a_mail_server_that_cannot_is_an_ill_without_its_password(tmp_path: Path, sink: SmtpSink) -> None:
    [finding] = await mail_findings(tmp_path, smtp_url=f"smtp://me:hunter2@127.0.0.1:{sink.port}")

    assert finding.is_ill
    assert finding.detail == (
        "The mail server cannot be used: it offers no encryption; WORKGRAPH_SMTP_ENCRYPTION can allow that"
    )
    assert "hunter2" not in repr(finding)


async def test_without_a_server_it_says_where_mail_goes(tmp_path: Path) -> None:
    [at_home] = await mail_findings(tmp_path)
    assert at_home == Finding(subject="Mail", detail="not sent, shown at http://localhost:8000/dev/mail")

    [in_production] = await mail_findings(tmp_path, environment="production", public_url="https://tracker.example.org")
    assert (in_production.detail, in_production.is_warning, in_production.is_ill) == (
        "no mail server is configured",
        True,
        False,
    )
    assert "WORKGRAPH_SMTP_URL" in in_production.advice


async def test_doctor_can_skip_the_mail_server(tmp_path: Path, sink: SmtpSink) -> None:
    assert await mail_findings(tmp_path, has_mail=False, smtp_url=f"smtp://127.0.0.1:{sink.port}") == []
    assert sink.commands == []


async def test_a_missing_trigger_is_named(settings: Settings, database: str, redis_database: str) -> None:
    async def migrations() -> Finding:
        [found] = [finding async for finding in examine(settings, has_mail=False) if finding.subject == "Migrations"]
        return found

    assert not (await migrations()).is_ill
    async with renamed_trigger(database, "member_access_added", table="member"):
        finding = await migrations()
    assert finding.is_ill
    assert finding.advice.endswith(": TRIGGER member_access_added ON member")


@pytest.mark.parametrize(
    ("given", "detail", "advice"),
    [
        ({}, "remembered for 5 s", ""),
        ({"session_memory_seconds": 0}, "read for each request", ""),
        ({"database_pooler": "transaction"}, "read for each request", "Set WORKGRAPH_DATABASE_DIRECT_URL"),
        (
            {"database_direct_url": SecretStr("postgresql+asyncpg://me@127.0.0.1:1/none")},
            "read for each request",
            "Changes of access are not heard: ConnectionRefusedError.",
        ),
    ],
)
async def test_whether_sessions_are_remembered_is_told(
    settings: Settings, database: str, redis_database: str, given: dict[str, Any], detail: str, advice: str
) -> None:
    found = [each async for each in examine(settings.replaced(**given), has_mail=False) if each.subject == "Sessions"]
    [finding] = found
    assert finding.detail == detail
    assert finding.advice.startswith(advice)
    assert bool(finding.advice) is bool(advice) is finding.is_warning


@asynccontextmanager
async def renamed_trigger(url: str, name: str, *, table: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(driver_url(url))
    try:
        await connection.execute(f"ALTER TRIGGER {name} ON {table} RENAME TO other")
        yield
        await connection.execute(f"ALTER TRIGGER other ON {table} RENAME TO {name}")
    finally:
        await connection.close()
