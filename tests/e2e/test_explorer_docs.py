"""GraphiQL's documentation pane with our schema."""

from collections.abc import AsyncIterator

import pytest
from graphql import GraphQLField, GraphQLObjectType

from api.graphql.runner import graphql_schema
from api.schema import schema
from infra.settings import Settings
from tests.e2e.browser import needs_browser
from tests.e2e.explorer import Explorer, opened_explorer

pytestmark = needs_browser

PANE = "document.querySelector('.graphiql-doc-explorer')"
TITLE = f"{PANE}.querySelector('.graphiql-doc-explorer-title').innerText"
TEXT = f"{PANE}.innerText.replace(/\\s+/g, ' ')"


@pytest.fixture
async def explorer(database: str, redis_database: str, settings: Settings) -> AsyncIterator[Explorer]:
    async with opened_explorer(settings) as opened:
        await opened.sign_in()
        await opened.open_panel("Documentation Explorer")
        await opened.page.until(f"{PANE}.querySelector('a') !== null")
        yield opened


async def follow(explorer: Explorer, name: str) -> None:
    link = f"[...{PANE}.querySelectorAll('a')].find((each) => each.innerText === {name!r})"
    await explorer.page.until(f"{link} !== undefined")
    await explorer.page.run(f"{link}.click()")
    await explorer.page.until(f"{TITLE} === {name!r}")


def in_one_line(description: str | None) -> str:
    assert description
    return " ".join(description.replace("`", "").split())


def field(type_name: str, name: str) -> GraphQLField:
    found = graphql_schema(schema).type_map[type_name]
    assert isinstance(found, GraphQLObjectType)
    return found.fields[name]


async def test_types_fields_and_arguments_are_described(explorer: Explorer) -> None:
    page = explorer.page
    workspace = field("Query", "workspace")
    await follow(explorer, "Query")
    await page.until(f"{TEXT}.includes({in_one_line(workspace.description)!r})")
    await follow(explorer, "workspace")
    await page.until(f"{TEXT}.includes({in_one_line(workspace.description)!r})")
    await follow(explorer, "Workspace")
    described = graphql_schema(schema).type_map["Workspace"].description
    await page.until(f"{TEXT}.includes({in_one_line(described)!r})")
    await follow(explorer, "issues")
    for argument in field("Workspace", "issues").args.values():
        await page.until(f"{TEXT}.includes({in_one_line(argument.description)!r})")
    assert page.problems == []
