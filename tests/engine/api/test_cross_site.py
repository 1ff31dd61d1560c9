"""T18 and A36 of the promises: what a foreign page can send without being asked about has no effect."""

from collections.abc import AsyncIterator, Iterator
from itertools import chain
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from fastapi import FastAPI

from api.main import build, routers
from infra.settings import Settings
from tests.factories.accounts import PASSWORD
from tests.sample.world import LibraryWorld

EVE = {"email": "eve@example.org", "name": "Eve", "password": PASSWORD}
CHANGE = {"query": 'mutation { workspaceCreate(input: {name: "Evil", slug: "evil"}) { errors { code } } }'}
FOREIGN = {"Origin": "https://evil.example", "Cookie": "session=stolen"}
BOUNDARY = "boundary"


def multipart(fields: dict[str, str]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return f"{''.join(parts)}--{BOUNDARY}--\r\n".encode()


def simple_bodies() -> Iterator[tuple[str | None, bytes]]:
    """Content type and body of each request that a browser sends without a preflight."""
    for fields in (EVE, CHANGE, EVE | CHANGE):
        text = orjson.dumps(fields)
        yield "application/x-www-form-urlencoded", urlencode(fields).encode()
        yield f"multipart/form-data; boundary={BOUNDARY}", multipart(fields)
        yield "text/plain", text
        yield "text/plain;charset=application/json", text
        yield None, text


@pytest.fixture
async def served(settings: Settings) -> AsyncIterator[FastAPI]:
    served = build(settings)
    async with served.router.lifespan_context(served):
        yield served


@pytest.fixture
async def client(served: FastAPI, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url=settings.issuer) as client:
        yield client


def paths(served: FastAPI, settings: Settings) -> set[str]:
    """Paths in the route tables of the application and its routers, and in the OpenAPI description."""
    routes = chain(served.routes, *(router.routes for router in routers(settings)))
    mounted = (str(getattr(route, "path", "")) for route in routes)
    return {path for path in chain(mounted, served.openapi()["paths"]) if path}


async def test_no_simple_request_of_a_foreign_page_has_an_effect(
    served: FastAPI, client: httpx.AsyncClient, settings: Settings, world: LibraryWorld
) -> None:
    known = paths(served, settings)
    assert {"/graphql", "/auth/token", "/auth/register", "/auth/invitation/form"} <= known
    # The server's first signing key is made when it is first asked for, by whomever.
    assert (await client.get("/.well-known/jwks.json")).status_code == 200
    before = await world.rows()
    for path in sorted(known):
        answer = await client.get(path, params=EVE | CHANGE, headers=FOREIGN)
        assert "access-control-allow-origin" not in answer.headers, path
        for content_type, body in simple_bodies():
            headers = FOREIGN | ({} if content_type is None else {"Content-Type": content_type})
            answer = await client.post(path, content=body, headers=headers)
            assert answer.status_code >= 300, (path, content_type, answer.status_code)
            assert answer.status_code < 500, (path, content_type, answer.status_code)
            assert "access-control-allow-origin" not in answer.headers, (path, content_type)
    assert await world.rows() == before


async def test_the_same_registration_as_json_has_one(client: httpx.AsyncClient, world: LibraryWorld) -> None:
    before = await world.rows()
    answer = await client.post("/auth/register", json={"email": EVE["email"]})
    assert answer.is_success
    assert await world.rows() != before
