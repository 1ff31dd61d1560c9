"""RFC 6749, sections 3.2, 4.3, 5.1, 5.2 and 6, clause by clause; RFC 7009."""

import random
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.factories.accounts import PASSWORD
from tests.identity import Identity

ANN = "ann@example.org"
FORM = {"content-type": "application/x-www-form-urlencoded"}
GRANT = {"grant_type": "password", "username": ANN, "password": PASSWORD}


@pytest.fixture(autouse=True)
async def ann(identity: Identity) -> None:
    await identity.register(email=ANN)


async def post(client: httpx.AsyncClient, form: Any, path: str = "/auth/token", **headers: str) -> httpx.Response:
    content = form if isinstance(form, str | bytes) else urlencode(form)
    return await client.post(path, content=content, headers=FORM | {k.replace("_", "-"): v for k, v in headers.items()})


def check_error(answer: httpx.Response, error: str, *, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json().keys() == {"error", "error_description"}
    description = answer.json()["error_description"]
    assert all(" " <= letter <= "~" and letter not in '"\\' for letter in description), "RFC 6749, 5.2"
    check_uncached(answer)


def check_uncached(answer: httpx.Response) -> None:
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


async def test_a_password_is_exchanged_for_tokens(client: httpx.AsyncClient) -> None:
    answer = await post(client, GRANT)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    check_uncached(answer)
    content = answer.json()
    assert content.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (content["token_type"], content["expires_in"]) == ("Bearer", 600)


async def test_a_refresh_token_is_exchanged_for_tokens(client: httpx.AsyncClient) -> None:
    first = (await post(client, GRANT)).json()
    answer = await post(client, {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    assert answer.status_code == 200
    check_uncached(answer)
    assert answer.json().keys() == first.keys()
    assert answer.json()["refresh_token"] != first["refresh_token"]


@pytest.mark.parametrize(
    "form",
    [
        GRANT | {"unknown": "ignored"},
        GRANT | {"client_id": "workgraph"},
        GRANT | {"client_id": "", "client_secret": "", "scope": ""},
        urlencode(GRANT) + "&",
        "&" + urlencode(GRANT),
        urlencode(GRANT).replace("+", "%20"),
        urlencode(GRANT).replace("%40", "@"),
    ],
    ids=str,
)
async def test_unknown_and_empty_parameters_are_nothing(client: httpx.AsyncClient, form: Any) -> None:
    assert (await post(client, form)).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("", "invalid_request"),
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "invalid_request"),
        ({"grant_type": "password", "username": ANN}, "invalid_request"),
        ({"grant_type": "password", "password": PASSWORD}, "invalid_request"),
        (GRANT | {"username": ""}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ([*GRANT.items(), ("password", PASSWORD)], "invalid_request"),
        ([*GRANT.items(), ("grant_type", "password")], "invalid_request"),
        ([*GRANT.items(), ("unknown", "1"), ("unknown", "2")], "invalid_request"),
        ([*GRANT.items(), ("scope", ""), ("scope", "")], "invalid_request"),
        ([*GRANT.items(), *((f"field{number}", "") for number in range(20))], "invalid_request"),
        (GRANT | {"unknown": "x" * 20_000}, "invalid_request"),
        (urlencode(GRANT).replace("ann", "ann%ff"), "invalid_request"),
        (urlencode(GRANT) + "&%ff=1", "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
        (urlencode(GRANT).replace("&", ";"), "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, "unsupported_grant_type"),
        ({"grant_type": "PASSWORD"} | {"username": ANN, "password": PASSWORD}, "unsupported_grant_type"),
        (GRANT | {"password": "wrong"}, "invalid_grant"),
        (GRANT | {"username": "bob@example.org"}, "invalid_grant"),
        (GRANT | {"username": "ann\0@example.org"}, "invalid_grant"),
        (GRANT | {"password": "\0"}, "invalid_grant"),
        (GRANT | {"password": "x" * 10_000}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "wgr_" + "A" * 86}, "invalid_grant"),
        (GRANT | {"scope": "admin"}, "invalid_scope"),
        (GRANT | {"client_id": "somebody"}, "invalid_client"),
        (GRANT | {"client_id": "workgraph", "client_secret": "x"}, "invalid_client"),
    ],
    ids=lambda form: str(form)[:60],
)
async def test_each_error_is_one_of_rfc_6749s(client: httpx.AsyncClient, form: Any, error: str) -> None:
    check_error(await post(client, form), error)


async def test_client_authentication_is_refused_with_advice(client: httpx.AsyncClient) -> None:
    answer = await post(client, GRANT, authorization="Basic d29ya2dyYXBoOng=")
    check_error(answer, "invalid_client", status=401)
    assert answer.headers["www-authenticate"] == 'Basic realm="workgraph"'
    assert (await post(client, GRANT, authorization="Bearer stale")).status_code == 200


@pytest.mark.parametrize("path", ["/auth/token", "/auth/revoke"])
@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/x-www-form-urlencoded; charset=latin-1",
        "application/x-www-form-urlencoded-x",
        "",
    ],
)
async def test_only_forms_are_read(client: httpx.AsyncClient, path: str, media_type: str) -> None:
    form = urlencode(GRANT | {"token": "x"})
    check_error(await post(client, form, path, content_type=media_type), "invalid_request")


async def test_a_form_in_multipart_or_json_is_refused(client: httpx.AsyncClient) -> None:
    check_error(await client.post("/auth/token", json=GRANT), "invalid_request")
    parts = {name: (None, value) for name, value in GRANT.items()}
    check_error(await client.post("/auth/token", files=parts), "invalid_request")


async def test_utf_8_may_be_named(client: httpx.AsyncClient) -> None:
    answer = await post(client, GRANT, content_type="Application/X-WWW-Form-Urlencoded; charset=UTF-8")
    assert answer.status_code == 200


async def test_parameters_in_the_url_are_refused(client: httpx.AsyncClient) -> None:
    check_error(await post(client, GRANT, "/auth/token?client_id=workgraph"), "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/auth/token", "/auth/revoke", "/auth/introspect"])
async def test_only_post_is_allowed(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_a_body_that_is_too_large_or_packed_is_refused(client: httpx.AsyncClient) -> None:
    check_error(await post(client, "password=" + "x" * 2_000_000), "invalid_request")
    check_error(await post(client, GRANT, content_encoding="gzip"), "invalid_request")


async def test_known_and_unknown_accounts_get_the_same_bytes(client: httpx.AsyncClient) -> None:
    known = await post(client, GRANT | {"password": "wrong"})
    unknown = await post(client, GRANT | {"username": "nobody@example.org"})
    assert known.content == unknown.content
    assert known.headers == unknown.headers
    assert known.status_code == unknown.status_code


async def test_guessing_is_answered_with_429(client: httpx.AsyncClient) -> None:
    for _ in range(10):
        check_error(await post(client, GRANT | {"password": "wrong"}), "invalid_grant")
    answer = await post(client, GRANT)
    check_error(answer, "invalid_request", status=429)
    assert answer.headers["retry-after"] == "60"


async def test_a_spent_refresh_token_ends_the_session(client: httpx.AsyncClient) -> None:
    first = (await post(client, GRANT)).json()
    second = (await post(client, {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})).json()
    third = (await post(client, {"grant_type": "refresh_token", "refresh_token": second["refresh_token"]})).json()
    for token in (first["refresh_token"], third["refresh_token"]):
        check_error(await post(client, {"grant_type": "refresh_token", "refresh_token": token}), "invalid_grant")
    answer = await client.get("/auth/me", headers={"authorization": f"Bearer {third['access_token']}"})
    assert answer.status_code == 401


async def test_revoking_answers_200_for_every_token(client: httpx.AsyncClient) -> None:
    tokens = (await post(client, GRANT)).json()
    for token in (tokens["refresh_token"], tokens["refresh_token"], tokens["access_token"], "unknown", "\0"):
        answer = await post(client, {"token": token, "token_type_hint": "nonsense"}, "/auth/revoke")
        assert (answer.status_code, answer.content) == (200, b"")
        check_uncached(answer)
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    check_error(await post(client, refresh), "invalid_grant")
    check_error(await post(client, {"token": ""}, "/auth/revoke"), "invalid_request")


async def test_300_random_bodies_are_all_refused(client: httpx.AsyncClient) -> None:
    choice = random.Random(6749)
    whole = urlencode(GRANT | {"password": "wrong"}).encode()
    for _ in range(300):
        body = bytearray(whole)
        for _ in range(choice.randrange(1, 6)):
            body[choice.randrange(len(body))] = choice.choice(b"&=%;+\0\xff\xc3a1")
        answer = await post(client, bytes(body[: choice.randrange(len(body) + 1)]))
        assert answer.status_code in (400, 429), bytes(body)
        assert answer.json()["error"] in ("invalid_request", "unsupported_grant_type", "invalid_grant")


async def test_a_full_queue_of_passwords_is_a_503_that_says_when_to_come_again(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    identity.hasher.is_full = True
    for _ in range(30):
        answer = await post(client, GRANT)
        check_error(answer, "temporarily_unavailable", status=503)
        assert answer.headers["retry-after"] == "1"
    identity.hasher.is_full = False
    assert (await post(client, GRANT)).status_code == 200
