"""A server with `BoundedProtocol` and raw clients, who write bytes and read until the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Server

from api.server.connections import BoundedConfig
from tests.e2e.loopback import new_listener

SECONDS = 10  # more than any of these takes; what takes it has failed
HEAD_SECONDS = 0.2
GET = b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n"


@dataclass
class Recorder:
    """An application that keeps what it gets and answers `ok`.

    /slow waits for `released`; /unread answers before it reads a body; /long has a long answer.
    """

    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    begun: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._echo(receive, send)
            return
        self.begun.release()
        if scope["path"] == "/slow":
            await self.released.wait()
        body = b"" if scope["path"] == "/unread" else await self._body(receive)
        if body is None:
            return
        self.requests.append((scope["method"], scope["path"], body))
        self.headers = scope["headers"]
        answer = b"o" * 8_000_000 if scope["path"] == "/long" else b"ok"
        length = (b"content-length", str(len(answer)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": answer})

    async def _body(self, receive: Receive) -> bytes | None:
        parts = []
        while (message := await receive())["type"] == "http.request":
            parts.append(message["body"])
            if not message["more_body"]:
                return b"".join(parts)
        return None

    async def _echo(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def rest(self) -> bytes:
        """Bytes received until the server ends the connection."""
        try:
            return await asyncio.wait_for(self.reader.read(), SECONDS)
        except ConnectionResetError:
            return b""

    async def answer(self) -> bytes:
        """Bytes of the recorder's next answer."""
        return await asyncio.wait_for(self.reader.readuntil(b"ok"), SECONDS)


@dataclass
class Connections:
    server: Server
    app: Recorder
    port: int
    clients: list[Client] = field(default_factory=list)

    async def client(self, data: bytes = b"", **options: Any) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, **options))
        self.clients.append(client)
        await client.send(data)
        return client

    async def ask(self, data: bytes) -> bytes:
        """The response until the connection ends."""
        return await (await self.client(data)).rest()

    async def one_head_time(self) -> None:
        """Waits as long as a head may take, by a connection that is closed then."""
        assert status_of(await self.ask(GET[:20])) == 408

    async def emptied(self) -> None:
        """Waits until no connection is open."""
        async with asyncio.timeout(SECONDS):
            while self.server.server_state.connections:  # noqa: ASYNC110  uvicorn announces nothing
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    *, served: ASGIApp | None = None, head_seconds: float = HEAD_SECONDS, **options: Any
) -> AsyncIterator[Connections]:
    """A server of the recorder, or of another application."""
    app = Recorder()
    with new_listener() as listener:
        config = BoundedConfig(served or app, head_seconds=head_seconds, log_config=None, lifespan="off", **options)
        server = Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        world = Connections(server, app, listener.getsockname()[1])
        try:
            yield world
        finally:
            app.released.set()
            for client in world.clients:
                client.writer.close()
            server.should_exit = True
            await asyncio.wait_for(task, SECONDS)


def status_of(answer: bytes) -> int:
    """Status code of the first answer, or 0 if no answer came."""
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.1 ") else 0
