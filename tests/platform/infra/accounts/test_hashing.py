"""Promises of both hashers, and those of the real one only."""

import asyncio
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from passlib.context import CryptContext

from domain.accounts.ports import PasswordHasher, Verdict
from domain.shared.errors import Unavailable
from infra.accounts.hashing import NOBODY, PasslibPasswordHasher
from tests.fakes.hasher import MemoryPasswordHasher
from tests.held_threads import LIVELINESS, HeldThreads

PASSWORD = "correct horse battery staple"
WRONG = Verdict(is_right=False)
RIGHT = Verdict(is_right=True)


@pytest.fixture
def argon2() -> Iterator[PasslibPasswordHasher]:
    with ThreadPoolExecutor(2) as threads:
        yield PasslibPasswordHasher(threads)


@pytest.fixture(params=["argon2", "memory"])
def hasher(request: pytest.FixtureRequest, argon2: PasslibPasswordHasher) -> PasswordHasher:
    return argon2 if request.param == "argon2" else MemoryPasswordHasher()


async def test_the_right_password_is_right_and_no_other(hasher: PasswordHasher) -> None:
    stored = await hasher.hash(PASSWORD)
    assert PASSWORD not in stored
    assert await hasher.verify(PASSWORD, stored) == RIGHT
    for other in ("", PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1]):
        assert await hasher.verify(other, stored) == WRONG


async def test_no_password_is_cut_off(hasher: PasswordHasher) -> None:
    stored = await hasher.hash("x" * 72 + "A")
    assert await hasher.verify("x" * 72 + "A", stored) == RIGHT
    assert await hasher.verify("x" * 72 + "B", stored) == WRONG
    long = await hasher.hash("x" * 1023 + "A")
    assert await hasher.verify("x" * 1023 + "A", long) == RIGHT
    assert await hasher.verify("x" * 1023 + "B", long) == WRONG


async def test_both_normal_forms_are_one_password(hasher: PasswordHasher) -> None:
    composed = unicodedata.normalize("NFC", "Zoë kauft fünf Äpfel 😀")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert await hasher.verify(decomposed, await hasher.hash(composed)) == RIGHT
    assert await hasher.verify(composed, await hasher.hash(decomposed)) == RIGHT


@pytest.mark.parametrize("password", ["x" * 1025, "é" * 513, "x" * 1_000_000, "\ud800" * 20, "a\0" * 20])
async def test_an_invalid_password_is_wrong(hasher: PasswordHasher, password: str) -> None:
    stored = await hasher.hash(PASSWORD)
    assert await hasher.verify(password, stored) == WRONG
    with pytest.raises(ValueError, match="not a password"):
        await hasher.hash(password)


@pytest.mark.parametrize("stored", [None, "", "plain", "$argon2id$v=19$m=19456,t=2,p=1$x$y", "$2b$12$" + "x" * 53])
async def test_without_a_usable_hash_every_password_is_wrong(hasher: PasswordHasher, stored: str | None) -> None:
    for password in (PASSWORD, "", "plain", "\ud800"):
        assert await hasher.verify(password, stored) == WRONG


async def test_the_stored_hash_has_owasps_parameters_and_a_salt(argon2: PasslibPasswordHasher) -> None:
    first, second = await argon2.hash(PASSWORD), await argon2.hash(PASSWORD)
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


async def test_a_weaker_hash_is_upgraded(argon2: PasslibPasswordHasher) -> None:
    weak = CryptContext(
        ["argon2"], argon2__type="ID", argon2__memory_cost=8192, argon2__time_cost=1, argon2__parallelism=1
    ).hash(PASSWORD)
    verdict = await argon2.verify(PASSWORD, weak)
    assert verdict.is_right
    assert verdict.upgraded is not None
    assert await argon2.verify(PASSWORD, verdict.upgraded) == RIGHT
    assert await argon2.verify("something else entirely", weak) == WRONG


async def test_an_attempt_costs_one_hash_for_any_account() -> None:
    """tests/platform/domain/auth/test_timing.py measures the time."""
    with HeldThreads(2) as threads:
        threads.are_let.set()
        hasher = PasslibPasswordHasher(threads)
        stored = await hasher.hash(PASSWORD)
        assert parameters(NOBODY) == parameters(stored)
        for password, hashed in (("not the password", stored), ("not the password", None), ("x" * 1_000_000, stored)):
            before = threads.given
            assert await hasher.verify(password, hashed) == WRONG
            assert threads.given == before + 1


def parameters(stored: str) -> str:
    """Kind, version, memory, passes and lanes, which are what a computation costs."""
    return stored.rsplit("$", 2)[0]


async def test_the_event_loop_does_not_wait_for_the_threads() -> None:
    with HeldThreads(2) as threads:
        hasher = PasslibPasswordHasher(threads)
        tries = [asyncio.create_task(hasher.verify(PASSWORD, None)) for _ in range(30)]
        for _ in range(100):
            await asyncio.sleep(0)
        assert threads.given == 30
        assert not any(each.done() for each in tries)
        threads.are_let.set()
        async with asyncio.timeout(LIVELINESS):
            assert await asyncio.gather(*tries) == [WRONG] * 30


async def test_no_more_hashes_at_once_than_threads() -> None:
    """Promise A29: each hash that runs needs 19 MiB of memory."""
    with HeldThreads(2) as threads:
        threads.are_let.set()
        hasher = PasslibPasswordHasher(threads)
        await asyncio.gather(*(hasher.verify(PASSWORD, None) for _ in range(10)))
        assert (threads.given, threads.most_at_once) == (10, 2)


async def test_attempts_that_would_wait_too_long_are_refused_at_once() -> None:
    """Promise A29: the queue is bounded, and it empties again."""
    with ThreadPoolExecutor(2) as pool:
        hasher = PasslibPasswordHasher(pool, most_waiting=5)
        found = await asyncio.gather(*(hasher.verify(PASSWORD, None) for _ in range(200)), return_exceptions=True)
        assert found[:5] == [WRONG] * 5
        assert {type(each) for each in found[5:]} == {Unavailable}
        stored = await hasher.hash(PASSWORD)
        assert await hasher.verify(PASSWORD, stored) == RIGHT
