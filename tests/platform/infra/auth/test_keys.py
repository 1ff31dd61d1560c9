import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import text

from domain.auth.errors import InvalidToken
from domain.auth.keyring import KeyRing
from domain.auth.model import SigningKey
from domain.shared.actor import Actor, Cause
from domain.shared.errors import PermissionDenied, Unavailable
from infra.auth.keys import AesKeyMaker, derived_key
from infra.db.engine import open_engines
from tests.factories.accounts import IDS
from tests.fakes.clock import MemoryClock
from tests.identity import Identity, identity_on
from tests.patience import PATIENT
from tests.platform.infra.auth.conftest import SECRET

OPERATOR = Actor.system()
ANN = "ann@example.org"


@pytest.fixture
async def processes(database: str) -> AsyncIterator[Callable[[int], list[Identity]]]:
    """Several processes on one database and one clock."""
    async with AsyncExitStack() as stack:
        engines = await stack.enter_async_context(open_engines(database, PATIENT))
        clock = MemoryClock()
        yield lambda number: [identity_on(engines, clock=clock) for _ in range(number)]


async def test_processes_that_start_at_once_make_one_key(processes: Callable[[int], list[Identity]]) -> None:
    started = processes(8)
    await asyncio.gather(*(each.auth.prepare(OPERATOR) for each in started))
    assert len(await started[0].auth.keys(OPERATOR)) == 1


async def test_the_first_sign_in_makes_the_key_and_all_processes_know_it(
    processes: Callable[[int], list[Identity]],
) -> None:
    first, second = processes(2)
    with pytest.raises(InvalidToken):
        await second.auth.authenticate("a.b.c")
    await first.register(email=ANN)
    tokens = await first.sign_in(ANN)
    assert (await second.auth.authenticate(tokens.access_token)).user_id is not None


async def test_key_rotation_keeps_users_signed_in(processes: Callable[[int], list[Identity]]) -> None:
    first, second = processes(2)
    await first.register(email=ANN)
    old = await first.sign_in(ANN)
    await second.auth.authenticate(old.access_token)
    await first.auth.rotate_keys(OPERATOR)
    before_it_signs = await first.sign_in(ANN)
    first.clock.move(seconds=11)
    new = await first.sign_in(ANN)
    kids = [jwt.get_unverified_header(each.access_token)["kid"] for each in (old, before_it_signs, new)]
    assert kids[0] == kids[1] != kids[2]
    for tokens in (old, before_it_signs, new):
        await second.auth.authenticate(tokens.access_token)
    assert [key["kid"] for key in await second.auth.published_keys(Actor())] == [kids[0], kids[2]]
    first.clock.move(minutes=10, seconds=90)
    for process in (first, second):
        assert [key["kid"] for key in await process.auth.published_keys(Actor())] == [kids[2]]
        with pytest.raises(InvalidToken):
            await process.auth.authenticate(old.access_token)
    await first.refresh(new.refresh_token)


async def test_tokens_of_the_old_key_live_out_their_time_in_every_process(database: str) -> None:
    """Two processes with connections of their own: the old token dies with its last second and no sooner."""
    clock = MemoryClock()
    async with open_engines(database, PATIENT) as here, open_engines(database, PATIENT) as there:
        first, second = identity_on(here, clock=clock), identity_on(there, clock=clock)
        await first.register(email=ANN)
        old = [await first.sign_in(ANN), await second.sign_in(ANN)]
        await first.auth.rotate_keys(OPERATOR)
        clock.move(seconds=45)  # both sign with the new key: the one that rotated, and the one that read it since
        new = [await first.refresh(old[1].refresh_token), await second.refresh(old[0].refresh_token)]
        kids = [jwt.get_unverified_header(each.access_token)["kid"] for each in (*old, *new)]
        assert kids[0] == kids[1] != kids[2] == kids[3]
        clock.move(seconds=600 - 45 - 1)
        for process in (first, second):
            for tokens in (*old, *new):
                await process.auth.authenticate(tokens.access_token)
        clock.move(seconds=1)
        for process in (first, second):
            for tokens in old:
                with pytest.raises(InvalidToken):
                    await process.auth.authenticate(tokens.access_token)
            for tokens in new:
                await process.auth.authenticate(tokens.access_token)
        clock.move(days=1)
        for process, tokens in zip((second, first), new, strict=True):
            following = await process.refresh(tokens.refresh_token)
            assert (await first.auth.authenticate(following.access_token)).user_id is not None


async def test_rotation_removes_keys_that_verify_nothing_any_more(processes: Callable[[int], list[Identity]]) -> None:
    (process,) = processes(1)
    for _ in range(4):
        await process.auth.rotate_keys(OPERATOR)
        process.clock.move(hours=1)
    assert len(await process.auth.keys(OPERATOR)) == 2


async def test_unknown_keys_are_looked_for_at_most_every_three_seconds(
    processes: Callable[[int], list[Identity]],
) -> None:
    (process,) = processes(1)
    await process.register(email=ANN)
    tokens = await process.sign_in(ANN)
    reads = 0

    class CountingReader:
        def __init__(self, keys: list[SigningKey]) -> None:
            self.keys = keys

        async def signing_keys(self) -> list[SigningKey]:
            nonlocal reads
            reads += 1
            return self.keys

    ring = KeyRing(CountingReader(list(await process.auth.keys(OPERATOR))), process.clock, life=timedelta(minutes=10))
    for _ in range(100):
        assert await ring.verifying(IDS.new("key")) is None
    assert reads == 1
    process.clock.move(seconds=3)
    await asyncio.gather(*(ring.verifying(IDS.new("key")) for _ in range(100)))
    assert reads == 2
    assert await ring.verifying(jwt.get_unverified_header(tokens.access_token)["kid"]) is not None
    assert reads == 2


@pytest.mark.parametrize("actor", [Actor(), Actor(user_id=IDS.new("usr"), cause=Cause.SYSTEM)])
async def test_keys_are_the_operators_business(processes: Callable[[int], list[Identity]], actor: Actor) -> None:
    (process,) = processes(1)
    with pytest.raises(PermissionDenied):
        await process.auth.rotate_keys(actor)
    with pytest.raises(PermissionDenied):
        await process.auth.keys(actor)
    assert await process.auth.keys(OPERATOR) == []


async def test_the_database_never_holds_a_token_a_password_or_a_private_key(
    processes: Callable[[int], list[Identity]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (process,) = processes(1)
    secrets = ["correct horse battery staple"]
    await process.register(email=ANN)
    for _ in range(5):
        tokens = await process.sign_in(ANN)
        following = await process.refresh(tokens.refresh_token)
        secrets += [tokens.access_token, tokens.refresh_token, following.access_token, following.refresh_token]
    assert secrets[1] not in repr(tokens)
    assert tokens.refresh_token not in repr(tokens)
    (key,) = await process.auth.keys(OPERATOR)
    private = format(process.keys.private_key(key).private_numbers().private_value, "x")
    async with process.engine.connect() as connection:
        tables = ["account", "password", "session", "refresh_token", "signing_key"]
        rows = [
            (await connection.execute(text(f"SELECT to_jsonb(t)::text FROM {each} t"))).scalars() for each in tables
        ]
    dump = "\n".join(line for lines in rows for line in lines)
    assert ANN in dump, "the dump shows something"
    assert "PRIVATE" not in dump
    for secret in [*secrets, private]:
        assert secret not in dump
        assert secret not in caplog.text


def test_another_secret_opens_no_key() -> None:
    clock = MemoryClock()
    key = AesKeyMaker(SECRET, IDS).new(created_at=clock.now(), signs_from=clock.now())
    with pytest.raises(Unavailable, match="WORKGRAPH_SECRET_KEY"):
        AesKeyMaker(SECRET + "x", IDS).private_key(key)


def test_a_sealed_key_belongs_to_its_id() -> None:
    clock = MemoryClock()
    maker = AesKeyMaker(SECRET, IDS)
    first, second = (maker.new(created_at=clock.now(), signs_from=clock.now()) for _ in range(2))
    with pytest.raises(Unavailable):
        maker.private_key(replace(first, sealed_private_key=second.sealed_private_key))


def test_each_purpose_has_its_key() -> None:
    keys = {derived_key(SECRET, "one"), derived_key(SECRET, "two"), derived_key(SECRET + "x", "one")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}


def test_the_published_key_verifies_with_another_library() -> None:
    clock = MemoryClock()
    maker = AesKeyMaker(SECRET, IDS)
    key = maker.new(created_at=clock.now(), signs_from=clock.now())
    token = jwt.encode({"a": 1}, maker.private_key(key), algorithm="ES256")
    assert jwt.decode(token, jwt.PyJWK(dict(maker.public_jwk(key)))) == {"a": 1}
    assert "d" not in maker.public_jwk(key)
