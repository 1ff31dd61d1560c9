"""Compressed responses for clients that accept them (RFC 9110 section 12.5.3).

BREACH recovers a secret from the size of compressed responses that contain the secret and text chosen by the attacker.
The attack needs cookies, which make a victim's browser send authenticated requests; Workgraph has none. Responses that
can contain a secret, those of `/auth/` and of mutations (API keys, links), are not compressed all the same.
"""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.negotiation import is_gzip_accepted, with_vary

try:
    from isal.igzip import compress as _compress
except ImportError:  # platforms without a wheel: the same format in five times the time
    from gzip import compress as _compress  # type: ignore[assignment]  # its stub names other types

LEVEL = 1  # 80 KB of JSON take 0.14 ms; level 1 of zlib takes 0.8 ms for an equal size
LEAST_BYTES = 1_024
INLINE_BYTES = 524_288  # takes 1 ms; larger answers are compressed in a thread
MEDIA_TYPES = frozenset({b"application/json", b"application/graphql-response+json", b"application/problem+json"})
UNCOMPRESSED_PATHS = ("/auth/", "/dev/")
_CONFIDENTIAL = "workgraph.confidential"


def gzip(content: bytes) -> bytes:
    """The content in gzip format, equal for equal content."""
    return _compress(content, LEVEL, mtime=0)


def mark_confidential(scope: Scope) -> None:
    """Excludes the response to a request from compression, because it may contain a secret."""
    scope[_CONFIDENTIAL] = True


class Compression:
    """ASGI middleware that compresses JSON responses above 1 KB that are sent in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNCOMPRESSED_PATHS):
            await self._app(scope, receive, send)
            return
        held: Message | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_compressible(message):
                held = message
                return
            start, held = held, None
            if start is not None:
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    start, message = await compressed(scope, start, message)
                await send(start)
            await send(message)

        await self._app(scope, receive, send_compressed)


async def compressed(scope: Scope, start: Message, body: Message) -> tuple[Message, Message]:
    """The messages of a whole response, compressed if it is long, its kind allows it, and the client wants it."""
    if len(body.get("body", b"")) < LEAST_BYTES or _CONFIDENTIAL in scope or not _is_compressible(start):
        return start, body
    return await _negotiated(scope, start, body)


def _is_compressible(start: Message) -> bool:
    headers = dict(start.get("headers", ()))
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip()
    return media_type in MEDIA_TYPES and b"content-encoding" not in headers


async def _negotiated(scope: Scope, start: Message, body: Message) -> tuple[Message, Message]:
    # The response varies with Accept-Encoding even if it is sent uncompressed.
    headers = with_vary(start["headers"], b"Accept-Encoding")
    # Repeated header fields have the meaning of one list (RFC 9110 section 5.3).
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    if not is_gzip_accepted(accepted):
        return {**start, "headers": headers}, body
    content = await _gzipped(body["body"])
    replaced: dict[bytes, Callable[[bytes], bytes]] = {
        b"content-length": lambda _: str(len(content)).encode(),
        # The same tag must not name two different contents (RFC 9110 section 8.8.3).
        b"etag": lambda tag: tag if tag.startswith(b"W/") else b"W/" + tag,
    }
    headers = [(name, replaced[name](value) if name in replaced else value) for name, value in headers]
    headers.append((b"content-encoding", b"gzip"))
    return {**start, "headers": headers}, {**body, "body": content}


async def _gzipped(content: bytes) -> bytes:
    return gzip(content) if len(content) <= INLINE_BYTES else await asyncio.to_thread(gzip, content)
