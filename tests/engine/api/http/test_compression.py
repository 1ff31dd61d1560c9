import gzip
import subprocess
import sys
import zlib

import httpx
import orjson
import pytest
from graphql import build_schema
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from api.graphql.runner import graphql_schema
from api.http import compression
from api.http.compression import LEAST_BYTES, Compression
from api.http.negotiation import is_gzip_accepted
from api.main import http_options
from infra.settings import Settings
from tests import api_defaults
from tests.engine.api.http.http_world import BEARER, World, running
from tests.sample.application import SCHEMA
from tests.secret_fields import secret_fields

LONG = {"query": '{item(name: "%s"){name}}' % ("long " * 400)}
GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("gzip;q=0.5", True),
        ("gzip ; q=0.001", True),
        ("identity;q=0.5, gzip;q=0.5", True),
        ("identity, *", True),
        ("identity;q=0, *", True),
        ("", False),
        ("br", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.9", False),
        ("gzip;q=2", False),
        ("gzip;q=nonsense", False),
        ("gzipped", False),
        (",;q=,\xff", False),
    ],
)
def test_gzip_is_sent_to_clients_that_accept_it(accepted: str, expected: bool) -> None:
    assert is_gzip_accepted(accepted.encode("latin-1")) is expected


async def raw(client: httpx.AsyncClient, request: httpx.Request) -> tuple[httpx.Response, bytes]:
    """The answer, and its body as it is sent."""
    response = await client.send(request, stream=True)
    content = b"".join([part async for part in response.aiter_raw()])
    return response, content


async def test_long_answers_are_packed_and_say_so() -> None:
    async with running(World()) as client:
        contents = {}
        for name, headers in (("packed", GZIP), ("plain", PLAIN)):
            request = client.build_request("POST", "/graphql", json=LONG, headers={**BEARER, **headers})
            response, contents[name] = await raw(client, request)
            assert response.headers["content-length"] == str(len(contents[name]))
            assert response.headers.get("content-encoding") == ("gzip" if name == "packed" else None)
            assert response.headers["vary"] == "Accept-Encoding"
            assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert gzip.decompress(contents["packed"]) == contents["plain"]
    assert len(contents["packed"]) < len(contents["plain"]) / 10


async def test_answers_of_mutations_are_never_packed() -> None:
    aliases = " ".join(f"{'long' * 40}{number}: change" for number in range(12))
    async with running(World()) as client:
        response = await client.post(
            "/graphql", json={"query": f"mutation {{ {aliases} }}"}, headers={**BEARER, **GZIP}
        )
    assert len(response.json()["data"]) == 12
    assert len(response.content) > LEAST_BYTES
    assert "content-encoding" not in response.headers


async def test_nothing_is_packed_where_that_is_turned_off(settings: Settings) -> None:
    options = http_options(settings.replaced(compression=False))
    assert (options.is_compressed, options.explorer and options.explorer.is_compressed) == (False, False)
    assert http_options(settings).is_compressed
    async with running(World(), api_defaults.http(is_compressed=False)) as client:
        for request in (
            client.build_request("POST", "/graphql", json=LONG, headers={**BEARER, **GZIP}),
            client.build_request("GET", "/graphql/schema.graphql", headers={**BEARER, **GZIP}),
        ):
            response = await client.send(request)
            assert response.status_code == 200
            assert "content-encoding" not in response.headers
            assert "accept-encoding" not in response.headers.get("vary", "").lower()


@pytest.mark.parametrize("headers", [GZIP, PLAIN])
async def test_the_schema_has_a_tag_for_each_form(headers: dict[str, str]) -> None:
    other = PLAIN if headers is GZIP else GZIP
    async with running(World()) as client:
        path = "/graphql/schema.graphql"
        response = await client.get(path, headers={**BEARER, **headers})
        assert response.headers.get("content-encoding") == ("gzip" if headers is GZIP else None)
        assert response.headers["vary"] == "Authorization, Accept-Encoding"
        known = {"If-None-Match": response.headers["etag"]}
        same = await client.get(path, headers={**BEARER, **headers, **known})
        assert (same.status_code, same.headers.get("content-encoding")) == (304, None)
        assert (await client.get(path, headers={**BEARER, **other, **known})).status_code == 200
        assert (await client.get(path, headers={**BEARER, **other})).text == response.text


def application(answer: Response, path: str = "/x") -> Compression:
    async def serve(_: Request) -> Response:
        return answer

    return Compression(Starlette(routes=[Route(path, serve, methods=["GET", "POST"])]))


async def answered(
    answer: Response, path: str = "/x", method: str = "GET", **headers: str
) -> tuple[httpx.Headers, bytes]:
    transport = httpx.ASGITransport(application(answer, path))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers or GZIP) as client:
        response, content = await raw(client, client.build_request(method, path))
        return response.headers, content


@pytest.mark.parametrize("size", [LEAST_BYTES - 3, LEAST_BYTES - 2])
async def test_short_answers_stay_as_they_are(size: int) -> None:
    headers, content = await answered(JSONResponse("x" * size))
    is_packed = len(orjson.dumps("x" * size)) >= LEAST_BYTES
    assert ("content-encoding" in headers, "vary" in headers) == (is_packed, is_packed)
    assert headers["content-length"] == str(len(content))


@pytest.mark.parametrize("path", ["/auth/token", "/auth/introspect", "/auth/x/y", "/dev/mail"])
async def test_responses_that_can_contain_a_token_are_not_compressed(path: str) -> None:
    headers, _ = await answered(JSONResponse("x" * 5_000), path, "POST")
    assert ("content-encoding" in headers, "vary" in headers) == (False, False)


@pytest.mark.parametrize(
    "media_type", ["text/html", "text/plain", "image/png", "application/jsonp", "application/gzip"]
)
async def test_other_content_stays_as_it_is(media_type: str) -> None:
    headers, content = await answered(Response(b"x" * 5_000, media_type=media_type))
    assert ("content-encoding" in headers, content) == (False, b"x" * 5_000)


async def test_compressed_responses_are_not_compressed_again() -> None:
    packed = gzip.compress(b"x" * 500_000)
    headers, content = await answered(JSONResponse("x", headers={"Content-Encoding": "gzip"}))
    assert (headers.get_list("content-encoding"), content) == (["gzip"], b'"x"')
    answer = Response(packed, media_type="application/json", headers={"Content-Encoding": "gzip"})
    headers, content = await answered(answer)
    assert (headers.get_list("content-encoding"), content) == (["gzip"], packed)


async def test_a_stream_is_not_held_back() -> None:
    sent: list[Message] = []

    async def parts():
        yield b"x" * 5_000
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
        yield b"y" * 5_000

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": "/x",
        "query_string": b"",
        "headers": [(b"accept-encoding", b"gzip")],
    }
    await application(StreamingResponse(parts(), media_type="application/json"))(scope, receive, send)
    assert b"".join(message["body"] for message in sent[1:]) == b"x" * 5_000 + b"y" * 5_000
    assert b"content-encoding" not in dict(sent[0]["headers"])


@pytest.mark.parametrize(("given", "expected"), [('"a"', 'W/"a"'), ('W/"a"', 'W/"a"')])
async def test_a_tag_does_not_name_two_contents(given: str, expected: str) -> None:
    answer = JSONResponse("x" * 5_000, headers={"ETag": given, "Vary": "Origin"})
    packed, _ = await answered(answer)
    assert (packed["etag"], packed["vary"]) == (expected, "Origin, Accept-Encoding")
    plain, _ = await answered(answer, **PLAIN)
    assert (plain["etag"], plain["vary"]) == (given, "Origin, Accept-Encoding")


async def test_several_lines_of_what_is_accepted_count_together() -> None:
    transport = httpx.ASGITransport(application(JSONResponse("x" * 5_000)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        lines = [("Accept-Encoding", "gzip;q=0"), ("Accept-Encoding", "*")]
        response = await client.send(httpx.Request("GET", "http://test/x", headers=lines))
    assert "content-encoding" not in response.headers


async def test_long_responses_are_compressed_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "INLINE_BYTES", 2_000)
    headers, content = await answered(JSONResponse("x" * 5_000))
    assert (headers["content-encoding"], gzip.decompress(content)) == ("gzip", orjson.dumps("x" * 5_000))


async def test_a_head_request_gets_the_same_headers() -> None:
    answer = JSONResponse("x" * 5_000)
    got, _ = await answered(answer)
    asked, _ = await answered(answer, method="HEAD")
    assert dict(asked) == dict(got)


async def test_text_is_left_to_its_routes() -> None:
    headers, _ = await answered(PlainTextResponse("x" * 5_000))
    assert "vary" not in headers


def test_without_isal_zlib_does_it() -> None:
    program = """if True:
        import sys
        sys.modules["isal"] = None
        from api.http.compression import gzip
        assert gzip.__globals__["_compress"].__module__ == "gzip"
        sys.stdout.buffer.write(gzip(b"x" * 100_000))
    """
    packed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    assert gzip.decompress(packed) == b"x" * 100_000
    assert len(packed) < 1_000


def test_compression_is_standard_gzip_and_deterministic() -> None:
    content = orjson.dumps({f"key {number}": number for number in range(10_000)})
    packed = compression.gzip(content)
    assert zlib.decompress(packed, wbits=31) == content
    assert packed == compression.gzip(content)
    assert len(packed) < len(content) / 2
    assert compression._compress.__module__ == "isal.igzip"


# Secrets come from mutations alone, whose answers are not packed.


def test_no_query_answers_a_secret() -> None:
    assert secret_fields(graphql_schema(SCHEMA)) == set()


def test_a_query_with_a_secret_would_be_found() -> None:
    added = "type Query { me: Node } interface Node { id: ID } type Key implements Node { id: ID inviteLink: String }"
    assert secret_fields(build_schema(added)) == {("Key", "inviteLink")}
