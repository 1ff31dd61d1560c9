import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle, islice

import pytest

from domain.auth.errors import InvalidGrant
from domain.shared.actor import Actor, ClientInfo
from infra.accounts.hashing import PasslibPasswordHasher
from infra.db.engine import open_engines
from tests.guessing import TELLING, Times, best_guess
from tests.identity import Identity, identity_on
from tests.patience import PATIENT

TRIES = 400
ACCOUNTS = 8


async def seconds(identity: Identity, email: str, number: int) -> float:
    started = time.perf_counter()
    with pytest.raises(InvalidGrant):
        await identity.sign_in(email, "wrong horse battery staple", source=f"10.0.{number // 250}.{number % 250}")
    return time.perf_counter() - started


@pytest.mark.verify
@pytest.mark.alone
async def test_the_time_does_not_tell_whether_an_account_exists(database: str) -> None:
    async with open_engines(database, PATIENT) as engines:
        with ThreadPoolExecutor(2) as threads:
            identity = identity_on(engines, hasher=PasslibPasswordHasher(threads))
            for number in range(ACCOUNTS):
                await identity.register(email=f"known{number}@example.org")
            numbers = count()

            async def taken() -> Times:
                known, unknown = [], []
                for account in islice(cycle(range(ACCOUNTS)), TRIES):
                    known.append(await seconds(identity, f"known{account}@example.org", next(numbers)))
                    unknown.append(await seconds(identity, f"other{account}@example.org", next(numbers)))
                return known, unknown

            assert await best_guess(taken) <= TELLING


async def asking_seconds(ask: Callable[[Actor, str], Awaitable[None]], email: str, number: int) -> float:
    actor = Actor(client=ClientInfo(address=f"10.0.{number // 250}.{number % 250}"))
    started = time.perf_counter()
    await ask(actor, email)
    return time.perf_counter() - started


@pytest.mark.verify
@pytest.mark.alone
@pytest.mark.parametrize("action", ["register", "forgot"])
async def test_the_time_of_asking_for_a_mail_does_not_tell_either(database: str, action: str) -> None:
    async with open_engines(database, PATIENT) as engines:
        with ThreadPoolExecutor(2) as threads:
            identity = identity_on(engines, hasher=PasslibPasswordHasher(threads))

            async def ask(actor: Actor, email: str) -> None:
                if action == "forgot":
                    await identity.passwords.forgot(actor, email)
                else:
                    await identity.registrations.register(actor, email)

            for number in range(ACCOUNTS):
                await identity.register(email=f"known{number}@example.org")
            numbers = count()

            async def taken() -> Times:
                known, unknown = [], []
                for account in islice(cycle(range(ACCOUNTS)), TRIES):
                    if account == 0:
                        identity.throttle_time.move(hours=1)
                    known.append(await asking_seconds(ask, f"known{account}@example.org", next(numbers)))
                    unknown.append(await asking_seconds(ask, f"other{account}@example.org", next(numbers)))
                return known, unknown

            assert await best_guess(taken) <= TELLING
