from collections.abc import AsyncIterator

import httpx
import pytest

from tests.engine.api.http.http_world import World, running


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with running(world) as opened:
        yield opened
