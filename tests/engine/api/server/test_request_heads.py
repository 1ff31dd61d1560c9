"""Heads that a proxy and we could read differently (RFC 9112 section 11.2), and those that only look like it."""

from collections.abc import AsyncIterator

import pytest

from api.server.connections import HEAD_BYTES
from tests.engine.api.server.connection_world import GET, Connections, serving, status_of

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

REFUSED = {
    "two hosts": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "one host twice": (400, b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "a list of hosts": (400, b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    "a host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "a host with a user": (400, b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    "another host in the target": (400, b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a target without a path": (400, b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a fragment": (400, b"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a tunnel": (400, b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n"),
    "too long a head": (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * HEAD_BYTES + b"\r\n\r\n"),
    "too long a head, half sent": (431, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * HEAD_BYTES * 3),
    "too long a target": (431, b"GET /" + b"x" * HEAD_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "many lines that are too long together": (431, GET[:-2] % b"" + (b"X: " + b"x" * 900 + b"\r\n") * 80 + b"\r\n"),
    "too many fields": (431, GET[:-2] % b"" + b"X: y\r\n" * 100 + b"\r\n"),
    "two lengths": (400, POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    "one length twice": (400, POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    "a list of lengths": (400, POST + b"Content-Length: 3, 3\r\n\r\nabc"),
    "a length with a sign": (400, POST + b"Content-Length: +3\r\n\r\nabc"),
    "a length below zero": (400, POST + b"Content-Length: -3\r\n\r\nabc"),
    "a hexadecimal length": (400, POST + b"Content-Length: 0x3\r\n\r\nabc"),
    "a length beyond 64 bits": (400, POST + b"Content-Length: 99999999999999999999999\r\n\r\nabc"),
    "a space before the colon": (400, POST + b"Content-Length : 3\r\n\r\nabc"),
    "a length and chunks": (400, POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunks and a length": (400, POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    "chunks twice": (400, POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "chunks within gzip": (400, POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    "gzip within chunks": (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "an unknown encoding": (501, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "no encoding by name": (501, POST + b"Transfer-Encoding: identity\r\n\r\n"),
    "chunks of HTTP/1.0": (501, CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n"),
    "a control before the encoding": (400, POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    "a folded line": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"),
    "a folded first line": (400, b"GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n"),
    "NUL in a value": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n"),
    "NUL in a name": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX\x00: b\r\n\r\n"),
    "a bare CR": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rY: b\r\n\r\n"),
    "bare LFs": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "a bare LF in the head": (400, b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    "a bare LF at its end": (400, b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
    "a name with a space": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n"),
    "no name": (400, b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),
    "no colon": (400, b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n"),
    "no version": (505, b"GET /\r\n\r\n"),
    "HTTP/2 with foreknowledge": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "another version": (505, b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    "a bad target": (400, b"GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n"),
}
BAD_BODIES = {
    "a bare LF": b"3\nabc\n0\n\n",
    "a sign": b"-3\r\nabc\r\n0\r\n\r\n",
    "a prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "more than was said": b"3\r\nabcd\r\n0\r\n\r\n",
    "a number beyond 64 bits": b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "an endless extension": b"3;" + b"x" * 500_000,
    "an endless trailer": b"3\r\nabc\r\n0\r\nX: " + b"x" * 500_000,
}
ACCEPTED = {
    "a length": (POST + b"Content-Length: 3\r\n\r\nabc", b"abc"),
    "a body of a GET": (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", b"abc"),
    "chunks": (CHUNKED + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", b"abc"),
    "chunks in capitals": (POST + b"Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
    "small chunks": (CHUNKED + b"1\r\nx\r\n" * 50_000 + b"0\r\n\r\n", b"x" * 50_000),
    "an address and a port": (b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", b""),
    "the host in the target": (b"GET http://A:80/ HTTP/1.1\r\nHost: a:80\r\n\r\n", b""),
    "a head of 60 KB": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 60_000 + b"\r\n\r\n", b""),
    "100 fields": (GET[:-2] % b"" + b"X: y\r\n" * 99 + b"\r\n", b""),
}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Connections]:
    async with serving(head_seconds=60) as opened:
        yield opened


@pytest.fixture
def world(server: Connections) -> Connections:
    server.app.requests.clear()
    return server


@pytest.mark.parametrize("kind", REFUSED)
async def test_an_ambiguous_request_head_is_refused(world: Connections, kind: str) -> None:
    status, head = REFUSED[kind]
    answer = await world.ask(head + GET % b"smuggled")
    assert status_of(answer) == status
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\ncontent-type: application/problem+json\r\n" in answer
    assert world.app.requests == []


@pytest.mark.parametrize("kind", BAD_BODIES)
async def test_bad_chunks_end_the_request_and_the_connection(world: Connections, kind: str) -> None:
    answer = await world.ask(CHUNKED + BAD_BODIES[kind] + GET % b"smuggled")
    assert (status_of(answer), answer.count(b"HTTP/1.1 ")) == (400, 1)
    assert world.app.requests == []


@pytest.mark.parametrize("kind", ACCEPTED)
async def test_a_plain_request_head_is_accepted(world: Connections, kind: str) -> None:
    request, body = ACCEPTED[kind]
    client = await world.client(request + GET % b"next")
    assert [status_of(await client.answer()) for _ in range(2)] == [200, 200]
    assert [sent for _, _, sent in world.app.requests] == [body, b""]


@pytest.mark.parametrize("step", [1, 7, 100])
async def test_chunk_boundaries_do_not_matter(world: Connections, step: int) -> None:
    sent = CHUNKED + b"2\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n" + GET % b"next"
    client = await world.client()
    for start in range(0, len(sent), step):
        await client.send(sent[start : start + step])
    assert [status_of(await client.answer()) for _ in range(2)] == [200, 200]
    assert world.app.requests == [("POST", "/", b"abc"), ("GET", "/next", b"")]


async def test_fields_after_a_body_do_not_become_fields_of_the_head(world: Connections) -> None:
    client = await world.client(CHUNKED + b"3\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
    assert status_of(await client.answer()) == 200
    assert [name for name, _ in world.app.headers] == [b"host", b"transfer-encoding"]


@pytest.mark.parametrize("wish", [b"h2c", b"TLS/1.0", b"other, websocket"])
async def test_a_wish_for_another_protocol_does_not_hide_the_body(world: Connections, wish: bytes) -> None:
    head = b"POST /1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, X, HTTP2-Settings\r\nUpgrade: %b\r\n" % wish
    body = GET % b"smuggled"
    length = b"HTTP2-Settings: AAMAAABk\r\nContent-Length: %d\r\n\r\n" % len(body)
    client = await world.client((head + length + body) * 2)
    await client.send(GET % b"last")
    assert [status_of(await client.answer()) for _ in range(3)] == [200] * 3
    assert world.app.requests == [("POST", "/1", body), ("POST", "/1", body), ("GET", "/last", b"")]


async def test_a_bad_request_waits_for_the_answers_to_those_before_it(world: Connections) -> None:
    answer = await world.ask(GET % b"1" + GET % b"2" + b"GET / HTTP/1.1\r\n\r\n" + GET % b"smuggled")
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"400"]
    assert [path for _, path, _ in world.app.requests] == ["/1", "/2"]
