"""Security headers of every response, and the origins that may read it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.main import build
from infra.settings import Settings

ORIGIN = "https://app.example.org"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
FORM = {"grant_type": "password", "username": "nobody@example.org", "password": "some wrong password"}
VIEWER = {"query": "{ viewer { name } }"}
# Status, method, path and request of every kind of answer.
ANSWERS: tuple[tuple[int, str, str, dict[str, Any]], ...] = (
    (200, "POST", "/graphql", {"json": {"query": "{ __typename }"}}),
    (200, "GET", "/graphiql/page.css", {}),
    (200, "GET", "/graphiql/main.js", {}),
    (200, "GET", "/openapi.json", {}),
    (200, "GET", "/livez", {}),
    (200, "GET", "/.well-known/jwks.json", {}),
    (200, "GET", "/auth/invitation?token=x", {}),
    (200, "GET", "/auth/password/forgot", {}),
    (200, "GET", "/dev/mail", {}),
    (200, "OPTIONS", "/graphql", {"headers": PREFLIGHT}),
    (303, "GET", "/graphql", {"headers": {"Accept": "text/html"}}),
    (200, "GET", "/", {}),
    (200, "GET", "/", {"headers": {"Accept": "text/html"}}),
    (200, "GET", "/docs", {}),
    (200, "GET", "/look.css", {}),
    (200, "GET", "/health.js", {}),
    (400, "POST", "/graphql", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
    (400, "POST", "/auth/token", {"data": FORM}),
    (400, "GET", "/livez", {"headers": {"Host": "evil.example"}}),
    (400, "OPTIONS", "/graphql", {"headers": PREFLIGHT | {"Origin": "https://evil.example"}}),
    (401, "POST", "/graphql", {"json": VIEWER, "headers": {"Authorization": "Bearer x"}}),
    (401, "GET", "/auth/me", {}),
    (403, "POST", "/auth/password/forgot/form", {"data": {}, "headers": {"Sec-Fetch-Site": "cross-site"}}),
    (404, "GET", "/nothing", {}),
    (404, "GET", "/redoc", {}),
    (405, "PUT", "/auth/token", {}),
    (405, "DELETE", "/graphql", {}),
    (413, "POST", "/graphql", {"content": b"x" * 1_100_000, "headers": {"Content-Type": "application/json"}}),
    (415, "POST", "/graphql", {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
    (422, "POST", "/auth/register", {"json": {}}),
)


@asynccontextmanager
async def browsing(settings: Settings, **values: Any) -> AsyncIterator[httpx.AsyncClient]:
    served = build(settings.replaced(**values))
    transport = httpx.ASGITransport(served, raise_app_exceptions=False)
    async with (
        served.router.lifespan_context(served),
        httpx.AsyncClient(transport=transport, base_url=settings.issuer) as client,
    ):
        yield client


@pytest.fixture
async def client(settings: Settings, database: str, redis_database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(settings, allowed_origins=(ORIGIN,)) as client:
        yield client


def check_headers(answer: httpx.Response) -> None:
    """Each once, as a browser would take the policies of two together."""
    named = [name.lower() for name, _ in answer.headers.multi_items()]
    once = ("x-content-type-options", "referrer-policy", "cross-origin-resource-policy", "content-security-policy")
    assert [named.count(name) for name in (*once, "cache-control", "x-request-id")] == [1] * 6
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "server" not in named
    assert "set-cookie" not in named


def check_shared(answer: httpx.Response) -> None:
    """Asserts that a page of the allowed origin can read the answer and the headers that it needs."""
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in answer.headers
    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert exposed == {"ETag", "Retry-After", "X-Request-Id"}
    assert "Origin" in answer.headers["vary"]


async def test_every_kind_of_answer_has_the_headers(client: httpx.AsyncClient) -> None:
    for status, method, path, request_ in ANSWERS:
        answer = await client.request(method, path, **request_)
        assert answer.status_code == status, (method, path, request_, answer.text)
        check_headers(answer)
        assert "Origin" in answer.headers["vary"], f"{path}: a cache would serve this answer to pages of other origins"
        if method != "OPTIONS":
            headers = request_.get("headers", {}) | {"Origin": ORIGIN}
            check_shared(await client.request(method, path, **request_ | {"headers": headers}))


async def test_rate_limit_errors_are_readable_from_another_origin(client: httpx.AsyncClient) -> None:
    answers = [await client.post("/auth/token", data=FORM, headers={"Origin": ORIGIN}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [400] * 10 + [429]
    check_headers(answers[-1])
    check_shared(answers[-1])
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_unexpected_errors_have_the_headers_too(settings: Settings, database: str) -> None:
    served = build(settings.replaced(allowed_origins=(ORIGIN,)))

    async def fail() -> None:
        raise RuntimeError("a secret of the inside")

    served.add_api_route("/fails", fail)
    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url=settings.issuer) as client:
        answer = await client.get("/fails", headers={"Origin": ORIGIN})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "inside" not in answer.text
    check_headers(answer)
    check_shared(answer)


async def test_unnamed_origins_are_refused(settings: Settings, database: str) -> None:
    async with browsing(settings) as client:
        for method, path, request_ in (each[1:] for each in ANSWERS):
            headers = request_.get("headers", {}) | {"Origin": ORIGIN}
            answer = await client.request(method, path, **request_ | {"headers": headers})
            assert not [name for name in answer.headers if name.startswith("access-control-")], path
            check_headers(answer)


FOREIGN_ORIGINS = [
    "https://evil.example",
    "http://app.example.org",
    "https://app.example.org:8443",
    "https://app.example.org.evil.example",
    "https://evil-app.example.org",
    "https://sub.app.example.org",
    "https://APP.example.org",
    "https://app.example.org/",
    "http://localhost.evil.example",
    "http://localhost@evil.example",
    "http://localhost:3000/",
    "http://localhost:port",
    "http://localhost:123456",
    "http://127.0.0.1.evil.example:3000",
    "http://evil-localhost:3000",
    "https://localhost:3000 https://evil.example",
    "file://localhost",
    "null",
    "*",
    "",
]


async def test_an_origin_is_the_named_one_letter_by_letter(client: httpx.AsyncClient) -> None:
    for origin in FOREIGN_ORIGINS:
        for answer in (
            await client.options("/graphql", headers=PREFLIGHT | {"Origin": origin}),
            await client.post("/graphql", json=VIEWER, headers={"Origin": origin}),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control-")], origin
            assert "Origin" in answer.headers["vary"], origin


@pytest.mark.parametrize("asked", ["authorization,content-type", "apollo-require-preflight, x-anything-at-all", None])
async def test_a_preflight_allows_what_the_page_asks_for(client: httpx.AsyncClient, asked: str | None) -> None:
    headers = {name: value for name, value in PREFLIGHT.items() if name != "Access-Control-Request-Headers"}
    if asked is not None:
        headers["Access-Control-Request-Headers"] = asked
    answer = await client.options("/graphql", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert answer.headers.get("access-control-allow-headers") == asked
    assert "Access-Control-Request-Headers" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["access-control-max-age"] == "7200"


async def test_a_refused_preflight_names_the_setting(client: httpx.AsyncClient) -> None:
    answer = await client.options("/graphql", headers=PREFLIGHT | {"Origin": "https://evil.example"})
    assert answer.status_code == 400
    assert "WORKGRAPH_ALLOWED_ORIGINS" in answer.json()["detail"]


@pytest.mark.parametrize(
    "origin", ["http://localhost:5173", "http://127.0.0.1:1", "https://localhost", "http://[::1]:80"]
)
@pytest.mark.parametrize("public_url", ["", "https://tracker.example.org"])
async def test_pages_of_this_machine_are_allowed_in_development(
    settings: Settings, database: str, redis_database: str, origin: str, public_url: str
) -> None:
    async with browsing(settings, public_url=public_url, allowed_origins=(ORIGIN,)) as client:
        preflight = await client.options("/graphql", headers=PREFLIGHT | {"Origin": origin})
        answer = await client.post("/graphql", json=VIEWER, headers={"Origin": origin})
    allowed = None if public_url else origin
    assert [each.headers.get("access-control-allow-origin") for each in (preflight, answer)] == [allowed] * 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Forwarded": 'host=evil.example;proto=https;for="[2001:db8::1]"'},
        {"Forwarded": "host=evil.example, host=worse.example"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Original-Host": "evil.example", "X-Host": "evil.example", "X-Forwarded-Server": "evil.example"},
        {"X-Forwarded-Proto": "gopher", "X-Forwarded-Port": "666", "X-Forwarded-Prefix": "/evil.example"},
        {"Origin": "https://evil.example", "Referer": "https://evil.example/"},
    ],
    ids=str,
)
async def test_no_header_turns_a_link(client: httpx.AsyncClient, settings: Settings, headers: dict[str, str]) -> None:
    """A24 of the promises, for everything that tells an address of ours."""
    for path in ("/.well-known/oauth-authorization-server", "/", "/graphql/", "/auth/invitation", "/openapi.json"):
        plain, hostile = await client.get(path), await client.get(path, headers=headers)
        assert (hostile.status_code, hostile.content) == (plain.status_code, plain.content)
        assert hostile.headers.get("location") == plain.headers.get("location")
        assert "evil.example" not in hostile.text + repr(hostile.headers)
    asked = {"email": "ann@example.org"}
    assert (await client.post("/auth/register", json=asked, headers=headers)).status_code == 202
