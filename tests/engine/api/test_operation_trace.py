"""`extensions.trace`, which developers ask for with a header."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx

from api.graphql.counts import INTROSPECTION
from api.graphql.runner import FIRST_SIGHT, SWITCHED_OFF
from domain.app import App
from strawberry_compiled import NotCompiledYet
from tests import api_defaults
from tests.engine.api.http.http_world import BEARER, ask, running
from tests.engine.api.http.http_world import World as SmallWorld
from tests.sample.documents import BOOK_LIST
from tests.sample.world import LibraryWorld
from tests.served import served
from tests.statements import counted

BEING_COMPILED = str(NotCompiledYet())
ASKED = {"X-Workgraph-Trace": "1"}
CREATE = """mutation ($shelf: ID!, $title: String!) {
  bookCreate(input: {shelfId: $shelf, title: $title}) { book { title } errors { message } } }"""
FACTS = {"milliseconds", "executor", "reason", "plan", "statements"}


async def traced(client: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=ASKED)
    content = answer.json()
    assert "errors" not in content
    trace: dict[str, Any] = content["extensions"]["trace"]
    assert set(trace) == FACTS
    return trace


async def test_the_trace_lists_every_statement_with_its_time(world: LibraryWorld) -> None:
    async with served(world, api_defaults.http()) as client:
        with counted() as sent:
            trace = await traced(client, BOOK_LIST, slug=world.here.workspace.slug, first=5)
    assert [each["text"] for each in trace["statements"]] == sent
    assert len(sent) > 4
    assert 0 < sum(each["milliseconds"] for each in trace["statements"]) <= trace["milliseconds"]
    assert not any(world.here.workspace.slug in each["text"] for each in trace["statements"])
    assert not any(each["isWrite"] for each in trace["statements"])


async def test_the_trace_lists_writes_without_their_values(world: LibraryWorld) -> None:
    async with served(world, api_defaults.http()) as client:
        trace = await traced(client, CREATE, shelf=world.here.shelf.id, title="A rather secret title")
    writes = [each["text"] for each in trace["statements"] if each["isWrite"]]
    assert any("INSERT INTO book " in text for text in writes)
    assert "A rather secret title" not in str(trace)


async def test_the_trace_names_the_executor_and_the_reason(world: LibraryWorld) -> None:
    async with served(world, api_defaults.http(execution=api_defaults.execution())) as client:
        first = await traced(client, "{ viewer { name } }")
        while (second := await traced(client, "{ viewer { name } }"))["reason"] == BEING_COMPILED:
            pass
        introspection = await traced(client, "{ __schema { queryType { name } } }")
        while introspection["reason"] in (FIRST_SIGHT, BEING_COMPILED):
            introspection = await traced(client, "{ __schema { queryType { name } } }")
    async with served(world, api_defaults.http(execution=api_defaults.execution(is_compiled=False))) as client:
        never = await traced(client, "{ viewer { name } }")
    assert (first["executor"], first["reason"], first["plan"]) == ("graphql-core", FIRST_SIGHT, None)
    assert (second["executor"], second["reason"]) == ("compiled", None)
    assert "def select_" in second["plan"]
    assert (introspection["executor"], introspection["reason"]) == ("graphql-core", INTROSPECTION)
    assert (never["executor"], never["reason"]) == ("graphql-core", SWITCHED_OFF)


async def test_the_trace_is_reported_next_to_the_cost(world: LibraryWorld) -> None:
    async with served(world, api_defaults.http(cost=api_defaults.cost(is_shown=True))) as client:
        answer = await client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=ASKED)
        assert set(answer.json()["extensions"]) == {"cost", "trace"}


class Begun:
    """A trace that counts how often it is begun."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def __call__(self) -> Iterator[list[Any]]:
        self.count += 1
        yield []


async def test_tracing_is_off_unless_requested() -> None:
    begun = Begun()
    async with running(SmallWorld(statement_trace=begun)) as client:
        for _ in range(3):
            assert "extensions" not in (await ask(client, "{ item { name } }")).json()
        assert begun.count == 0
        answer = await client.post("/graphql", json={"query": "{ item { name } }"}, headers=BEARER | ASKED)
        assert (begun.count, set(answer.json()["extensions"]["trace"])) == (1, FACTS)


async def test_without_tracing_the_header_is_ignored(world: LibraryWorld) -> None:
    production = replace(world, app=App(**vars(world.app) | {"statement_trace": None}))
    async with served(production, api_defaults.http()) as client:
        answer = await client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=ASKED)
        assert "extensions" not in answer.json()
