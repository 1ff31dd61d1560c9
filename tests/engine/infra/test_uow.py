"""Repositories of a Unit of Work are built when they are first used."""

from datetime import timedelta
from typing import Any

import pytest

from domain.accounts.jobs import SendRegistrationLink
from domain.shared.actor import Actor
from domain.shared.security import SecurityEventKind
from infra.commits import SqlCommit
from infra.db.first_use import first_use
from infra.shared.ids import Uuid7IdFactory
from infra.uow import SqlUow
from tests.fakes.clock import MemoryClock
from tests.identity import open_identity

ANN = "ann@example.org"
REPOSITORIES = {name for base in SqlUow.__mro__ for name, value in vars(base).items() if isinstance(value, first_use)}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[SqlUow]:
    """Units of Work that were opened."""
    found: list[Any] = []
    build = SqlCommit.__init__

    def kept(uow: SqlUow, *given: Any) -> None:
        build(uow, *given)
        found.append(uow)

    monkeypatch.setattr(SqlCommit, "__init__", kept)
    return found


async def test_a_sign_in_builds_only_the_repositories_that_it_uses(database: str, opened: list[SqlUow]) -> None:
    async with open_identity(database) as identity:
        await identity.register(email=ANN)
        await identity.sign_in(ANN)  # makes the first signing key as well
        opened.clear()
        await identity.sign_in(ANN)
    built = [REPOSITORIES & vars(uow).keys() for uow in opened]
    assert len(REPOSITORIES) > 20
    assert 1 <= sum(map(len, built)) <= 3, built


def test_a_repository_is_built_once() -> None:
    uow = SqlUow(object(), object(), object(), object())  # type: ignore[arg-type]  # nothing reaches the database
    assert not REPOSITORIES & vars(uow).keys()
    assert uow.members is uow.members
    assert uow.areas is uow.areas
    assert vars(uow).keys() & REPOSITORIES == {"members"}


async def test_all_that_a_transaction_changes_has_one_time_taken_when_it_is_first_asked_for() -> None:
    clock = MemoryClock()
    uow = SqlUow(object(), Actor(), clock, Uuid7IdFactory(clock))  # type: ignore[arg-type]  # nothing reaches the database
    clock.move(minutes=1)  # as long as the lock of a row is awaited
    locked_at = uow.now
    clock.move(minutes=1)
    assert uow.now == locked_at
    assert clock.now() - locked_at == timedelta(minutes=1)
    uow.note(SecurityEventKind.SIGNED_IN, user_id=None)
    uow.enqueue(SendRegistrationLink(link_id="otl_1"))
    assert [noted["occurred_at"] for noted in uow._security_events] == [locked_at]
    assert [job["run_at"] for job in uow._jobs] == [locked_at]
