import base64
import logging

import httpx
import jwt
import pytest

from domain.accounts.mails import RegistrationLink
from domain.shared.actor import Actor
from tests.factories.accounts import PASSWORD
from tests.identity import ISSUER, Identity
from tests.platform.infra.auth.forging import encoded
from tests.secrecy import kept_records, leaks

ANN = {"email": "ann@example.org", "name": "Ann", "password": PASSWORD}
FORM = {"grant_type": "password", "username": "ann@example.org", "password": PASSWORD}


async def test_a_user_registers_signs_in_and_queries_the_viewer(client: httpx.AsyncClient, identity: Identity) -> None:
    asked = await client.post("/auth/register", json={"email": ANN["email"]})
    assert (asked.status_code, asked.content) == (202, b"")
    assert asked.headers["cache-control"] == "no-store"
    (mail,) = await identity.deliver()
    assert isinstance(mail.letter, RegistrationLink)
    registered = await client.post(
        "/auth/verify", json={"token": mail.letter.token, "name": "Ann", "password": PASSWORD}
    )
    assert registered.status_code == 201
    assert registered.json() == {
        "id": registered.json()["id"],
        "name": "Ann",
        "email": "ann@example.org",
        "initials": "A",
        "timeZone": "UTC",
    }
    tokens = (await client.post("/auth/token", data=FORM)).json()
    me = await client.get("/auth/me", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert (me.status_code, me.json()) == (200, registered.json())
    assert me.headers["cache-control"] == "no-store"


async def test_every_broken_field_is_named(client: httpx.AsyncClient) -> None:
    body = {"token": "wgo_" + "x" * 43, "name": "", "password": "hunter2", "timeZone": "Mars/Olympus"}
    answer = await client.post("/auth/verify", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["path"] for each in answer.json()["errors"]] == [["name"], ["password"], ["timeZone"]]
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"email":' * 20_000,
        b"\xff",
        b'{"email": 1}',
        b'{"email": "a\\ud800@b.c"}',
        b'{"email": "a\\u0000@b.c"}',
        b'{"email": "a@b.c", "isAdmin": true}',
        b'{"email": "a@b.c", "name": "A"}',
        b'{"email": "a@b.c", "name": "A", "password": ' + b"9" * 10_000 + b"}",
        b'{"email": "a@b.c", "name": "A", "password": "correct horse battery staple"}',
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_a_malformed_registration_is_refused(client: httpx.AsyncClient, identity: Identity, body: bytes) -> None:
    answer = await client.post("/auth/register", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "correct horse" not in answer.text
    assert await identity.auth.keys(Actor.system()) == []


async def test_a_megabyte_of_password_is_refused(client: httpx.AsyncClient) -> None:
    body = {"token": "wgo_" + "x" * 43, "name": "Ann", "password": "x" * 900_000}
    answer = await client.post("/auth/verify", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "TOO_LONG")
    assert len(answer.content) < 1000


async def test_without_a_token_there_is_no_error_code(client: httpx.AsyncClient) -> None:
    answer = await client.get("/auth/me")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="workgraph"'


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "bearer a.b.c",
        "Bearer " + "a" * 100_000,
        "Bearer " + encoded(b"[" * 3000) + ".a.b",
        b"Bearer \xff\xfe.\xff.\xff",
        "Bearer a b",
        "Bearer\ta.b.c",
    ],
    ids=lambda value: repr(value[:30]),
)
async def test_a_bad_token_is_401(client: httpx.AsyncClient, value: str | bytes) -> None:
    answer = await client.get(
        "/auth/me", headers=[(b"authorization", value if isinstance(value, bytes) else value.encode())]
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="workgraph", error="invalid_token"'


async def test_a_refresh_token_is_no_access_token_and_the_other_way_round(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    await identity.register(**ANN)
    tokens = (await client.post("/auth/token", data=FORM)).json()
    me = await client.get("/auth/me", headers={"authorization": f"Bearer {tokens['refresh_token']}"})
    assert me.status_code == 401
    swapped = {"grant_type": "refresh_token", "refresh_token": tokens["access_token"]}
    assert (await client.post("/auth/token", data=swapped)).json()["error"] == "invalid_grant"


async def test_a_token_in_the_url_is_not_looked_at(client: httpx.AsyncClient, identity: Identity) -> None:
    await identity.register(**ANN)
    tokens = (await client.post("/auth/token", data=FORM)).json()
    assert (await client.get("/auth/me", params={"access_token": tokens["access_token"]})).status_code == 401


async def test_the_metadata_matches_the_endpoints(client: httpx.AsyncClient, identity: Identity) -> None:
    answer = await client.get("/.well-known/oauth-authorization-server")
    assert answer.headers["content-type"] == "application/json"
    metadata = answer.json()
    assert metadata["issuer"] == ISSUER
    assert metadata["grant_types_supported"] == ["password", "refresh_token"]
    assert not [name for name, value in metadata.items() if not value], "RFC 8414, 3.2: nothing empty"
    for name in ("token_endpoint", "revocation_endpoint"):
        assert (await client.post(metadata[name].removeprefix(ISSUER))).status_code == 400
    assert (await client.post(metadata["introspection_endpoint"].removeprefix(ISSUER))).status_code == 401
    await identity.register(**ANN)
    tokens = (await client.post(metadata["token_endpoint"].removeprefix(ISSUER), data=FORM)).json()
    keys = (await client.get(metadata["jwks_uri"].removeprefix(ISSUER))).json()
    (key,) = jwt.PyJWKSet.from_dict(keys).keys
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(tokens["access_token"], key, audience=ISSUER, issuer=metadata["issuer"], options=options)
    assert claims["client_id"] == "workgraph"


async def test_published_keys_have_no_private_half(client: httpx.AsyncClient) -> None:
    answer = await client.get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert key.keys() == {"kty", "crv", "alg", "use", "kid", "x", "y"}
    assert len(base64.urlsafe_b64decode(key["x"] + "=")) == 32


async def test_nothing_secret_is_logged(client: httpx.AsyncClient, identity: Identity) -> None:
    wrong, short = "a wrong one of mine", "hunter2hunter"
    await identity.register(**ANN)
    with kept_records() as records:
        tokens = (await client.post("/auth/token", data=FORM)).json()
        await client.post("/auth/token", data=FORM | {"password": wrong})
        await client.post("/auth/register", json=ANN | {"password": short})
        body = {"token": "wgo_" + "x" * 43, "name": "Ann", "password": short}
        assert (await client.post("/auth/verify", json=body)).status_code == 422
        cut = tokens["access_token"][:-5]
        assert (await client.get("/auth/me", headers={"authorization": f"Bearer {cut}"})).status_code == 401
        refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        for _ in range(2):
            following = (await client.post("/auth/token", data=refresh)).json()
        logging.getLogger("api.planted").info("signed in", extra={"facts": {"password": wrong}})
    sent = [PASSWORD, wrong, short, body["token"], cut]
    given = [each[name] for each in (tokens, following) for name in ("access_token", "refresh_token")]
    secrets = {secret: secret for secret in (*sent, *given)}
    # What was planted shows that a leak would be found, also in what only one of the formats writes.
    assert set(leaks(secrets, records.writings)) == {(wrong, "log api.planted")}
