"""The WebSocket endpoint behind uvicorn, with an independent client."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.server.connections import BoundedConfig
from api.server.socket_transport import SocketTransport
from tests.engine.api.sockets.socket_world import World
from tests.patience import PATIENCE

INIT = '{"type":"connection_init","payload":{"Authorization":"Bearer ada"}}'


@asynccontextmanager
async def running(world: World) -> AsyncIterator[tuple[uvicorn.Server, str]]:
    app = FastAPI(middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1"])])
    app.router.routes.append(WebSocketRoute("/graphql", world.endpoint))
    listener = socket.create_server(("127.0.0.1", 0))
    options: dict[str, Any] = {"log_config": None, "lifespan": "off", "timeout_graceful_shutdown": 5}
    bounds = {"head_seconds": 10, "ws": SocketTransport, "ws_max_size": world.options.message_bytes}
    config = BoundedConfig(app, **bounds, **options)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield server, f"ws://127.0.0.1:{listener.getsockname()[1]}/graphql"
    finally:
        server.should_exit = True
        await asyncio.wait_for(serving, PATIENCE)


@asynccontextmanager
async def signed_in(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    async with connect(url, subprotocols=["graphql-transport-ws"], **options) as client:
        await client.send(INIT)
        assert orjson.loads(await client.recv()) == {"type": "connection_ack"}
        yield client


async def subscribe(client: ClientConnection, query: str) -> None:
    await client.send(orjson.dumps({"type": "subscribe", "id": "1", "payload": {"query": query}}).decode())


async def closing(client: ClientConnection) -> tuple[int, str]:
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                await client.recv()
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


async def test_a_subscription_from_start_to_end() -> None:
    world = World()
    async with running(world) as (_, url), signed_in(url) as client:
        assert client.subprotocol == "graphql-transport-ws"
        await subscribe(client, "subscription { count(to: 2) }")
        assert [orjson.loads(await client.recv()) for _ in range(3)] == [
            {"id": "1", "type": "next", "payload": {"data": {"count": 1}}},
            {"id": "1", "type": "next", "payload": {"data": {"count": 2}}},
            {"id": "1", "type": "complete"},
        ]


@pytest.mark.parametrize(
    ("host", "origin", "status", "body"),
    [
        ("127.0.0.1", "https://evil.example", 403, b"This origin may not open a socket.\n"),
        ("evil.example", None, 400, b"Invalid host header"),
    ],
)
async def test_refused_handshakes_say_why_and_log_no_error(
    host: str, origin: str | None, status: int, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running(World()) as (_, url):
        with pytest.raises(InvalidStatus) as refused:
            # `host` is where it connects to; the header comes from the address.
            async with connect(url.replace("127.0.0.1", host), host="127.0.0.1", origin=origin):
                pass
        assert refused.value.response.status_code == status
        assert refused.value.response.body == body
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_handshake_without_the_subprotocol_is_closed_with_a_code_that_browsers_show() -> None:
    async with running(World()) as (_, url), connect(url) as client:
        assert await closing(client) == (4406, "Subprotocol not acceptable")


@pytest.mark.parametrize(
    ("message", "code"),
    [("[]", 4400), (b"{}", 4400), ('{"type":"subscribe","id":{}}', 4400), (INIT, 4429), ("x" * 70_000, 1009)],
)
async def test_close_codes_arrive(message: str | bytes, code: int) -> None:
    world = World()
    async with running(world) as (_, url), signed_in(url) as client:
        await client.send(message)
        assert (await closing(client))[0] == code


async def test_a_client_that_stops_reading_is_let_go_and_costs_no_memory() -> None:
    world = World(stall_seconds=0.2)
    async with running(world) as (_, url), signed_in(url, max_queue=1, compression=None) as client:
        await subscribe(client, "subscription { endless(size: 10000) }")
        await asyncio.wait_for(world.app.feed.silence.wait(), PATIENCE)
        produced = world.app.feed.produced
        assert await closing(client) == (4290, "Too slow: resume from your last revision")
        assert world.app.feed.produced == produced
        assert produced < 2_000  # what the system's own buffers hold, and ours: nothing goes on growing


async def test_a_stopping_server_does_not_wait_for_open_sockets() -> None:
    world = World()
    async with running(world) as (server, url), signed_in(url) as client:
        await subscribe(client, "subscription { follow { number } }")
        world.app.feed.queue.put_nowait(1)
        await client.recv()
        server.should_exit = True
        assert (await closing(client))[0] == 1012
        await asyncio.wait_for(world.app.feed.silence.wait(), PATIENCE)
    assert len(world.registry) == 0
