"""Two OAuth clients that others wrote, as they come, against the whole server (A1, A20)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import InvalidClientError, InvalidGrantError, LegacyApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session as OauthlibSession

from infra.settings import Settings
from tests.factories.accounts import PASSWORD
from tests.platform.api.auth.loopback import ANN, identity_provider

SECONDS = 60
VIEWER = {"query": "{ viewer { id } }"}

Metadata = dict[str, Any]


@pytest.fixture
async def issuer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[str]:
    async with identity_provider(settings) as address:
        yield address


@pytest.fixture
async def metadata(issuer: str) -> Metadata:
    def read() -> Metadata:
        answer = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=SECONDS)
        found: Metadata = answer.json()
        return found

    return await asyncio.to_thread(read)


class Authlib:
    def __init__(self, metadata: Metadata) -> None:
        self.metadata = metadata
        self.updates: list[str] = []
        self.session = AuthlibSession(
            "workgraph", token_endpoint=metadata["token_endpoint"], update_token=self._updated, default_timeout=SECONDS
        )

    def _updated(self, token: dict[str, Any], refresh_token: str) -> None:
        self.updates.append(refresh_token)

    def sign_in(self, password: str = PASSWORD) -> None:
        self.session.fetch_token(username=ANN, password=password)

    def refresh(self, refresh_token: str) -> None:
        self.session.refresh_token(refresh_token=refresh_token)

    def expire(self) -> None:
        self.session.token = {**self.session.token, "expires_at": 1}

    def revoke(self, token: str) -> requests.Response:
        answer: requests.Response = self.session.revoke_token(self.metadata["revocation_endpoint"], token=token)
        return answer

    def introspect(self, token: str) -> dict[str, Any]:
        url = self.metadata["introspection_endpoint"]
        answer: dict[str, Any] = self.session.introspect_token(url, token=token, auth=self.session.token_auth).json()
        return answer

    def error(self, act: Callable[[], None]) -> str:
        with pytest.raises(OAuthError) as raised:
            act()
        assert raised.value.description
        return str(raised.value.error)


class Oauthlib:
    def __init__(self, metadata: Metadata) -> None:
        self.metadata = metadata
        self.updates: list[str] = []
        self.session = OauthlibSession(
            client=LegacyApplicationClient("workgraph"),
            auto_refresh_url=metadata["token_endpoint"],
            auto_refresh_kwargs={"client_id": "workgraph"},
            token_updater=self._updated,
        )

    def _updated(self, token: dict[str, Any]) -> None:
        self.session.token = token
        self.updates.append(token["refresh_token"])

    def sign_in(self, password: str = PASSWORD) -> None:
        self.session.fetch_token(
            self.metadata["token_endpoint"],
            username=ANN,
            password=password,
            include_client_id=True,
            timeout=SECONDS,
        )

    def refresh(self, refresh_token: str) -> None:
        self.session.refresh_token(self.metadata["token_endpoint"], refresh_token=refresh_token, timeout=SECONDS)

    def expire(self) -> None:
        self.session.token = {**self.session.token, "expires_in": "-30", "expires_at": 1}

    def revoke(self, token: str) -> requests.Response:
        client = LegacyApplicationClient("workgraph")
        url, headers, body = client.prepare_token_revocation_request(self.metadata["revocation_endpoint"], token)
        return requests.post(url, body, headers=headers, timeout=SECONDS)

    def introspect(self, token: str) -> dict[str, Any]:
        answer = self.session.post(self.metadata["introspection_endpoint"], data={"token": token}, timeout=SECONDS)
        content: dict[str, Any] = answer.json()
        return content

    def error(self, act: Callable[[], None]) -> str:
        with pytest.raises(OAuth2Error) as raised:
            act()
        assert raised.value.description
        if raised.value.error == "invalid_grant":
            assert isinstance(raised.value, InvalidGrantError)
        return str(raised.value.error)


Client = Authlib | Oauthlib


@pytest.fixture(params=[Authlib, Oauthlib])
async def client(
    request: pytest.FixtureRequest, metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the server is on this machine, without TLS
    made: Client = request.param(metadata)
    with made.session:
        yield made


def signed_in_as(client: Client) -> str:
    """Asked over REST and over GraphQL."""
    issuer = client.metadata["issuer"]
    over_rest = client.session.get(f"{issuer}/auth/me", timeout=SECONDS)
    over_rest.raise_for_status()
    over_graphql = client.session.post(f"{issuer}/graphql", json=VIEWER, timeout=SECONDS)
    person = over_rest.json()
    assert over_graphql.json()["data"] == {"viewer": {"id": person["id"]}}
    return str(person["email"])


async def test_sign_in_and_be_known(client: Client) -> None:
    def act() -> None:
        client.sign_in()
        assert client.session.token.keys() >= {"access_token", "refresh_token", "expires_in", "expires_at"}
        assert client.session.token["token_type"] == "Bearer"
        assert signed_in_as(client) == ANN

    await asyncio.to_thread(act)


async def test_an_expired_token_is_refreshed_by_itself(client: Client) -> None:
    def act() -> None:
        client.sign_in()
        first = dict(client.session.token)
        client.expire()
        assert signed_in_as(client) == ANN
        assert len(client.updates) == 1
        assert client.session.token["access_token"] != first["access_token"]
        assert client.session.token["refresh_token"] != first["refresh_token"]

    await asyncio.to_thread(act)


async def test_a_used_refresh_token_is_an_invalid_grant_and_ends_the_session(client: Client) -> None:
    def act() -> None:
        client.sign_in()
        used = client.session.token["refresh_token"]
        client.refresh(used)
        client.refresh(client.session.token["refresh_token"])
        last = dict(client.session.token)
        assert client.error(lambda: client.refresh(used)) == "invalid_grant"
        assert client.error(lambda: client.refresh(last["refresh_token"])) == "invalid_grant"
        assert signed_out(client, last["access_token"])

    await asyncio.to_thread(act)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_revoked_token_is_worth_nothing(client: Client, kind: str) -> None:
    def act() -> None:
        client.sign_in()
        tokens = dict(client.session.token)
        assert client.revoke(tokens[kind]).status_code == 200
        assert client.error(lambda: client.refresh(tokens["refresh_token"])) == "invalid_grant"
        assert signed_out(client, tokens["access_token"])

    await asyncio.to_thread(act)


async def test_a_wrong_password_is_an_invalid_grant(client: Client) -> None:
    def act() -> None:
        assert client.error(lambda: client.sign_in("not the password")) == "invalid_grant"
        assert not client.session.token
        client.sign_in()
        assert signed_in_as(client) == ANN

    await asyncio.to_thread(act)


async def test_guessing_too_often_is_an_error_that_the_client_knows(client: Client) -> None:
    def act() -> None:
        errors = [client.error(lambda: client.sign_in("not the password")) for _ in range(11)]
        assert errors == ["invalid_grant"] * 10 + ["invalid_request"]

    await asyncio.to_thread(act)


async def test_tokens_are_introspected_while_they_live(client: Client) -> None:
    def act() -> None:
        client.sign_in()
        tokens = dict(client.session.token)
        for kind in ("access_token", "refresh_token"):
            told = client.introspect(tokens[kind])
            assert (told["active"], told["client_id"], told["iss"]) == (True, "workgraph", client.metadata["issuer"])
        client.refresh(tokens["refresh_token"])
        assert client.introspect(tokens["refresh_token"]) == {"active": False}
        assert client.introspect("unknown") == {"active": False}

    await asyncio.to_thread(act)


async def test_an_unsupported_client_authentication_is_refused_with_advice(
    metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests-oauthlib authenticates the client by default."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    def act() -> None:
        with OauthlibSession(client=LegacyApplicationClient("workgraph")) as session:
            session.fetch_token(metadata["token_endpoint"], username=ANN, password=PASSWORD, timeout=SECONDS)

    with pytest.raises(InvalidClientError, match="client_id"):
        await asyncio.to_thread(act)


def signed_out(client: Client, access_token: str) -> bool:
    headers = {"Authorization": f"Bearer {access_token}"}
    answer = requests.get(f"{client.metadata['issuer']}/auth/me", headers=headers, timeout=SECONDS)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    return answer.status_code == 401
