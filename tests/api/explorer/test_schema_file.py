"""The schema's text is for whoever may introspect it."""

import pytest
from graphql import build_schema

from api.http.execution import graphql_schema
from api.http.options import ExplorerOptions, HttpOptions
from api.main import build
from api.schema import schema, sdl
from api.shared.sdl import sdl_of
from infra.settings import Settings
from tests.api.http.http_world import BEARER, World, running

PATH = "/graphiql/schema.graphql"


@pytest.mark.parametrize("is_for_members", [False, True])
async def test_whoever_has_signed_in_may_keep_it_as_a_file(is_for_members: bool) -> None:
    options = HttpOptions(explorer=ExplorerOptions(is_for_members=is_for_members))
    async with running(World(), options) as client:
        response = await client.get(PATH, headers=BEARER)
        again = await client.get(PATH, headers=BEARER)
    assert response.status_code == 200
    assert response.headers["content-disposition"] == 'attachment; filename="schema.graphql"'
    assert (response.headers["cache-control"], response.headers["vary"]) == ("private, no-cache", "Authorization")
    assert build_schema(response.text).query_type is not None
    assert again.text == response.text


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer token-of-nobody"}])
@pytest.mark.parametrize("is_for_members", [False, True])
async def test_strangers_are_told_nothing_of_it(is_for_members: bool, headers: dict[str, str]) -> None:
    options = HttpOptions(explorer=ExplorerOptions(is_for_members=is_for_members))
    async with running(World(), options) as client:
        response = await client.get(PATH, headers=headers)
    assert response.status_code == 401
    assert "type Query" not in response.text


@pytest.mark.parametrize(
    "options",
    [HttpOptions(explorer=None), HttpOptions(is_introspection_enabled=False), HttpOptions(are_trusted_only=True)],
)
async def test_where_it_may_not_be_introspected_there_is_no_file(options: HttpOptions) -> None:
    async with running(World(), options) as client:
        assert (await client.get(PATH, headers=BEARER)).status_code == 404


def test_it_is_the_file_of_the_project(settings: Settings) -> None:
    assert sdl_of(graphql_schema(schema)) == sdl()
    assert PATH in {getattr(route, "path", None) for route in build(settings).router.routes}
