"""A21: what /.well-known/oauth-authorization-server lists works, and what it does not list is refused."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from starlette.routing import Route

from api.main import routers
from domain.accounts.commands import Registration
from domain.shared.actor import Actor
from infra.settings import Settings
from tests.factories.accounts import PASSWORD
from tests.platform.api.auth.processes import Process, open_process

ANN = "ann@example.org"
WELL_KNOWN = "/.well-known/oauth-authorization-server"
NAMES = ("token", "revocation", "introspection")
SIGN_IN = {"grant_type": "password", "username": ANN, "password": PASSWORD}
# Of the grants of RFC 6749, 7523, 8628 and 8693, those that are not offered.
OTHER_GRANTS = (
    "authorization_code",
    "client_credentials",
    "implicit",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "PASSWORD",
    "password ",
)
# What stands under /auth/ and is ours, no protocol's.
OWN = {
    "/auth/me",
    "/auth/register",
    "/auth/verify",
    "/auth/invitation",
    "/auth/password/forgot",
    "/auth/password/reset",
    "/auth/password/change",
    "/auth/email/change",
    "/auth/email/verify",
    "/auth/account/deactivate",
    "/auth/account/delete",
}

Metadata = dict[str, Any]


@pytest.fixture
async def process(settings: Settings, database: str, redis_database: str) -> AsyncIterator[Process]:
    async with open_process(settings, recheck_seconds=2) as process:
        await process.app.accounts.create(Actor.system(), Registration(email=ANN, name="Ann", password=PASSWORD))
        yield process


@pytest.fixture
async def metadata(process: Process) -> Metadata:
    answer = await process.http.get(WELL_KNOWN)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found: Metadata = answer.json()
    return found


def path(metadata: Metadata, url: str) -> str:
    issuer: str = metadata["issuer"]
    assert url.startswith(f"{issuer}/")
    return url.removeprefix(issuer)


async def test_the_metadata_has_exactly_these_fields(process: Process, metadata: Metadata, settings: Settings) -> None:
    urls = {f"{name}_endpoint" for name in NAMES} | {"jwks_uri"}
    methods = {f"{name}_endpoint_auth_methods_supported" for name in NAMES}
    assert set(metadata) == {"issuer", "grant_types_supported", *urls, *methods}
    assert metadata["issuer"] == settings.issuer
    assert all(metadata.values()), "RFC 8414, 3.2: what has no elements is left out"


async def test_every_endpoint_takes_post_and_nothing_else(process: Process, metadata: Metadata) -> None:
    for name in NAMES:
        place = path(metadata, metadata[f"{name}_endpoint"])
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            answer = await process.http.request(method, place)
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST"), (method, place)
        assert (await process.http.post(place, data={})).status_code in (400, 401)


async def test_public_metadata_is_read_without_writing(process: Process, metadata: Metadata) -> None:
    for place in (WELL_KNOWN, path(metadata, metadata["jwks_uri"])):
        assert (await process.http.get(place)).status_code == 200
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert (await process.http.request(method, place)).status_code == 405, (method, place)


async def test_every_grant_that_is_listed_works_and_no_other(process: Process, metadata: Metadata) -> None:
    place = path(metadata, metadata["token_endpoint"])
    tokens = (await process.http.post(place, data=SIGN_IN)).json()
    asked = {"password": SIGN_IN, "refresh_token": {"refresh_token": tokens["refresh_token"]}}
    assert set(asked) == set(metadata["grant_types_supported"])
    for grant, form in asked.items():
        answer = await process.http.post(place, data={**form, "grant_type": grant})
        assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    for grant in OTHER_GRANTS:
        answer = await process.http.post(place, data={**SIGN_IN, "grant_type": grant})
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type"), grant


@pytest.mark.parametrize("name", NAMES)
async def test_clients_authenticate_as_it_says(process: Process, metadata: Metadata, name: str) -> None:
    """The only client is public and has no secret. Introspection requires an access token."""
    tokens = await process.sign_in(ANN)
    place = path(metadata, metadata[f"{name}_endpoint"])
    form = SIGN_IN if name == "token" else {"token": tokens["refresh_token"]}
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    [method] = metadata[f"{name}_endpoint_auth_methods_supported"]
    assert method == ("Bearer" if name == "introspection" else "none")
    headers = bearer if method == "Bearer" else {}

    def post(more: dict[str, str], given: dict[str, str] = headers) -> Any:
        return process.http.post(place, data={**form, **more}, headers=given)

    for refused in (
        {"client_secret": "x"},
        {"client_id": "workgraph", "client_secret": "x"},
        {"client_id": "another"},
        {"client_assertion": "x", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
    ):
        answer = await post(refused)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client"), refused
    for user in ("workgraph:", "workgraph:secret", "another:secret"):
        basic = {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}
        answer = await post({}, basic)
        assert answer.status_code == 401, user
        if method == "none":  # Bearer endpoints refuse a request without a token before they read its form
            assert answer.json()["error"] == "invalid_client", user
        challenge = 'Basic realm="workgraph"' if method == "none" else 'Bearer realm="workgraph"'
        assert answer.headers["www-authenticate"].startswith(challenge), user
    if method == "Bearer":
        assert (await post({}, {})).status_code == 401
    for more in ({}, {"client_id": "workgraph"}, {"client_secret": "", "client_id": ""}):  # empty is absent
        assert (await post(more)).status_code == 200, more


async def test_the_keys_verify_a_token_that_is_given_out_now(process: Process, metadata: Metadata) -> None:
    token = (await process.sign_in(ANN))["access_token"]
    answer = await process.http.get(path(metadata, metadata["jwks_uri"]))
    keys = {key["kid"]: key for key in answer.json()["keys"]}
    assert not any("d" in key for key in keys.values()), "the private half"
    head = jwt.get_unverified_header(token)
    claims = jwt.decode(
        token,
        jwt.PyJWK(keys[head["kid"]]).key,
        algorithms=[keys[head["kid"]]["alg"]],
        issuer=metadata["issuer"],
        audience=process.app.auth.options.audience,
    )
    assert (claims["iss"], head["typ"]) == (metadata["issuer"], "at+jwt")


async def test_nothing_else_of_oauth_is_served(process: Process, metadata: Metadata, settings: Settings) -> None:
    listed = {path(metadata, metadata[f"{name}_endpoint"]) for name in NAMES}
    served = {route.path for router in routers(settings) for route in router.routes if isinstance(route, Route)}
    served = {each.removesuffix("/form") for each in served if each.startswith("/auth/")}
    assert served - OWN == listed
    assert served >= OWN
    for absent in (
        "/auth/authorize",
        "/oauth/authorize",
        "/auth/device",
        "/auth/par",
        "/.well-known/openid-configuration",
    ):
        answer: httpx.Response = await process.http.get(absent)
        assert answer.status_code == 404, absent
