"""Open sockets end with the API key that opened them."""

from collections.abc import AsyncIterator

import pytest

from domain.auth.commands import ApiKeyDraft
from domain.auth.model import NewApiKey
from domain.shared.actor import Actor, Scope
from tests import api_defaults
from tests.engine.api.sockets.socket_world import World
from tests.engine.api.sockets.websocket_driver import connect
from tests.identity import Identity

ANN = "ann@example.org"


@pytest.fixture
async def ann(identity: Identity) -> Actor:
    await identity.register(email=ANN)
    return await identity.auth.authenticate((await identity.sign_in(ANN)).access_token)


@pytest.fixture
async def new(identity: Identity, ann: Actor) -> AsyncIterator[NewApiKey]:
    yield (await identity.api_keys.create(ann, ApiKeyDraft(name="Follower", scopes=(Scope.READ,)))).value
    await identity.key_uses.aclose()


@pytest.fixture
def world(identity: Identity) -> World:
    world = World(recheck_seconds=0.01)
    world.app.auth = identity.auth  # type: ignore[assignment]  # the world's is a fake
    world.app.clock = identity.clock  # type: ignore[assignment]  # as above
    return world


async def test_a_revoked_key_ends_its_sockets(identity: Identity, ann: Actor, new: NewApiKey, world: World) -> None:
    other = (await identity.api_keys.create(ann, ApiKeyDraft(name="Other", scopes=(Scope.READ,)))).value
    async with connect(world.endpoint, token=new.key) as socket, connect(world.endpoint, token=other.key) as kept:
        await identity.api_keys.revoke(ann, new.api_key.id)
        assert await socket.closed() == (4401, "Session ended")
        kept.send("ping")
        assert await kept.receive() == {"type": "pong"}


async def test_an_expired_key_ends_its_sockets(identity: Identity, new: NewApiKey, world: World) -> None:
    async with connect(world.endpoint, token=new.key) as socket:
        identity.clock.move(days=90)
        assert await socket.closed() == (4401, "Token expired")


async def test_a_wrong_key_opens_no_socket(new: NewApiKey, world: World) -> None:
    async with connect(world.endpoint) as socket:
        socket.send("connection_init", payload={"Authorization": f"Bearer {new.key}a"})
        assert (await socket.closed())[0] == 4401


def test_sockets_are_looked_at_often_enough() -> None:
    """Five seconds from the end of a key to the end of its sockets."""
    options = api_defaults.sockets()
    assert options.recheck_seconds + options.recheck_timeout_seconds <= 5
