"""Requests of every kind to `/graphql`, as ASGI messages."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message

from tests.engine.api.http.http_world import BEARER, NEW, World

HOST = b"test"
TOKEN_FIELD = (b"authorization", BEARER["Authorization"].encode())
JSON_FIELD = (b"content-type", b"application/json")
LIMIT = 2_000
GZIP = (b"accept-encoding", b"gzip")
LONG_ITEM = b'{"query":"{item(name: \\"%s\\"){name}}"}' % (b"long " * 300)


class Gone(Exception):
    """The connection has broken while the response was sent."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request; `leaves` tells when its client disconnects."""

    method: str = "POST"
    fields: tuple[tuple[bytes, bytes], ...] = (JSON_FIELD, TOKEN_FIELD)
    host: bytes | None = HOST
    pieces: tuple[bytes, ...] = (b'{"query":"{viewer}"}',)
    query_string: bytes = b""
    is_complete: bool = True
    leaves: str = "never"
    prepare: Callable[[World], None] = field(default=lambda _: None)


def posted(body: bytes, *fields: tuple[bytes, bytes]) -> Case:
    return Case(fields=(JSON_FIELD, TOKEN_FIELD, *fields), pieces=(body,))


def got(query_string: bytes, *fields: tuple[bytes, bytes]) -> Case:
    return Case(method="GET", fields=(TOKEN_FIELD, *fields), pieces=(b"",), query_string=query_string)


def _break_authentication(world: World) -> None:
    world.auth.failure = RuntimeError("a secret of the inside")


CASES: dict[str, Case] = {
    "query": Case(),
    "query, new media type": posted(b'{"query":"{viewer}"}', (b"accept", NEW.encode())),
    "mutation": posted(b'{"query":"mutation{change}"}'),
    "body in pieces": Case(pieces=(b'{"query":', b'"{viewer}"}')),
    "query with GET": got(b"query={viewer}"),
    "mutation with GET": got(b"query=mutation{change}"),
    "malformed query string": got(b"query=%ff"),
    "visit of a browser": got(b"", (b"accept", b"text/html")),
    "host with a port": Case(host=b"test:8000"),
    "foreign host": Case(host=b"evil.example"),
    "malformed host": Case(host=b"a b"),
    "no host": Case(host=None),
    "announced size above the limit": posted(b"x", (b"content-length", b"%d" % (LIMIT + 1))),
    "announced size of too many digits": posted(b"x", (b"content-length", b"9" * 40)),
    "size above the limit": Case(pieces=(b"x" * LIMIT, b"x")),
    "compressed body": posted(b"x", (b"content-encoding", b"gzip")),
    "slow body": Case(pieces=(b'{"query":',), is_complete=False),
    "client leaves in the body": Case(pieces=(b'{"query":',), is_complete=False, leaves="soon"),
    "client leaves while the operation runs": Case(pieces=(b'{"query":"{endless}"}',), leaves="later"),
    "operation takes too long": posted(b'{"query":"{endless}"}'),
    "connection breaks at the start": Case(leaves="at the start"),
    "connection breaks in the answer": Case(leaves="in the answer"),
    **{f"method {method}": Case(method=method) for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")},
    "wrong content type": Case(fields=((b"content-type", b"text/plain"), TOKEN_FIELD)),
    "no content type": Case(fields=(TOKEN_FIELD,)),
    "malformed JSON": posted(b"{"),
    "no query": posted(b"{}"),
    "invalid document": posted(b'{"query":"{nothing}"}', (b"accept", NEW.encode())),
    "unacceptable answer": posted(b'{"query":"{viewer}"}', (b"accept", b"image/png")),
    "no token": Case(fields=(JSON_FIELD,)),
    "wrong token": Case(fields=(JSON_FIELD, (b"authorization", b"Bearer wrong"))),
    "two tokens": posted(b'{"query":"{viewer}"}', TOKEN_FIELD),
    "request ID": posted(b'{"query":"{viewer}"}', (b"x-request-id", b"trace-1234")),
    "unsafe request ID": posted(b'{"query":"{viewer}"}', (b"x-request-id", b"a b\n")),
    "two request IDs": posted(b'{"query":"{viewer}"}', (b"x-request-id", b"trace-1"), (b"x-request-id", b"trace-2")),
    "two proxies": posted(b'{"query":"{viewer}"}', (b"via", b"1.1 a"), (b"via", b"1.1 b")),
    "crash in a resolver": posted(b'{"query":"{failing(how:\\"bug\\")}"}'),
    "crash outside of resolvers": Case(prepare=_break_authentication),
    "service not available": posted(b'{"query":"{failing(how:\\"unavailable\\")}"}'),
    "too many requests": posted(b'{"query":"{failing(how:\\"crowded\\")}"}'),
    "long answer": posted(LONG_ITEM, GZIP),
    "long answer, not compressed": posted(LONG_ITEM, (b"accept-encoding", b"identity")),
    "long answer, no preference": posted(LONG_ITEM),
    "short answer, compressed on request": posted(b'{"query":"{viewer}"}', GZIP),
}


@dataclass
class Exchange:
    """Response that the client of one request got."""

    sent: list[Message] = field(default_factory=list)
    raised: BaseException | None = None

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Headers in their order, without those for pages of other origins."""
        sent = self.sent[0]["headers"] if self.sent else []
        return [each for each in sent if not each[0].startswith(b"access-control-")]

    @property
    def body(self) -> bytes:
        return b"".join(each["body"] for each in self.sent[1:])


async def exchange(app: Any, case: Case, world: World, *more: tuple[bytes, bytes]) -> Exchange:
    """Sends the request with `more` header fields."""
    answer = Exchange()
    messages = [
        {"type": "http.request", "body": piece, "more_body": not case.is_complete or number < len(case.pieces)}
        for number, piece in enumerate(case.pieces, 1)
    ]

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        if case.leaves == "later":
            await world.started.wait()
        elif case.leaves != "soon":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if case.leaves == "at the start" or (case.leaves == "in the answer" and answer.sent):
            raise Gone
        answer.sent.append(message)

    host = () if case.host is None else ((b"host", case.host),)
    scope = {
        "type": "http",
        "method": case.method,
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("192.0.2.1", 1),
        "query_string": case.query_string,
        "headers": [*host, *case.fields, *more],
    }
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001  compared by the tests
        answer.raised = error
    return answer
