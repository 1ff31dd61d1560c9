"""Many users write at once with few connections, and no request is refused."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from domain.app import App
from infra.bootstrap import open_app
from infra.settings import Settings
from tests import api_defaults
from tests.sample.application import ADAPTERS_OF_SAMPLE
from tests.sample.world import LibraryWorld
from tests.served import served

WRITERS = 48
FEW = 16
PATIENCE = 120.0  # seconds until a request's deadline: how fast this machine is does not matter here
CREATE = """mutation ($input: BookCreateInput!) { bookCreate(input: $input) {
  book { id shelf { name } } errors { message } } }"""


@pytest.fixture
async def few(settings: Settings, redis_database: str) -> AsyncIterator[App]:
    """A connection to write and one to read, and 20 ms to wait for one to read."""
    limits = {
        "database_pool_size": 1,
        "database_write_pool_size": 1,
        "database_pool_seconds": 0.02,
        "request_seconds": PATIENCE,
    }
    async with open_app(settings.model_copy(update=limits), ADAPTERS_OF_SAMPLE) as opened:
        yield opened


async def created(client: httpx.AsyncClient, world: LibraryWorld, *, writers: int, count: int) -> list[str]:
    """IDs of the books that the writers put on one shelf, one after another each."""
    left = list(range(count))
    found = []

    async def write() -> None:
        while left:
            left.pop()
            variables = {"input": {"shelfId": world.here.shelf.id, "title": "One of many"}}
            response = await client.post("/graphql", json={"query": CREATE, "variables": variables})
            assert response.status_code == 200, response.text
            found.append(response.json()["data"]["bookCreate"]["book"]["id"])

    await asyncio.gather(*(write() for _ in range(writers)))
    return found


@pytest.mark.parametrize(("writers", "count"), [(FEW, FEW), pytest.param(WRITERS, 300, marks=pytest.mark.verify)])
async def test_no_writer_is_refused(few: App, world: LibraryWorld, writers: int, count: int) -> None:
    async with served(replace(world, app=few), api_defaults.http(request_seconds=PATIENCE)) as client:
        ids = await created(client, world, writers=writers, count=count)
    assert len(set(ids)) == len(ids) == count
    assert {event[2] for event in await world.events()} == set(ids)
    assert [event[0] for event in await world.events()] == list(range(1, count + 1))


async def test_a_full_line_is_a_503_that_says_when_to_come_back(settings: Settings, world: LibraryWorld) -> None:
    options = {"database_pool_size": 1, "database_write_pool_size": 1, "database_write_queue": 1}
    asking = 4
    async with (
        open_app(settings.model_copy(update=options), ADAPTERS_OF_SAMPLE) as few,
        served(replace(world, app=few), api_defaults.http()) as client,
    ):
        variables = {"input": {"shelfId": world.here.shelf.id, "title": "One of many"}}
        asked = {"query": CREATE, "variables": variables}
        responses = await asyncio.gather(*(client.post("/graphql", json=asked) for _ in range(asking)))
    statuses = [response.status_code for response in responses]
    assert set(statuses) == {200, 503}
    refused = next(response for response in responses if response.status_code == 503)
    assert refused.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert int(refused.headers["retry-after"]) >= 1
    assert len([event for event in await world.events() if event[1] == "book.created"]) == statuses.count(200)
