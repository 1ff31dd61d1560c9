"""A WebSocket client inside the test's own process: it calls the ASGI application and plays the server's part.

async with connect(app, token="…") as socket:
    socket.subscribe("1", "subscription { … }", {"after": 3})
    payload = await socket.next("1")
    socket.complete("1")
    assert await socket.closed() == (4401, "Session ended")
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from starlette.types import ASGIApp, Message

SUBPROTOCOL = "graphql-transport-ws"
DEADLINE = 20.0


class SocketClosed(Exception):
    """The application closed the socket while a message was awaited."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code}: {reason}")
        self.code = code
        self.reason = reason


class WebSocketDriver:
    def __init__(self, app: ASGIApp, scope: dict[str, Any], *, answers_pings: bool) -> None:
        self.scope = scope
        self.subprotocol: str | None = None
        self.is_accepted = False
        self.status: int | None = None  # of the HTTP answer, when the handshake was refused
        self.sent: list[dict[str, Any]] = []  # every message that the application sent, in order
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers_pings = answers_pings
        self._is_reading = asyncio.Event()
        self._is_reading.set()
        self._is_gone = False
        self._close: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        self._to_app.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    # What a client does

    def send_text(self, text: str) -> None:
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    def send_bytes(self, data: bytes) -> None:
        self._to_app.put_nowait({"type": "websocket.receive", "bytes": data})

    def send(self, type: str, **fields: Any) -> None:
        self.send_text(orjson.dumps({"type": type, **fields}).decode())

    async def init(self, token: str) -> None:
        self.send("connection_init", payload={"Authorization": f"Bearer {token}"})
        assert await self.receive() == {"type": "connection_ack"}

    def subscribe(self, id: str, query: str, variables: Mapping[str, Any] | None = None, **more: Any) -> None:
        self.send("subscribe", id=id, payload={"query": query, "variables": variables, **more})

    def complete(self, id: str) -> None:
        self.send("complete", id=id)

    async def receive(self) -> dict[str, Any]:
        """The next message; raises SocketClosed when the application closed the socket instead."""
        getting = asyncio.ensure_future(self._from_app.get())
        done, _ = await asyncio.wait({getting, self._close}, timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        if getting in done:
            return getting.result()
        getting.cancel()
        if self._close in done:
            raise SocketClosed(*self._close.result())
        raise TimeoutError(f"The application sent nothing for {DEADLINE:g} seconds; before: {self.sent[-3:]}")

    async def next(self, id: str) -> dict[str, Any]:
        """The payload of the next message, which must be a `next` for that operation."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", id), message
        return message["payload"]

    async def data(self, id: str) -> Any:
        """The data of the next result, which must have no errors."""
        payload = await self.next(id)
        assert "errors" not in payload, payload
        return payload["data"]

    async def error(self, id: str) -> list[dict[str, Any]]:
        message = await self.receive()
        assert (message["type"], message["id"]) == ("error", id), message
        return message["payload"]

    async def completed(self, id: str) -> None:
        assert await self.receive() == {"type": "complete", "id": id}

    async def closed(self) -> tuple[int, str]:
        """The code and reason that the application closed the socket with; waits until its task has ended."""
        async with asyncio.timeout(DEADLINE):
            closed = await asyncio.shield(self._close)
            await self.ended()
        return closed

    async def ended(self) -> None:
        """Waits until the application has returned, and raises what it raised."""
        async with asyncio.timeout(DEADLINE):
            await asyncio.shield(self.task)

    def stop_reading(self) -> None:
        """Makes the application's sends wait from now on, as they do when a peer's buffers are full."""
        self._is_reading.clear()

    def read_on(self) -> None:
        self._is_reading.set()

    def leave(self, code: int = 1000) -> None:
        """Closes the socket from the client's side."""
        self._is_gone = True
        self._is_reading.set()
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})

    # What a server does

    async def _receive(self) -> Message:
        return await self._to_app.get()

    async def _send(self, message: Message) -> None:
        await self._is_reading.wait()
        if self._is_gone or self._close.done():
            raise OSError("the socket is closed")
        match message["type"]:
            case "websocket.accept":
                assert not self.is_accepted
                self.is_accepted = True
                self.subprotocol = message.get("subprotocol")
            case "websocket.send":
                assert self.is_accepted
                self._note(orjson.loads(message["text"]))
            case "websocket.close":
                if not self.is_accepted:
                    self.status = 403
                assert len(message["reason"].encode()) <= 123
                self._close.set_result((message["code"], message["reason"]))
                self._to_app.put_nowait({"type": "websocket.disconnect", "code": message["code"]})
            case "websocket.http.response.start":
                assert not self.is_accepted
                self.status = message["status"]
            case "websocket.http.response.body":
                self._close.set_result((1006, ""))
            case other:
                raise AssertionError(other)

    def _note(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if self._answers_pings and message["type"] == "ping":
            self.send("pong")
        else:
            self._from_app.put_nowait(message)


@asynccontextmanager
async def connect(
    app: ASGIApp,
    *,
    token: str | None = None,
    path: str = "/graphql",
    subprotocols: Iterable[str] = (SUBPROTOCOL,),
    headers: Iterable[tuple[str, str]] = (),
    host: str = "testserver",
    scheme: str = "ws",
    has_denial_response: bool = True,
    answers_pings: bool = True,
) -> AsyncIterator[WebSocketDriver]:
    """An open socket, signed in when a token is given; leaving the block closes it and waits for the application."""
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": scheme,
        "server": (host, 80),
        "client": ("127.0.0.1", 50_000),
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in (("host", host), *headers)],
        "subprotocols": list(subprotocols),
        "state": {},
        "extensions": {"websocket.http.response": {}} if has_denial_response else {},
    }
    socket = WebSocketDriver(app, scope, answers_pings=answers_pings)
    try:
        if token is not None:
            await socket.init(token)
        yield socket
        if not socket.task.done():
            socket.leave()
        await socket.ended()
    finally:
        if not socket.task.done():
            socket.task.cancel()
            with suppress(asyncio.CancelledError):
                await socket.task
