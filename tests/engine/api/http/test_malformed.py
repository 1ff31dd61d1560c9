import logging

import httpx
import pytest

from tests.engine.api.http.http_world import BEARER, SECRET, World
from tests.engine.api.http.malformed import Malformed, malformed_requests
from tests.work import counted_calls

MOST_CALLS = 25_000  # three times the most


async def send(client: httpx.AsyncClient, request: Malformed) -> httpx.Response:
    url = httpx.URL("http://test/graphql", query=request.query_string)
    headers = [*request.headers, ("authorization", BEARER["Authorization"].encode())]
    return await client.request(request.method, url, content=request.body, headers=headers)


async def check(client: httpx.AsyncClient, count: int, *, seed: int) -> dict[int, int]:
    """Number of responses by status."""
    statuses: dict[int, int] = {}
    for request in malformed_requests(count, seed=seed):
        with counted_calls() as calls:
            response = await send(client, request)
        assert response.status_code < 500, (request, response.text)
        assert "Traceback" not in response.text, request
        assert SECRET not in response.text, request
        assert calls.count < MOST_CALLS, request
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
    return statuses


async def test_malformed_requests_are_the_clients_mistake(
    client: httpx.AsyncClient, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        statuses = await check(client, 500, seed=1)
    assert caplog.records == []
    assert {200, 400, 405, 406, 415} <= statuses.keys()
    assert world.open_scopes == 0


@pytest.mark.verify
async def test_ten_thousand_malformed_requests_are_the_clients_mistake(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        statuses = await check(client, 10_000, seed=2)
    assert caplog.records == []
    assert sum(statuses.values()) == 10_000
