"""Every kind of secret at every place that takes one: each opens what it is for and nothing else (A5, T8)."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from starlette.routing import Route, WebSocketRoute

from api.main import routers
from domain.accounts.commands import Registration
from domain.accounts.one_time import LinkPurpose, OneTimeLinkId, OneTimeSecrets
from domain.shared.actor import Actor
from domain.workspaces.secrets import InvitationSecrets
from infra.accounts.repository import SqlOneTimeLinkRepository
from infra.auth.keys import derived_key
from infra.settings import Settings
from infra.shared.clock import SystemClock
from tests.architecture.sources import ROOT
from tests.engine.api.sockets.websocket_driver import connect
from tests.factories.accounts import IDS, PASSWORD
from tests.platform.api.auth.processes import Process, open_process
from tests.sample.application import SLICES_OF_SAMPLE
from tests.stored_rows import stored_rows

ANN, BOB, NEW = "ann@example.org", "bob@example.org", "new@example.org"
CHOSEN = "a kettle hums at dawn"
CLOCK = SystemClock()


@dataclass(frozen=True, kw_only=True)
class Keyring:
    """Valid secret of each kind, by name. All are Ann's, except the secrets with which a new user signs up.

    The access token and the refresh token belong to two sessions. `bob` is the access token of a user who is in no
    workspace.
    """

    process: Process
    engine: AsyncEngine
    secrets: Mapping[str, str]
    bob: str

    async def rows(self) -> dict[str, list[str]]:
        """Stored rows by table, without the time of an API key's last use."""
        return await stored_rows(self.engine, without=frozenset({"last_used_at"}))

    async def mutate(self, text: str, **input: Any) -> Any:
        kind = re.match(r"\w+", text)[0]  # type: ignore[index]
        query = f"mutation ($input: {kind[0].upper() + kind[1:]}Input!) {{ {kind}(input: $input) {text[len(kind) :]} }}"
        return (await self.process.data(self.secrets["access token"], query, input=input))[kind]


@asynccontextmanager
async def keyring_of(
    settings: Settings, database: str, process: AbstractAsyncContextManager[Process]
) -> AsyncIterator[Keyring]:
    """The secrets of a process that is opened meanwhile."""
    key = settings.secret_key.get_secret_value()
    links = OneTimeSecrets(derived_key(key, "one-time links 1"))
    invitations = InvitationSecrets(derived_key(key, "invitations 1"))
    engine = create_async_engine(database)
    async with process as opened:
        people = {}
        for email in (ANN, BOB):
            made = await opened.app.accounts.create(
                Actor.system(), Registration(email=email, name=email[:3], password=PASSWORD)
            )
            people[email] = made.value
        here, there, bob = [await opened.sign_in(email) for email in (ANN, ANN, BOB)]
        secrets = {"access token": here["access_token"], "refresh token": there["refresh_token"]}
        ring = Keyring(process=opened, engine=engine, secrets=secrets, bob=bob["access_token"])
        created = await ring.mutate("workspaceCreate { workspace { id } }", name="Team", slug="team")
        workspace = created["workspace"]["id"]
        made = await ring.mutate("apiKeyCreate { key }", name="ci", scopes=["ADMIN"])
        secrets["API key"] = made["key"]
        made = await ring.mutate("invitationCreate { link }", workspaceId=workspace, role="MEMBER")
        secrets["invitation's link"] = made["link"].partition("?token=")[2]
        made = await ring.mutate(
            "invitationCreate { invitation { id } }", workspaceId=workspace, role="MEMBER", email=NEW
        )
        secrets["invitation's mail"] = invitations.of(made["invitation"]["id"], 1)
        waiting = {
            LinkPurpose.REGISTER: ("other@example.org", {}),
            LinkPurpose.RESET_PASSWORD: (people[ANN].id, {"email": ANN}),
            LinkPurpose.CHANGE_EMAIL: (people[ANN].id, {"email": "ann@example.net"}),
        }
        assert set(waiting) == set(LinkPurpose), "a new purpose of links: give it a line here and in ACCEPTED"
        async with engine.begin() as connection:
            for purpose, (subject, facts) in waiting.items():
                link_id = OneTimeLinkId(IDS.new("otl"))
                link = links.link(link_id, purpose, subject, now=CLOCK.now() - timedelta(seconds=1), waiting=facts)
                await SqlOneTimeLinkRepository(connection).issue(link)
                secrets[f"link to {purpose.value}"] = links.of(link_id)
        secrets["password"] = PASSWORD
        yield ring
    await engine.dispose()


@pytest.fixture
async def keyring(settings: Settings, database: str, redis_database: str) -> AsyncIterator[Keyring]:
    async with keyring_of(settings, database, open_process(settings, recheck_seconds=2)) as ring:
        yield ring


Try = Callable[[Keyring, str], Awaitable[str]]
"""Presents a secret, and tells how that was answered, as far as the answer does not repeat the secret."""


def told(answer: httpx.Response, secret: str) -> str:
    text = re.sub(r'"(?:requestId|instance)":"[^"]*",?', "", answer.text.replace(secret, ""))
    return f"{answer.status_code} {text}"


def bearer(method: str, path: str, **request: Any) -> Try:
    async def present(ring: Keyring, secret: str) -> str:
        headers = {"Authorization": f"Bearer {secret}"}
        return told(await ring.process.http.request(method, path, headers=headers, **request), secret)

    return present


def form(path: str, field: str, **others: str) -> Try:
    async def present(ring: Keyring, secret: str) -> str:
        return told(await ring.process.http.post(path, data={**others, field: secret}), secret)

    return present


def body(path: str, field: str, **others: str) -> Try:
    async def present(ring: Keyring, secret: str) -> str:
        return told(await ring.process.http.post(path, json={**others, field: secret}), secret)

    return present


async def introspected(ring: Keyring, secret: str) -> str:
    headers = {"Authorization": f"Bearer {ring.secrets['access token']}"}
    answer = await ring.process.http.post("/auth/introspect", data={"token": secret}, headers=headers)
    return f"{answer.status_code} {answer.json()['active']}"


async def accepted_invitation(ring: Keyring, secret: str) -> str:
    query = "mutation ($it: String!) { invitationAccept(input: {token: $it}) { errors { message } } }"
    return str(await ring.process.data(ring.bob, query, it=secret))


async def opened_socket(ring: Keyring, secret: str) -> str:
    async with connect(ring.process.served, host="localhost") as socket:
        socket.send("connection_init", payload={"Authorization": f"Bearer {secret}"})
        if secret in (ring.secrets["access token"], ring.secrets["API key"]):
            return str((await socket.receive())["type"])
        return str(await socket.closed())


VIEWER = {"query": "{ viewer { id } }"}
PLACES: Mapping[str, Try] = {
    "bearer of POST /graphql": bearer("POST", "/graphql", json=VIEWER),
    "bearer of GET /graphql": bearer("GET", "/graphql", params=VIEWER),
    "bearer of GET /graphql/schema.graphql": bearer("GET", "/graphql/schema.graphql"),
    "bearer of GET /auth/me": bearer("GET", "/auth/me"),
    "bearer of POST /auth/introspect": bearer("POST", "/auth/introspect", data={"token": "x"}),
    "bearer of POST /auth/password/change": bearer(
        "POST", "/auth/password/change", json={"currentPassword": PASSWORD, "newPassword": CHOSEN}
    ),
    "bearer of POST /auth/email/change": bearer(
        "POST", "/auth/email/change", json={"currentPassword": PASSWORD, "email": "anna@example.org"}
    ),
    "bearer of POST /auth/account/deactivate": bearer(
        "POST", "/auth/account/deactivate", json={"currentPassword": PASSWORD}
    ),
    "bearer of POST /auth/account/delete": bearer("POST", "/auth/account/delete", json={"currentPassword": PASSWORD}),
    "connection_init": opened_socket,
    "refresh_token of POST /auth/token": form("/auth/token", "refresh_token", grant_type="refresh_token"),
    "password of POST /auth/token": form("/auth/token", "password", grant_type="password", username=ANN),
    "token of POST /auth/revoke": form("/auth/revoke", "token"),
    "token of POST /auth/introspect": introspected,
    "token of POST /auth/verify": body("/auth/verify", "token", name="New", password=CHOSEN),
    "token of POST /auth/password/reset": body("/auth/password/reset", "token", password=CHOSEN),
    "token of POST /auth/email/verify": body("/auth/email/verify", "token", currentPassword=PASSWORD),
    "invitationToken of POST /auth/register": body(
        "/auth/register", "invitationToken", email=NEW, name="New", password=CHOSEN
    ),
    "token of POST /auth/verify/form": form("/auth/verify/form", "token", name="New", password=CHOSEN),
    "token of POST /auth/password/reset/form": form("/auth/password/reset/form", "token", password=CHOSEN),
    "token of POST /auth/email/verify/form": form("/auth/email/verify/form", "token", password=PASSWORD),
    "token of POST /auth/invitation/form": form(
        "/auth/invitation/form", "token", email=NEW, name="New", password=CHOSEN
    ),
    "token of invitationAccept": accepted_invitation,
}
FIRST = frozenset(
    {
        "bearer of POST /graphql",
        "bearer of GET /auth/me",
        "bearer of POST /auth/password/change",
        "connection_init",
        "refresh_token of POST /auth/token",
        "password of POST /auth/token",
        "token of POST /auth/revoke",
        "token of POST /auth/password/reset",
        "invitationToken of POST /auth/register",
        "token of invitationAccept",
    }
)
"""A place of each way to take a secret. `make verify` tries the others."""
SPEAKS = ("access token", "API key")
ACCEPTED: Mapping[str, tuple[str, ...]] = {
    "bearer of POST /graphql": SPEAKS,
    "bearer of GET /graphql": SPEAKS,
    "bearer of GET /graphql/schema.graphql": SPEAKS,
    "bearer of GET /auth/me": SPEAKS,
    "bearer of POST /auth/introspect": SPEAKS,
    "bearer of POST /auth/password/change": ("access token",),
    "bearer of POST /auth/email/change": ("access token",),
    "bearer of POST /auth/account/deactivate": ("access token",),
    "bearer of POST /auth/account/delete": ("access token",),
    "connection_init": SPEAKS,
    "refresh_token of POST /auth/token": ("refresh token",),
    "password of POST /auth/token": ("password",),
    "token of POST /auth/revoke": ("API key", "access token", "refresh token"),
    "token of POST /auth/introspect": ("access token", "refresh token"),
    "token of POST /auth/verify": ("link to REGISTER",),
    "token of POST /auth/password/reset": ("link to RESET_PASSWORD",),
    "token of POST /auth/email/verify": ("link to CHANGE_EMAIL",),
    "invitationToken of POST /auth/register": ("invitation's mail",),
    "token of POST /auth/verify/form": ("link to REGISTER",),
    "token of POST /auth/password/reset/form": ("link to RESET_PASSWORD",),
    "token of POST /auth/email/verify/form": ("link to CHANGE_EMAIL",),
    "token of POST /auth/invitation/form": ("invitation's mail",),
    "token of invitationAccept": ("invitation's link",),
}
# It is known there, and told that it takes more: to sign in with the password.
NOT_ENOUGH: Mapping[str, str] = {
    "bearer of POST /auth/password/change": "API key",
    "bearer of POST /auth/email/change": "API key",
    "bearer of POST /auth/account/deactivate": "API key",
    "bearer of POST /auth/account/delete": "API key",
}
# A wrong password is written down, for its owner to see.
FAILED_TRIES: Mapping[str, set[str]] = {"password of POST /auth/token": {"security_event"}}
OF_NO_KIND = "wg" + "x" * 45
# Pages, files and facts for everybody; POST /auth/password/forgot takes an address and POST /auth/token is above.
WITHOUT_SECRETS = re.compile(
    r"GET (/|/docs|/look\.css|/favicon\.svg|/health\.js|/graphiql.*|/dev/mail.*|/openapi\.json|/\.well-known/.*)"
    r"|GET /auth/(register|verify|password/.*|email/verify|invitation)"
    r"|POST /auth/(password/forgot(/form)?|register/form)"
)


@pytest.mark.parametrize(
    "place", [place if place in FIRST else pytest.param(place, marks=pytest.mark.verify) for place in PLACES]
)
async def test_a_place_takes_its_own_kind_and_no_other(keyring: Keyring, place: str) -> None:
    await assert_taken(keyring, place, PLACES[place], ACCEPTED[place])


async def assert_taken(keyring: Keyring, place: str, present: Try, accepted: Sequence[str]) -> None:
    """The place takes secrets of these kinds, and refuses all others alike."""
    refusal = await present(keyring, OF_NO_KIND)
    before = await keyring.rows()
    for kind in keyring.secrets.keys() - set(accepted):
        answer = await present(keyring, keyring.secrets[kind])
        if NOT_ENOUGH.get(place) == kind:
            assert answer.startswith("403 ")
            assert "PERMISSION_DENIED" in answer
        else:
            assert answer == refusal, kind
        after = await keyring.rows()
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= FAILED_TRIES.get(place, set()), kind
    for kind in accepted:
        before = await keyring.rows()
        answer = await present(keyring, keyring.secrets[kind])
        if place.endswith("/revoke"):
            assert await keyring.rows() != before, kind
        else:
            assert answer != refusal, kind
            assert not answer.startswith("5"), answer


async def test_every_place_is_in_the_table(keyring: Keyring, settings: Settings) -> None:
    # An application does not list the routes of the routers that it includes.
    served = (keyring.process.served, *routers(settings, SLICES_OF_SAMPLE))
    routes = [route for each in served for route in each.routes if isinstance(route, Route)]
    found = {f"{method} {route.path}" for route in routes for method in (route.methods or {"GET"}) - {"HEAD"}}
    assert "POST /auth/revoke" in found
    named = {name.partition(" of ")[2] for name in PLACES}
    assert {each for each in found if not WITHOUT_SECRETS.fullmatch(each)} - named == set()
    sockets = [route.path for route in keyring.process.served.router.routes if isinstance(route, WebSocketRoute)]
    assert sockets == ["/graphql"], "connection_init"


async def test_every_kind_is_in_the_table(keyring: Keyring) -> None:
    texts = [path.read_text() for path in (ROOT / "domain").rglob("*.py")]
    prefixes = {each for text in texts for each in re.findall(r'(?:SecretFormat\(|PREFIX = )"(wg\w_)"', text)}
    assert len(prefixes) == 4
    begun = {secret[:4] for secret in keyring.secrets.values()}
    assert prefixes <= begun, "a new kind of secret: add one to the keyring"
    assert set(ACCEPTED) == set(PLACES)
