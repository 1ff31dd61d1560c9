import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from api.health.watch import EFFECTS, LOOKS_BETWEEN_WARNINGS, SUBJECTS, HealthWatch
from domain.shared.health import HealthCheck
from infra.shared.health import DATABASE, GUARDS, MIGRATIONS, REDIS, REPLICA, SESSIONS

LOGGER = "workgraph.health"


@dataclass
class GivenHealth:
    checks: list[HealthCheck] = field(default_factory=list)

    async def check(self) -> Sequence[HealthCheck]:
        return self.checks


def failing(name: str, detail: str) -> HealthCheck:
    return HealthCheck(name=name, is_ok=False, detail=detail)


def passing(name: str) -> HealthCheck:
    return HealthCheck(name=name, is_ok=True)


@pytest.mark.parametrize(
    ("check", "line"),
    [
        (
            failing(DATABASE, "ConnectionRefusedError"),
            f"PostgreSQL is not available (ConnectionRefusedError). {EFFECTS[DATABASE]}",
        ),
        (
            failing(REDIS, "TimeoutError"),
            f"Redis is not available (TimeoutError). {EFFECTS[REDIS]}",
        ),
        (failing(MIGRATIONS, "Run: workgraph migrate"), "The database schema: Run: workgraph migrate"),
    ],
)
async def test_failing_server_is_warned_of_at_once_then_each_minute_until_it_is_back(
    caplog: pytest.LogCaptureFixture, check: HealthCheck, line: str
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    health = GivenHealth([check])
    watch = HealthWatch(health)
    for _ in range(LOOKS_BETWEEN_WARNINGS):
        await watch.look()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", line)]
    await watch.look()
    assert [record.getMessage() for record in caplog.records] == [line] * 2
    caplog.clear()
    health.checks = [passing(check.name)]
    for _ in range(2):
        await watch.look()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", f"{SUBJECTS[check.name]}: OK again.")
    ]


async def test_healthy_servers_are_not_mentioned(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    await HealthWatch(GivenHealth([passing(name) for name in (DATABASE, MIGRATIONS, REDIS)])).look()
    assert caplog.records == []


def test_each_check_has_a_name_for_the_log() -> None:
    assert set(SUBJECTS) == {DATABASE, GUARDS, MIGRATIONS, REDIS, REPLICA, SESSIONS}
