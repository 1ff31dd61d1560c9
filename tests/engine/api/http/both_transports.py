"""Signed-in caller of the small schema, over HTTP or over a WebSocket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from api.http.options import HttpOptions
from tests.engine.api.http.http_world import BEARER, NEW, TOKEN, World, build
from tests.engine.api.sockets.websocket_driver import WebSocketDriver, connect

TRANSPORTS = ("http", "socket")


@dataclass(frozen=True)
class Caller:
    """Sends operations over the chosen transport, and returns each answer as a GraphQL response."""

    client: httpx.AsyncClient
    socket: WebSocketDriver
    transport: str

    async def ask(self, query: str | None = None, **members: Any) -> dict[str, Any]:
        request = members if query is None else {"query": query, **members}
        if self.transport == "http":
            response = await self.client.post("/graphql", json=request, headers={**BEARER, "Accept": NEW})
            return response.json()
        self.socket.send("subscribe", id="1", payload=request)
        message = await self.socket.receive()
        if message["type"] == "error":
            return {"errors": message["payload"]}
        await self.socket.completed("1")
        return message["payload"]

    async def codes(self, query: str | None = None, **members: Any) -> list[str]:
        """The codes of the answer's errors."""
        answer = await self.ask(query, **members)
        return [error["extensions"]["code"] for error in answer.get("errors", ())]


@asynccontextmanager
async def calling(world: World, transport: str, options: HttpOptions | None = None) -> AsyncIterator[Caller]:
    app: FastAPI = build(world, options)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
        connect(app, token=TOKEN) as socket,
    ):
        yield Caller(client, socket, transport)
