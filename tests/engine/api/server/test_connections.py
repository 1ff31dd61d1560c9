"""Deadlines and limits of HTTP connections."""

import asyncio
import pickle
import socket

from websockets.asyncio.client import connect

from api.main import FACTORY, server_config
from api.server.connections import BoundedProtocol
from infra.settings import load_settings
from tests.engine.api.server.connection_world import GET, SECONDS, Client, serving, status_of

UPLOAD = b"POST /%b HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"


HALVES = {
    b"": 0,
    b"\r\n": 0,
    b"G": 408,
    b"GET / HTTP/1.1\r\n": 408,
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 60_000: 408,
}


async def test_heads_that_do_not_arrive_end_their_connections() -> None:
    async with serving() as world:
        clients = [await world.client(sent) for sent in HALVES for _ in range(4)]
        answers = await asyncio.gather(*(client.rest() for client in clients))
    assert [status_of(answer) for answer in answers] == [status for status in HALVES.values() for _ in range(4)]
    assert world.app.requests == []


async def test_sending_on_slowly_does_not_prolong_the_time() -> None:
    async with serving() as world:
        client = await world.client(b"GET / HTTP/1.1\r\n")
        first = asyncio.create_task(client.reader.read())
        lines = 0
        while not (await asyncio.wait([first], timeout=0.02))[0]:
            lines += 1
            assert lines < 100, "still open"
            await client.send(b"x: y\r\n")
        assert status_of(await first) == 408


async def test_requests_after_a_response_must_arrive_in_time_as_well() -> None:
    later = {b"\r\n": GET % b"", b"GET / HTTP/1.1\r\n": GET % b"", b"abc": UPLOAD % b"unread"}
    async with serving(timeout_keep_alive=60) as world:
        clients = [await world.client(request) for request in later.values()]
        for client, sent in zip(clients, later, strict=True):
            await client.answer()
            await client.send(sent)
        assert [status_of(await client.rest()) for client in clients] == [0, 408, 0]


async def test_connections_within_their_deadline_stay_open() -> None:
    async with serving(timeout_keep_alive=60) as world:
        idle = await world.client(GET % b"")
        await idle.answer()
        head = GET % b"head"
        slow = await world.client(GET % b"slow" + head[:10])
        await world.one_head_time()
        await idle.send(GET % b"again")
        assert status_of(await idle.answer()) == 200
        world.app.released.set()
        assert status_of(await slow.answer()) == 200
        await slow.send(head[10:])
        assert status_of(await slow.answer()) == 200


async def test_a_socket_lives_on() -> None:
    async with serving() as world, connect(f"ws://127.0.0.1:{world.port}/") as client:
        await world.one_head_time()
        await client.send("still here")
        assert await asyncio.wait_for(client.recv(), SECONDS) == "still here"


async def test_an_unread_response_closes_the_connection() -> None:
    async with serving() as world:
        narrow = socket.create_connection(("127.0.0.1", world.port))
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        with narrow:
            narrow.sendall(GET % b"long")
            await asyncio.wait_for(world.app.begun.acquire(), SECONDS)
            await world.emptied()


async def test_half_a_request_makes_room_for_a_whole_one() -> None:
    async with serving(head_seconds=60, limit_concurrency=5) as world:
        waiting = [await world.client(sent) for sent in (b"", b"GET", UPLOAD % b"body" + b"abc") for _ in range(5)]
        for _ in range(3):
            client = await world.client(GET % b"")
            assert status_of(await client.answer()) == 200
        assert [await client.rest() for client in waiting[:10]] == [b""] * 10
        assert len(world.server.server_state.connections) < 5


async def test_requests_at_work_make_no_room() -> None:
    async with serving(head_seconds=60, limit_concurrency=4) as world:
        busy = [await world.client(GET % b"slow") for _ in range(3)]
        for _ in busy:
            await asyncio.wait_for(world.app.begun.acquire(), SECONDS)
        assert status_of(await world.ask(GET % b"")) == 503
        world.app.released.set()
        assert [status_of(await client.answer()) for client in busy] == [200] * 3


async def test_the_longest_silent_goes_first() -> None:
    async with serving(head_seconds=60, timeout_keep_alive=60, limit_concurrency=4) as world:
        first, second = [await world.client(GET % b"") for _ in range(2)]
        await first.answer()
        await second.answer()
        await first.send(GET % b"")
        await first.answer()
        others = [await world.client(GET % b"") for _ in range(2)]
        assert [status_of(await each.answer()) for each in others] == [200, 200]
        assert await second.rest() == b""
        await first.send(GET % b"")
        assert status_of(await first.answer()) == 200


async def test_requests_in_a_row_are_answered_in_their_order() -> None:
    async with serving() as world:
        client = await world.client(GET % b"1" + GET % b"2" + GET % b"3")
        for _ in range(3):
            assert status_of(await client.answer()) == 200
        assert [path for _, path, _ in world.app.requests] == ["/1", "/2", "/3"]


async def test_too_many_in_a_row_are_refused_after_the_first_are_answered() -> None:
    async with serving() as world:
        answers = await world.ask(GET % b"" * 1_000)
    assert answers.count(b"HTTP/1.1 200 ") == 21
    assert answers.count(b"HTTP/1.1 400 ") == 1
    assert len(world.app.requests) == 21


def test_the_settings_reach_the_processes_of_a_server() -> None:
    settings = load_settings(request_head_seconds=3.5, connection_limit=7, workers=2)
    config = pickle.loads(pickle.dumps(server_config(settings, app=FACTORY)))
    assert config.http is BoundedProtocol
    assert (config.head_seconds, config.limit_concurrency) == (3.5, 7)
    assert load_settings().request_head_seconds == 10


async def test_a_stopping_server_does_not_wait_for_heads() -> None:
    async with serving(head_seconds=60) as world:
        clients: list[Client] = [await world.client(sent) for sent in (b"", b"GET", GET[:20])]
        world.server.should_exit = True
        assert [await client.rest() for client in clients] == [b""] * 3


async def test_a_stopping_server_answers_the_first_request_of_an_open_connection() -> None:
    async with serving(head_seconds=10) as world:
        late, silent = await world.client(), await world.client()
        while len(world.server.server_state.connections) < 2:  # noqa: ASYNC110  uvicorn announces nothing
            await asyncio.sleep(0)
        world.server.should_exit = True
        while world.server.servers[0].is_serving():  # noqa: ASYNC110
            await asyncio.sleep(0)
        await late.send(GET % b"late")
        assert status_of(await late.rest()) == 200
        assert await silent.rest() == b""
