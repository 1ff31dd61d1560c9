import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.exceptions import HTTPException

from api.http.body import BodyGuard, BodyRule, read_body
from api.http.reaper import Reaper
from tests import api_defaults
from tests.engine.api.http.http_world import BEARER, World, build, client_of, running

LIMIT = 100


class Peer:
    """Sends a body in pieces and counts what was taken of it."""

    def __init__(self, *pieces: bytes, ends: bool = True) -> None:
        self._pieces = list(pieces)
        self._ends = ends
        self.taken = 0

    async def receive(self) -> dict[str, Any]:
        if not self._pieces:
            await asyncio.Event().wait()
        piece = self._pieces.pop(0)
        self.taken += len(piece)
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces) or not self._ends}


async def read(peer: Peer, *headers: tuple[bytes, bytes], seconds: float = 5, path: str = "/x") -> bytes | int | None:
    """The body that an application behind the guard reads, or the status of its refusal."""
    found: list[bytes | int | None] = []

    async def app(scope: Any, receive: Callable[[], Any], send: Any) -> None:
        try:
            found.append(await read_body(receive))
        except HTTPException as error:
            found.append(error.status_code)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    guard = BodyGuard(app, rule=BodyRule(reaper=Reaper(), most_bytes=LIMIT, seconds=seconds, larger={"/upload": 1_000}))
    await guard({"type": "http", "path": path, "headers": headers}, peer.receive, send)
    (result,) = found
    return result


@pytest.mark.parametrize("pieces", [[b"x" * LIMIT], [b"x" * 60, b"x" * 40], [b""], [b"x" * LIMIT, b""]])
async def test_a_body_up_to_the_limit_is_read(pieces: list[bytes]) -> None:
    assert await read(Peer(*pieces)) == b"".join(pieces)


async def test_a_body_is_cut_off_where_it_passes_the_limit() -> None:
    peer = Peer(*([b"x" * 60] * 100))
    assert await read(peer) == 413
    assert peer.taken == 120


async def test_an_announced_size_is_refused_unread() -> None:
    for size in (str(LIMIT + 1), "9" * 40):
        peer = Peer(b"x")
        assert await read(peer, (b"content-length", size.encode())) == 413
        assert peer.taken == 0
    assert await read(Peer(b"x"), (b"content-length", str(LIMIT).encode())) == b"x"


async def test_paths_may_have_a_larger_limit() -> None:
    assert await read(Peer(b"x" * 1_000), path="/upload") == b"x" * 1_000
    assert await read(Peer(b"x" * 1_001), path="/upload") == 413


async def test_packed_bodies_are_refused() -> None:
    for packing in (b"gzip", b"deflate", b"br", b"gzip, identity"):
        peer = Peer(b"x")
        assert await read(peer, (b"content-encoding", packing)) == 415
        assert peer.taken == 0
    assert await read(Peer(b"x"), (b"content-encoding", b"identity")) == b"x"


async def test_a_slow_body_is_given_up() -> None:
    assert await read(Peer(b"x", b"y", ends=False), seconds=0.05) == 408


async def test_refusals_use_the_error_format_of_the_route(world: World) -> None:
    async with running(world, api_defaults.http(body_bytes=LIMIT)) as client:
        large = {"query": "{viewer}", "padding": "x" * LIMIT}
        response = await client.post("/graphql", json=large, headers=BEARER)
        assert (response.status_code, response.headers["connection"]) == (413, "close")
        (error,) = response.json()["errors"]
        assert error["extensions"] == {"code": "CONTENT_TOO_LARGE"}
        headers = {**BEARER, "Content-Encoding": "gzip", "Content-Type": "application/json"}
        response = await client.post("/graphql", content=b"x", headers=headers)
        assert response.status_code == 415


async def test_routes_behind_fastapi_refuse_with_a_problem(world: World) -> None:
    app = build(world, api_defaults.http(body_bytes=LIMIT))

    @app.post("/echo")
    async def echo(content: dict[str, Any]) -> dict[str, Any]:
        return content

    async with client_of(app) as client:
        assert (await client.post("/echo", json={"a": 1})).json() == {"a": 1}
        response = await client.post("/echo", json={"a": "x" * LIMIT})
        assert response.status_code == 413
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "title": "Content Too Large",
            "status": 413,
            "detail": f"The request body can have at most {LIMIT} bytes.",
        }
