"""The schema's text is for those who may introspect it."""

import httpx
import pytest
from graphql import build_schema

from api.graphql.runner import graphql_schema
from api.graphql.sdl import sdl_of
from api.http.options import HttpOptions
from api.main import build, http_options
from api.schema import schema, sdl
from infra.settings import Settings
from tests import api_defaults
from tests.engine.api.http.http_world import BEARER, World, running

PATH = "/graphql/schema.graphql"
WRONG = {"Authorization": "Bearer token-of-nobody"}
OPEN = api_defaults.http(is_development=True)
INTROSPECTION = {"query": '{__schema{queryType{name}} __type(name:"Query"){name}}'}


async def get(options: HttpOptions, headers: dict[str, str]) -> httpx.Response:
    async with running(World(), options) as client:
        return await client.get(PATH, headers=headers)


@pytest.mark.parametrize("options", [api_defaults.http(), api_defaults.http(explorer=None), OPEN])
async def test_signed_in_callers_get_it(options: HttpOptions) -> None:
    response = await get(options, BEARER)
    assert response.status_code == 200
    assert build_schema(response.text).query_type is not None
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "private, no-cache"
    assert response.headers["vary"].startswith("Authorization")


async def test_the_schema_file_is_fetched_again_only_after_a_change() -> None:
    async with running(World()) as client:
        first = await client.get(PATH, headers=BEARER)
        tag = first.headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await client.get(PATH, headers={**BEARER, "If-None-Match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["vary"] == first.headers["vary"]
        for known in ('"other"', "", tag.strip('"')):
            again = await client.get(PATH, headers={**BEARER, "If-None-Match": known})
            assert (again.status_code, again.text) == (200, first.text)
        unknown = await client.get(PATH, headers={"If-None-Match": tag})
        assert unknown.status_code == 401
        assert "etag" not in unknown.headers


@pytest.mark.parametrize("headers", [{}, WRONG])
async def test_anonymous_callers_get_no_schema_file(headers: dict[str, str]) -> None:
    response = await get(api_defaults.http(), headers)
    assert response.status_code == 401
    assert "type Query" not in response.text


async def test_in_development_everybody_gets_it() -> None:
    response = await get(OPEN, {})
    assert response.status_code == 200
    assert "type Query" in response.text
    assert (await get(OPEN, WRONG)).status_code == 401, "a token that was sent has to be valid"


@pytest.mark.parametrize("is_open", [False, True])
async def test_in_development_everybody_may_introspect(is_open: bool) -> None:
    async with running(World(), api_defaults.http(is_development=is_open)) as client:
        response = await client.post("/graphql", json=INTROSPECTION)
        assert (response.status_code, "data" in response.json()) == ((200, True) if is_open else (401, False))
        for query in ("{viewer}", "{__schema{queryType{name}} viewer}", "mutation{change}"):
            assert (await client.post("/graphql", json={"query": query})).status_code == 401, query


@pytest.mark.parametrize("headers", [{}, BEARER])
@pytest.mark.parametrize("change", [{"is_introspection_enabled": False}, {"are_trusted_only": True}])
async def test_without_introspection_there_is_no_schema_file(change: dict[str, bool], headers: dict[str, str]) -> None:
    assert (await get(api_defaults.http(is_development=True, **change), headers)).status_code == 404


@pytest.mark.parametrize(
    ("public_url", "environment", "is_open"),
    [
        ("", "dev", True),
        ("http://127.0.0.1:8000", "dev", True),
        ("https://tracker.example.org", "dev", False),
        ("https://tracker.example.org", "production", False),
        ("http://localhost:8000", "production", False),
    ],
)
def test_development_is_a_server_that_only_its_developer_reaches(
    settings: Settings, public_url: str, environment: str, is_open: bool
) -> None:
    changed = settings.replaced(public_url=public_url, environment=environment)
    assert http_options(changed).is_development is is_open


def test_the_schema_file_is_the_file_of_the_project(settings: Settings) -> None:
    assert sdl_of(graphql_schema(schema)) == sdl()
    assert PATH in {getattr(route, "path", None) for route in build(settings).router.routes}
