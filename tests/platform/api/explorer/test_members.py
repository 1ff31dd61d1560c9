"""Proves that with `WORKGRAPH_EXPLORER=members` anonymous clients get the sign-in page and nothing else."""

import httpx
import pytest

from api.explorer.pages import PAGE, own_files
from api.http.options import DemoAccount, HttpOptions
from domain.shared.errors import Unavailable
from tests import api_defaults
from tests.engine.api.http.http_world import BEARER, World, running

SAMPLES = [file.relative_to(PAGE).as_posix() for file in own_files() if "samples" in file.parts]
OTHERS = [file.relative_to(PAGE).as_posix() for file in own_files() if "samples" not in file.parts]
STRANGERS = [
    ({}, 'Bearer realm="workgraph"'),
    ({"Authorization": "Bearer token-of-nobody"}, 'Bearer realm="workgraph", error="invalid_token"'),
    ({"Authorization": "Basic YWRhOmFkYQ=="}, 'Bearer realm="workgraph"'),
]
FOR_MEMBERS = api_defaults.http(explorer=api_defaults.explorer(is_for_members=True))
DEMO = DemoAccount(email="demo@example.org", password="known to all")


async def get(path: str, options: HttpOptions, headers: dict[str, str], world: World | None = None) -> httpx.Response:
    async with running(world or World(), options) as client:
        return await client.get(path, headers=headers)


def test_there_are_samples_to_keep_from_strangers() -> None:
    assert "samples/samples.json" in SAMPLES
    assert "samples/live_changes.graphql" in SAMPLES


@pytest.mark.parametrize(("headers", "challenge"), STRANGERS)
@pytest.mark.parametrize("name", SAMPLES)
async def test_samples_are_for_members(name: str, headers: dict[str, str], challenge: str) -> None:
    response = await get(f"/graphiql/{name}", FOR_MEMBERS, headers)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, challenge)
    assert (PAGE / name).read_text() not in response.text
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", SAMPLES)
async def test_members_get_samples_that_no_cache_gives_to_others(name: str) -> None:
    response = await get(f"/graphiql/{name}", FOR_MEMBERS, BEARER)
    assert (response.status_code, response.text) == (200, (PAGE / name).read_text())
    assert response.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in response.headers["vary"].split(", ")


async def test_a_caller_is_asked_to_retry_when_the_database_is_unavailable() -> None:
    world = World()
    world.auth.failure = Unavailable("The database is away.")
    response = await get("/graphiql/samples/samples.json", FOR_MEMBERS, BEARER, world)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")


async def test_a_copy_of_a_sample_is_not_confirmed_to_strangers() -> None:
    tag = (await get(f"/graphiql/{SAMPLES[0]}", FOR_MEMBERS, BEARER)).headers["etag"]
    assert (await get(f"/graphiql/{SAMPLES[0]}", FOR_MEMBERS, {"If-None-Match": tag})).status_code == 401


@pytest.mark.parametrize("name", OTHERS)
async def test_strangers_get_all_that_the_sign_in_needs(name: str) -> None:
    world = World()
    response = await get(f"/graphiql/{name}", FOR_MEMBERS, {}, world)
    assert (response.status_code, response.text) == (200, (PAGE / name).read_text())
    assert world.auth.asked == []


async def test_the_page_requires_a_sign_in_and_hides_the_schema() -> None:
    async with running(World(), FOR_MEMBERS) as client:
        response = await client.get("/graphql", headers={"Accept": "text/html"})
        assert (response.status_code, response.headers["location"]) == (303, "/graphiql")
        settings = await client.get("/graphiql/settings.json")
        assert settings.json() == {"isForMembers": True, "isDevelopment": False, "demo": None}
        schema = await client.post("/graphql", json={"query": "{__schema{queryType{name}}}"})
        assert schema.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("name", SAMPLES)
async def test_with_the_explorer_on_samples_are_public(name: str) -> None:
    world = World()
    response = await get(f"/graphiql/{name}", api_defaults.http(explorer=api_defaults.explorer()), {}, world)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache")
    assert world.auth.asked == []


async def test_with_the_explorer_off_its_files_are_not_found() -> None:
    async with running(World(), api_defaults.http(explorer=None)) as client:
        for name in ("", "/settings.json", "/vendor/react.min.js", *(f"/{each}" for each in (*SAMPLES, *OTHERS))):
            assert (await client.get(f"/graphiql{name}", headers=BEARER)).status_code == 404, name
        visit = await client.get("/graphql", headers={"Accept": "text/html,*/*;q=0.8"})
        assert (visit.status_code, visit.headers["content-type"]) == (400, "application/json; charset=utf-8")
