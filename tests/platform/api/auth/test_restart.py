"""Tokens and attempts are known to all processes and survive a restart (A31)."""

import pytest

from domain.accounts.commands import Registration
from domain.auth.guessing import ACCOUNT_SOURCE_TRIES
from domain.shared.actor import Actor
from infra.settings import Settings
from tests.factories.accounts import PASSWORD
from tests.platform.api.auth.processes import Process, open_process

ANN = "ann@example.org"
MAKE_KEY = 'mutation { apiKeyCreate(input: {name: "ci", scopes: [READ]}) { key apiKey { id } errors { message } } }'
REVOKE_KEY = "mutation ($id: ID!) { apiKeyRevoke(input: {id: $id}) { errors { message } } }"
WRONG = {"grant_type": "password", "username": ANN, "password": "a wrong guess at it"}


@pytest.fixture
async def settings(settings: Settings, database: str, redis_database: str) -> Settings:
    """Settings of a server with one account."""
    async with open_process(settings, recheck_seconds=2) as process:
        registration = Registration(email=ANN, name="Ann", password=PASSWORD)
        await process.app.accounts.create(Actor.system(), registration)
    return settings


async def rotated(process: Process, token: str) -> tuple[int, dict[str, str]]:
    answer = await process.http.post("/auth/token", data={"grant_type": "refresh_token", "refresh_token": token})
    return answer.status_code, answer.json()


async def test_sessions_live_on_and_what_was_spent_stays_so(settings: Settings) -> None:
    async with open_process(settings, recheck_seconds=2) as process:
        kept, ended, replayed = [await process.sign_in(ANN) for _ in range(3)]
        key, revoked = [(await process.data(kept["access_token"], MAKE_KEY))["apiKeyCreate"] for _ in range(2)]
        await process.data(kept["access_token"], REVOKE_KEY, id=revoked["apiKey"]["id"])
        await process.http.post("/auth/revoke", data={"token": ended["access_token"]})
        _, following = await rotated(process, replayed["refresh_token"])
        _, newest = await rotated(process, following["refresh_token"])

    async with open_process(settings, recheck_seconds=2) as process:
        for token, status in (
            (kept["access_token"], 200),
            (ended["access_token"], 401),
            (newest["access_token"], 200),
            (key["key"], 200),
            (revoked["key"], 401),
        ):
            assert (await process.me(token)).status_code == status
        assert await rotated(process, ended["refresh_token"]) == (400, await reason(process, ended))
        # Spent two generations ago: whoever has it has stolen it, or the other one was.
        assert (await rotated(process, replayed["refresh_token"]))[0] == 400
        assert (await process.me(newest["access_token"])).status_code == 401
        assert (await rotated(process, kept["refresh_token"]))[0] == 200


async def reason(process: Process, tokens: dict[str, str]) -> dict[str, str]:
    """Message for an unknown refresh token; used ones must get the same."""
    return (await rotated(process, tokens["refresh_token"][:-3] + "xyz"))[1]


async def guesses(process: Process, count: int) -> list[int]:
    return [(await process.http.post("/auth/token", data=WRONG)).status_code for _ in range(count)]


async def test_tries_are_counted_over_restarts_and_over_all_processes(settings: Settings) -> None:
    """Each process alone would have admitted all that it was asked."""
    statuses = []
    for _ in range(2):
        async with open_process(settings, recheck_seconds=2) as process:
            statuses += await guesses(process, ACCOUNT_SOURCE_TRIES // 2 - 1)
    async with (
        open_process(settings, recheck_seconds=2) as first,
        open_process(settings, recheck_seconds=2) as second,
    ):
        for process in (first, second, first, second):
            statuses += await guesses(process, 1)
    assert statuses == [400] * ACCOUNT_SOURCE_TRIES + [429] * (len(statuses) - ACCOUNT_SOURCE_TRIES)
    assert len(statuses) == ACCOUNT_SOURCE_TRIES + 2
