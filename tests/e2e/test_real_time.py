"""T15 of the tests: rules about time, kept by a served process on the clock of the machine.

Everywhere else a test moves the clock. Here ends are brought near and waited for, and what counts is the order: nothing
is refused before its end, and nothing taken after it, however slow the machine is.
"""

import json
import time
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.processes import Workgraph
from tests.e2e.test_serve import free_port
from tests.factories.accounts import PASSWORD
from tests.servers import driver_url

pytestmark = pytest.mark.verify

SECRET = "Zk3pV8sQ1xWn6RtY0bLc9mHd4gJf7uEa2oTi5yCv"
ANN = "ann@example.org"
HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"
NEAR = (4, 20, 100)
"""Seconds to an end; tried in this order until the machine is fast enough to use the credential before its end."""
PATIENCE = 300  # seconds
PAUSE = 0.1  # seconds
GUESSES, TAKEN_A_MINUTE = 1000, 10


@dataclass(frozen=True)
class Server:
    client: httpx.Client
    database: asyncpg.Connection

    def sign_in(self, password: str = PASSWORD, *, source: str = HERE) -> httpx.Response:
        form = {"grant_type": "password", "username": ANN, "password": password}
        return self.client.post("/auth/token", data=form, headers={"X-Forwarded-For": source})

    def refresh(self, token: str) -> httpx.Response:
        return self.client.post("/auth/token", data={"grant_type": "refresh_token", "refresh_token": token})

    def is_taken(self, token: str) -> bool:
        """Whether a query succeeds with the token; fails on any answer other than success or 401."""
        answer = self.client.post("/graphql", json={"query": "{ viewer { email } }"}, headers=bearer(token))
        if answer.status_code == 401:
            return False
        assert answer.json()["data"] == {"viewer": {"email": ANN}}
        return True

    def is_alive(self, token: str, *, witness: str) -> bool:
        """Whether introspection reports the token as active, which does not use up a refresh token."""
        answer = self.client.post("/auth/introspect", data={"token": token}, headers=bearer(witness))
        assert answer.status_code == 200
        return bool(answer.json()["active"])

    async def end_in(self, seconds: int, table: str, *, condition: str, value: str) -> float:
        """Moves the end of the matching rows to `seconds` from now and returns it as a timestamp."""
        end = await self.database.fetchval(
            f"UPDATE {table} SET expires_at = now() + $1 * interval '1 s' WHERE {condition} RETURNING expires_at",
            seconds,
            value,
        )
        assert end is not None
        return float(end.timestamp())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def claims_of(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    return dict(json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))))


@pytest.fixture
async def server(tmp_path: Path, database: str, redis_database: str) -> AsyncIterator[Server]:
    port = str(free_port())
    variables = {"DATABASE_URL": database, "REDIS_URL": redis_database, "SECRET_KEY": SECRET, "PORT": port}
    workgraph = Workgraph(tmp_path, variables)
    assert workgraph.run("user", "create", ANN, "--name", "Ann", stdin=f"{PASSWORD}\n").returncode == 0
    connection = await asyncpg.connect(driver_url(database))
    url = f"http://127.0.0.1:{port}"
    with workgraph.running("serve") as api, httpx.Client(base_url=url, timeout=PATIENCE) as client:
        api.wait_until_ready(url)
        yield Server(client, connection)
    await connection.close()


def taken_until(end: float, is_taken: Callable[[], bool]) -> int:
    """Number of times that a credential was accepted; fails if it is accepted after `end` or refused before."""
    deadline = time.monotonic() + PATIENCE
    for number in looks():
        asked_at = time.time()
        if is_taken():
            assert asked_at < end, f"taken {asked_at - end:.3f} s after its end"
        else:
            assert time.time() >= end, f"refused {end - time.time():.3f} s before its end"
            return number
        assert time.monotonic() < deadline
    raise AssertionError


def looks() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1
        time.sleep(PAUSE)


async def test_an_access_token_is_taken_until_it_expires(server: Server) -> None:
    """Brings the end of the session near, since an access token never outlives its session."""
    for seconds in NEAR:
        first = server.sign_in().json()
        await server.end_in(seconds, "session", condition="id = $2", value=str(claims_of(first["access_token"])["sid"]))
        answer = server.refresh(first["refresh_token"])
        if answer.status_code != 200:  # the end came first
            continue
        tokens = answer.json()
        assert tokens["expires_in"] <= seconds
        end = float(str(claims_of(tokens["access_token"])["exp"]))
        if taken_until(end, lambda token=tokens["access_token"]: server.is_taken(token)):
            return
    pytest.fail("It was never taken.")


async def test_a_session_is_taken_until_its_end_and_not_refreshed_after(server: Server) -> None:
    for seconds in NEAR:
        tokens = server.sign_in().json()
        token, session_id = tokens["access_token"], str(claims_of(tokens["access_token"])["sid"])
        assert server.is_taken(token)
        end = await server.end_in(seconds, "session", condition="id = $2", value=session_id)
        number = taken_until(end, lambda token=token: server.is_taken(token))
        refused = server.refresh(tokens["refresh_token"])
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        if number:
            return
    pytest.fail("It was never taken.")


async def test_an_idle_session_is_refreshed_until_its_token_expires(server: Server) -> None:
    witness = server.sign_in().json()["access_token"]
    for seconds in NEAR:
        tokens = server.sign_in().json()
        session_id = str(claims_of(tokens["access_token"])["sid"])
        token = tokens["refresh_token"]
        assert server.is_alive(token, witness=witness)
        end = await server.end_in(seconds, "refresh_token", condition="session_id = $2", value=session_id)
        number = taken_until(end, lambda token=token: server.is_alive(token, witness=witness))
        refused = server.refresh(token)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        if number:
            return
    pytest.fail("It was never alive.")


async def test_an_api_key_is_taken_until_it_expires(server: Server) -> None:
    owner = server.sign_in().json()["access_token"]
    create = """mutation { apiKeyCreate(input: {name: "short", scopes: [READ]}) {
      key apiKey { id } errors { message } } }"""
    for seconds in NEAR:
        answer = server.client.post("/graphql", json={"query": create}, headers=bearer(owner)).json()
        made = answer["data"]["apiKeyCreate"]
        assert server.is_taken(made["key"])
        end = await server.end_in(seconds, "api_key", condition="id = $2", value=made["apiKey"]["id"])
        if taken_until(end, lambda key=made["key"]: server.is_taken(key)):
            return
    pytest.fail("It was never taken.")


async def test_an_open_socket_lives_until_its_token_expires(server: Server) -> None:
    url = str(server.client.base_url.copy_with(scheme="ws", path="/graphql"))
    for seconds in NEAR:
        first = server.sign_in().json()
        await server.end_in(seconds, "session", condition="id = $2", value=str(claims_of(first["access_token"])["sid"]))
        answer = server.refresh(first["refresh_token"])
        if answer.status_code != 200:
            continue
        token = answer.json()["access_token"]
        with connect(url, subprotocols=["graphql-transport-ws"], proxy=None) as socket:
            socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
            try:
                assert json.loads(socket.recv(PATIENCE)) == {"type": "connection_ack"}
            except ConnectionClosed:
                continue
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(PATIENCE)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "Token expired")
        assert time.time() >= float(str(claims_of(token)["exp"]))
        return
    pytest.fail("It was never open.")


async def test_a_thousand_guesses_and_the_owner_gets_in_elsewhere_at_once_and_here_in_a_while(server: Server) -> None:
    begun = time.monotonic()
    answers = [server.sign_in("wrong horse battery staple") for _ in range(GUESSES)]
    minutes = 1 + int((time.monotonic() - begun) / 60)
    found = Counter(answer.status_code for answer in answers)
    assert found.keys() == {400, 429}
    assert TAKEN_A_MINUTE <= found[400] <= TAKEN_A_MINUTE * minutes
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in answers if answer.status_code == 429)
    assert server.sign_in(source=ELSEWHERE).status_code == 200
    assert until_let_in(server).status_code == 200


def until_let_in(server: Server) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE
    for _ in looks():
        if (answer := server.sign_in()).status_code != 429:
            return answer
        assert time.monotonic() < deadline
    raise AssertionError
