"""Limits on the size and duration of request bodies."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.reaper import Reaper

LONGEST_NUMBER = 15  # digits of Content-Length
CLOSE = {"Connection": "close"}  # without this header, the server would read the rest of a refused body


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRule:
    """Limits of request bodies in bytes and seconds; `larger` are those of single paths."""

    reaper: Reaper
    most_bytes: int
    seconds: float
    larger: Mapping[str, int]

    def body(self, scope: Scope, receive: Receive) -> "LimitedBody":
        """The body of a request, as far as the limits allow it."""
        most_bytes = self.larger.get(scope["path"], self.most_bytes)
        return LimitedBody(
            self.reaper, receive, most_bytes=most_bytes, seconds=self.seconds, refusal=_refusal(scope, most_bytes)
        )


class BodyGuard:
    """ASGI middleware that refuses bodies that are too large, too slow or compressed.

    Its `receive` raises HTTPException.
    """

    def __init__(self, app: ASGIApp, *, rule: BodyRule) -> None:
        self._app = app
        self._rule = rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = self._rule.body(scope, receive).receive
        await self._app(scope, receive, send)


class LimitedBody:
    """Body whose `receive` raises HTTPException beyond a limit."""

    def __init__(
        self, reaper: Reaper, receive: Receive, *, most_bytes: int, seconds: float, refusal: HTTPException | None
    ) -> None:
        self._reaper = reaper
        self._receive = receive
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._refusal = refusal
        self._deadline: float | None = None
        self._bytes = 0
        self._is_complete = False

    async def receive(self) -> Message:
        if self._is_complete:
            return await self._receive()
        if self._refusal is not None:
            raise self._refusal
        message = await self._receive_in_time()
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            if self._bytes > self._most_bytes:
                raise _too_large(self._most_bytes)
            self._is_complete = not message.get("more_body", False)
        return message

    async def _receive_in_time(self) -> Message:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        with self._reaper.until(self._deadline):
            return await self._receive()
        message = f"The request body did not arrive within {self._seconds:g} seconds."
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, message, CLOSE)


def _refusal(scope: Scope, most_bytes: int) -> HTTPException | None:
    for name, value in scope["headers"]:
        # int() raises for thousands of digits, so check the length first.
        if name == b"content-length" and (len(value) > LONGEST_NUMBER or int(value) > most_bytes):
            return _too_large(most_bytes)
        if name == b"content-encoding" and value.lower() != b"identity":
            headers = {"Accept-Encoding": "identity", **CLOSE}
            return HTTPException(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "Compressed request bodies are not supported. Send the body without `Content-Encoding`.",
                headers,
            )
    return None


def _too_large(most_bytes: int) -> HTTPException:
    message = f"The request body can have at most {most_bytes} bytes."
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, CLOSE)


async def read_body(receive: Receive) -> bytes | None:
    """The whole body; None if the client disconnected before it was complete."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
