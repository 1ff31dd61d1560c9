"""a crowd that signs in takes nothing from those who read; what they notice of it, `benchmarks.sign_ins` measures."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.auth.routes import router
from domain.app import App
from infra.accounts.hashing import PasslibPasswordHasher
from infra.db.engine import open_engines
from tests import api_defaults
from tests.factories.accounts import PASSWORD
from tests.held_threads import LIVELINESS, HeldThreads
from tests.identity import Identity, identity_on
from tests.patience import PATIENT
from tests.sample.world import LibraryWorld

THREADS = 2
PLACES = 6
CROWD = 200
ANN = "ann@example.org"
WRONG = "wrong horse battery staple"
LOOKED_AT = 10
"""Wrong passwords that one account's hash is compared with for one source, per minute."""


@dataclass(frozen=True)
class Person:
    email: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Server:
    served: FastAPI
    identity: Identity
    threads: HeldThreads

    async def sign_in(self, password: str, person: Person) -> httpx.Response:
        form = {"grant_type": "password", "username": person.email, "password": password}
        async with self._client(person.source) as client:
            return await client.post("/auth/token", data=form)

    async def read(self, token: str) -> httpx.Response:
        async with self._client("192.0.2.1") as client:
            query = {"query": "{ viewer { email } }"}
            return await client.post("/graphql", json=query, headers={"Authorization": f"Bearer {token}"})

    def _client(self, source: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.served, client=(source, 50_000))
        return httpx.AsyncClient(transport=transport, base_url="http://test", timeout=LIVELINESS)


@pytest.fixture
async def server(world: LibraryWorld, database: str) -> AsyncIterator[Server]:
    """A server where Ann has an account and every sign-in waits."""
    with HeldThreads(THREADS) as threads:
        threads.are_let.set()
        async with open_engines(database, PATIENT) as engines:
            identity = identity_on(engines, hasher=PasslibPasswordHasher(threads, most_waiting=PLACES))

            @asynccontextmanager
            async def opened() -> AsyncIterator[App]:
                yield App(**vars(world.app) | {"auth": identity.auth, "accounts": identity.accounts})

            served = create_app(opened, api_defaults.http(), schema=world.schema, routers=[router])
            async with served.router.lifespan_context(served):
                yield Server(served=served, identity=identity, threads=threads)
        threads.are_let.set()


async def test_reads_continue_while_sign_ins_are_refused(server: Server) -> None:
    """T14 of the tests, in order of events."""
    await server.identity.register(email=ANN)
    token = (await server.sign_in(PASSWORD, Person(ANN, "192.0.2.1"))).json()["access_token"]
    server.threads.are_let.clear()
    given = server.threads.given
    people = [Person(f"nobody{each}@example.org" if each % 2 else ANN, f"10.0.0.{each}") for each in range(CROWD)]
    async with asyncio.timeout(LIVELINESS):
        crowd = {asyncio.create_task(server.sign_in(WRONG, person)): person for person in people}
        refused: set[asyncio.Task[httpx.Response]] = set()
        while len(refused) < CROWD - PLACES:
            done, _ = await asyncio.wait(crowd.keys() - refused, return_when=asyncio.FIRST_COMPLETED)
            refused |= done
        assert Counter(each.result().status_code for each in refused) == {503: CROWD - PLACES}
        assert {each.result().headers["retry-after"] for each in refused} == {"1"}

        for _ in range(20):
            answer = await server.read(token)
            assert answer.json() == {"data": {"viewer": {"email": ANN}}}
        waiting = crowd.keys() - refused
        assert [each for each in waiting if each.done()] == []

        server.threads.are_let.set()
        assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [400] * PLACES
    assert server.threads.given == given + PLACES
    assert server.threads.most_at_once == THREADS

    assert await looked_at(server, crowd[next(iter(refused))]) == LOOKED_AT
    assert await looked_at(server, crowd[next(iter(waiting))]) == LOOKED_AT - 1
    assert (await server.sign_in(PASSWORD, Person(ANN, "192.0.2.2"))).status_code == 200


async def looked_at(server: Server, person: Person) -> int:
    """Number of further guesses of this person that reach the hasher."""
    given = server.threads.given
    statuses = [(await server.sign_in(WRONG, person)).status_code for _ in range(LOOKED_AT + 1)]
    number = server.threads.given - given
    assert statuses == [400] * number + [429] * (LOOKED_AT + 1 - number)
    return number
