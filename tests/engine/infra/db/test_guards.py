"""A server starts only if PostgreSQL enforces its limits."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import literal_column, select

from domain.shared.errors import Unavailable
from infra.bootstrap import open_app
from infra.db.engine import open_engines, require_guards
from infra.db.guards import GuardsDiffer, check_seen
from infra.db.read import ReadSession
from infra.dev.doctor import Finding, examine
from infra.settings import Settings
from infra.shared.health import ServerHealth
from infra.shared.redis import redis_client
from tests import defaults
from tests.engine.infra.db.startup_relay import startup_relay

LIMITS = (
    "idle_in_transaction_session_timeout is 0 instead of 30000",
    "statement_timeout is 0 instead of 30000",
    "jit is on instead of off",
    "max_parallel_workers_per_gather is 2 instead of 0",
    "transaction_read_only is off instead of on",
)


@pytest.fixture
async def relayed(settings: Settings) -> AsyncIterator[Settings]:
    """Settings whose database is behind a relay that drops limits."""
    async with startup_relay(settings.database_url.get_secret_value()) as url:
        yield settings.replaced(database_url=SecretStr(url))


async def test_an_application_does_not_start_without_its_limits(relayed: Settings) -> None:
    with pytest.raises(GuardsDiffer) as raised:
        async with open_app(relayed):
            pass
    assert [limit for limit in LIMITS if limit not in str(raised.value)] == []
    assert "WORKGRAPH_DATABASE_POOLER=transaction" in str(raised.value)


async def test_a_replica_without_limits_is_refused_too(settings: Settings, relayed: Settings) -> None:
    behind_relay = settings.replaced(database_read_url=relayed.database_url)
    await require_guards(settings)
    with pytest.raises(GuardsDiffer):
        await require_guards(behind_relay)
    with pytest.raises(GuardsDiffer):
        async with open_app(behind_relay):
            pass


async def test_limits_of_each_transaction_need_no_startup_parameters(relayed: Settings) -> None:
    async with open_app(relayed.replaced(database_pooler="transaction")) as app:
        assert [check.is_ok for check in await app.health.check()] == [True] * 3


async def test_a_database_that_is_away_at_the_start_is_compared_later(relayed: Settings) -> None:
    nowhere = "postgresql+asyncpg://nobody@/nothing?host=/nonexistent"
    await require_guards(relayed.replaced(database_url=SecretStr(nowhere)))
    async with open_engines(relayed.database_url.get_secret_value(), defaults.engine()) as engines:
        with pytest.raises(Unavailable):
            await ReadSession(engines.read).fetch(select(literal_column("1")))
        redis = redis_client(relayed.redis_url.get_secret_value())
        [guards, _] = await ServerHealth(engines.write, redis).check()
        await redis.aclose()
    assert (guards.name, guards.is_ok, guards.is_required) == ("guards", False, True)
    assert "statement_timeout is 0 instead of 5000" in guards.detail
    assert "127.0.0.1" not in guards.detail, "/readyz is public."


async def test_the_doctor_examines_connections_of_the_server_s_kind(settings: Settings, relayed: Settings) -> None:
    [ill] = await database_findings(relayed)
    assert "statement_timeout is 0 instead of 30000" in ill.advice
    assert ill.is_ill
    for well in (settings, relayed.replaced(database_pooler="transaction")):
        assert [(each.subject, each.is_ill) for each in await database_findings(well)] == [
            ("PostgreSQL", False),
            ("Limits", False),
            ("Migrations", False),
        ]


async def test_the_doctor_warns_of_a_replica_that_is_none(settings: Settings) -> None:
    itself = settings.replaced(database_read_url=settings.database_url)
    [finding] = [each async for each in examine(itself, has_mail=False) if each.subject == "Replica"]
    assert (finding.detail, finding.is_warning) == ("not a replica of the primary", True)


async def database_findings(settings: Settings) -> list[Finding]:
    found = [each async for each in examine(settings, has_mail=False)]
    return [each for each in found if each.subject in ("PostgreSQL", "Limits", "Migrations")]


async def test_limits_that_differ_are_named_alone() -> None:
    check_seen({"jit": "off", "lock_timeout": "3000"}, {"jit": "off"})
    with pytest.raises(
        GuardsDiffer, match=r"server: lock_timeout is 0 instead of 3000, jit is unknown instead of off\."
    ):
        check_seen({"lock_timeout": "0", "a": "1"}, {"lock_timeout": "3000", "jit": "off", "a": "1"})
