import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from api.sockets.protocol import CloseCode
from domain.shared.actor import Role
from domain.shared.errors import LimitExceeded, Unauthenticated, Unavailable
from tests.engine.api.sockets.socket_world import SECRET, World, touched
from tests.engine.api.sockets.websocket_driver import SocketClosed, WebSocketDriver, connect
from tests.patience import PATIENCE

COUNT = "subscription ($to: Int!) { count(to: $to) }"
FOLLOW = "subscription { follow { number role } }"


@pytest.fixture(autouse=True)
async def nothing_left(caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """Every test ends with the tasks that it began with, and with a quiet log."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    assert [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []


@pytest.fixture
def world() -> World:
    return World()


# The handshake


async def test_speaks_graphql_transport_ws(world: World) -> None:
    async with connect(world.endpoint, subprotocols=["graphql-ws", "graphql-transport-ws"], token="ada") as socket:
        assert socket.subprotocol == "graphql-transport-ws"


@pytest.mark.parametrize("subprotocols", [[], ["graphql-ws"], ["Graphql-Transport-WS"]])
async def test_refuses_other_subprotocols(world: World, subprotocols: list[str]) -> None:
    async with connect(world.endpoint, subprotocols=subprotocols) as socket:
        assert await socket.closed() == (4406, "Subprotocol not acceptable")
        assert socket.subprotocol is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://tracker.example", "internal:8000"),
        ("https://tracker.example:443", "internal:8000"),
        ("HTTPS://Tracker.Example", "internal:8000"),
        ("http://app.example:3000", "internal:8000"),
        ("http://localhost:8000", "localhost:8000"),
        ("http://localhost", "localhost:80"),
        ("https://other.example", "other.example"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
async def test_pages_of_our_own_may_connect(world: World, origin: str, host: str) -> None:
    async with connect(world.endpoint, host=host, headers=[("origin", origin)], token="ada") as socket:
        assert socket.is_accepted


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "tracker.example"),
        ("", "tracker.example"),
        ("https://evil.example", "tracker.example"),
        ("http://tracker.example", "internal:8000"),
        ("https://tracker.example:8443", "internal:8000"),
        ("https://tracker.example.evil.example", "internal:8000"),
        ("https://tracker.example@evil.example", "internal:8000"),
        ("https://evil.example@tracker.example", "internal:8000"),
        ("http://localhost:8001", "localhost:8000"),
        ("http://localhost", "localhost:8000"),
        ("http://app.example", "internal:8000"),
        ("http://localhost:5173", "internal:8000"),
        ("file://", "internal:8000"),
        ("chrome-extension://tracker.example", "tracker.example"),
        ("https://tracker.example:port", "internal:8000"),
        ("https://[::1", "[::1"),
    ],
)
@pytest.mark.parametrize("has_denial_response", [True, False])
async def test_foreign_pages_get_403(world: World, origin: str, host: str, has_denial_response: bool) -> None:
    options = {"host": host, "headers": [("origin", origin)], "has_denial_response": has_denial_response}
    async with connect(world.endpoint, **options) as socket:
        await socket.closed()
        assert (socket.status, socket.is_accepted) == (403, False)
        assert len(world.registry) == 0


async def test_pages_of_this_machine_may_connect_in_development() -> None:
    world = World(is_development=True)
    headers = [("origin", "http://localhost:5173")]
    async with connect(world.endpoint, host="internal:8000", headers=headers, token="ada") as socket:
        assert socket.is_accepted


async def test_two_origins_are_none_of_ours(world: World) -> None:
    headers = [("origin", "https://tracker.example")] * 2
    async with connect(world.endpoint, headers=headers) as socket:
        await socket.closed()
        assert socket.status == 403


# Signing in


@pytest.mark.parametrize(
    "payload", [{"Authorization": "Bearer ada"}, {"authorization": "bearer ada"}, {"token": "ada"}]
)
async def test_the_token_comes_with_connection_init(world: World, payload: dict[str, str]) -> None:
    async with connect(world.endpoint) as socket:
        socket.send("connection_init", payload=payload)
        assert await socket.receive() == {"type": "connection_ack"}
        socket.subscribe("1", "{ role }")
        assert await socket.data("1") == {"role": "MEMBER"}


@pytest.mark.parametrize(
    "payload", [None, {}, {"Authorization": "Bearer mallory"}, {"Authorization": "Basic ada"}, {"token": None}]
)
async def test_a_bad_token_closes_with_4401(world: World, payload: Any) -> None:
    async with connect(world.endpoint) as socket:
        socket.send("connection_init", payload=payload)
        assert await socket.closed() == (4401, "Unauthorized")
        assert socket.sent == []


async def test_an_unavailable_database_closes_with_1013(world: World) -> None:
    world.app.auth.failure = Unavailable("The database is away.")
    async with connect(world.endpoint) as socket:
        socket.send("connection_init", payload={"token": "ada"})
        assert await socket.closed() == (1013, "Service is unavailable")


async def test_silence_after_the_handshake_closes_with_4408() -> None:
    world = World(init_seconds=0.02)
    async with connect(world.endpoint) as socket:
        assert await socket.closed() == (4408, "Connection initialisation timeout")


async def test_the_time_for_signing_in_does_not_limit_the_socket() -> None:
    world = World(init_seconds=0.05, recheck_seconds=0.05)
    async with connect(world.endpoint, token="ada") as socket:
        await world.checked_again()
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}


async def test_a_second_init_closes_with_4429(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.send("connection_init", payload={"token": "ada"})
        assert await socket.closed() == (4429, "Too many initialisation requests")


async def test_an_operation_before_the_init_closes_with_4401(world: World) -> None:
    async with connect(world.endpoint) as socket:
        socket.subscribe("1", "{ hello }")
        assert await socket.closed() == (4401, "Unauthorized")
        assert (socket.sent, world.app.scopes) == ([], 0)


# Operations


async def test_a_query_gives_one_result(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        query = "query A { hello } query B($name: String!) { hello(name: $name) }"
        socket.subscribe("1", query, {"name": "Ada"}, operationName="B")
        assert await socket.next("1") == {"data": {"hello": "hello Ada"}}
        await socket.completed("1")
        assert (world.app.scopes, world.app.open_scopes) == (1, 0)


async def test_a_subscription_gives_one_result_per_event(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", COUNT, {"to": 3})
        assert [await socket.data("1") for _ in range(3)] == [{"count": 1}, {"count": 2}, {"count": 3}]
        await socket.completed("1")
        assert (world.app.scopes, world.app.open_scopes) == (3, 0)


async def test_a_finished_id_may_be_used_again(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        for _ in range(3):
            socket.subscribe("1", COUNT, {"to": 1})
            assert await socket.data("1") == {"count": 1}
            await socket.completed("1")


async def test_operations_run_side_by_side(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", FOLLOW)
        socket.subscribe("2", "{ hello }")
        assert await socket.data("2") == {"hello": "hello world"}
        await socket.completed("2")
        world.app.feed.queue.put_nowait(7)
        assert await socket.data("1") == {"follow": {"number": 7, "role": "MEMBER"}}


async def test_each_event_loads_afresh(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "subscription { follow { cached again: cached } }")
        for number in (1, 2):
            world.app.feed.queue.put_nowait(number)
            assert await socket.data("1") == {"follow": {"cached": 1, "again": 2}}


async def test_a_second_operation_of_the_same_id_closes_with_4409(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("one", FOLLOW)
        socket.subscribe("one", "{ hello }")
        assert await socket.closed() == (4409, "Subscriber for one already exists")
        assert world.app.feed.listeners == 0


async def test_a_canceled_operation_gives_its_id_free_and_does_not_touch_the_next(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "{ never }")
        socket.send("ping")
        await socket.receive()
        socket.complete("1")
        socket.subscribe("1", FOLLOW)
        world.app.feed.queue.put_nowait(2)
        assert await socket.data("1") == {"follow": {"number": 2, "role": "MEMBER"}}
        socket.subscribe("1", "{ hello }")
        assert await socket.closed() == (4409, "Subscriber for 1 already exists")


async def test_mutations_are_refused(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "query A { hello } mutation B { touch }", operationName="B")
        [error] = await socket.error("1")
        assert error["extensions"] == {"code": "MUTATION_OVER_SOCKET"}
        assert touched == []


@pytest.mark.parametrize(
    ("query", "variables", "code"),
    [
        ("{ hello", None, "SYNTAX_ERROR"),
        ("", None, "SYNTAX_ERROR"),
        ("{ nothing }", None, "VALIDATION_ERROR"),
        ("subscription { follow { number } count(to: 1) }", None, "VALIDATION_ERROR"),
        ("query A { hello } query B { hello }", None, "OPERATION_UNCLEAR"),
        ("{ deep { deep { deep { deep { deep { hello } } } } } }", None, "DEPTH_LIMIT"),
        ("{" + "hello " * 20_000 + "}", None, "DOCUMENT_BYTES_LIMIT"),
        ("{ hello }", {"a": [1] * 251}, "LIST_ITEMS_LIMIT"),
        (COUNT, {"to": "three"}, "INVALID_INPUT"),
        (COUNT, None, "INVALID_INPUT"),
        ("query ($name: String!) { hello(name: $name) }", {"name": 3}, "INVALID_INPUT"),
    ],
)
async def test_an_operation_that_cannot_start_gives_an_error(
    world: World, query: str, variables: Any, code: str
) -> None:
    async with connect(World(message_bytes=200_000).endpoint, token="ada") as socket:
        socket.subscribe("1", query, variables)
        errors = await socket.error("1")
        assert [error["extensions"]["code"] for error in errors] == [code]
        socket.subscribe("1", "{ hello }")
        assert await socket.data("1") == {"hello": "hello world"}


async def test_a_source_that_refuses_gives_an_error(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "subscription { hidden }")
        [error] = await socket.error("1")
        assert error["message"] == "There is no such workspace."
        assert error["extensions"] == {"code": "NOT_FOUND", "inputPath": ["workspace"]}


async def test_a_source_that_gives_up_says_why(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", FOLLOW)
        world.app.feed.queue.put_nowait(1)
        await socket.data("1")
        world.app.feed.queue.put_nowait(LimitExceeded("Follow again after revision 1."))
        [error] = await socket.error("1")
        assert (error["message"], error["extensions"]) == (
            "Follow again after revision 1.",
            {"code": "LIMIT_EXCEEDED"},
        )
        assert world.app.feed.listeners == 0


@pytest.mark.parametrize(
    "query", ["{ hello broken }", "subscription { follow { number broken } }"], ids=["query", "event"]
)
async def test_errors_of_resolvers_are_masked(world: World, query: str, caplog: pytest.LogCaptureFixture) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        world.app.feed.queue.put_nowait(1)
        socket.subscribe("1", query)
        payload = await socket.next("1")
    [error] = payload["errors"]
    assert (error["message"], error["path"][-1], error["extensions"]["code"]) == (
        "Internal error.",
        "broken",
        "INTERNAL",
    )
    assert payload["data"] in ({"hello": "hello world", "broken": None}, {"follow": {"number": 1, "broken": None}})
    assert SECRET not in orjson.dumps(socket.sent).decode()
    assert error["extensions"]["traceId"] in caplog.text
    caplog.clear()


async def test_a_broken_source_is_masked(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", FOLLOW)
        world.app.feed.queue.put_nowait(RuntimeError(SECRET))
        [error] = await socket.error("1")
        assert (error["message"], error["extensions"]["code"]) == ("Internal error.", "INTERNAL")
        assert SECRET in caplog.text
        caplog.clear()


async def test_queries_and_events_have_the_time_of_a_request() -> None:
    world = World(request_seconds=0.02)
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "{ never }")
        [error] = await socket.error("1")
        assert error["extensions"]["code"] == "TIMEOUT"
        socket.subscribe("2", "subscription { follow { never } }")
        world.app.feed.queue.put_nowait(1)
        assert await socket.next("2") == {"data": None, "errors": [error]}
        assert world.app.open_scopes == 0


async def test_complete_stops_the_operation_and_closes_its_source(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", FOLLOW)
        world.app.feed.queue.put_nowait(1)
        await socket.data("1")
        socket.complete("1")
        await asyncio.wait_for(world.app.feed.silence.wait(), PATIENCE)
        world.app.feed.queue.put_nowait(2)
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}
        assert world.app.feed.queue.qsize() == 1


async def test_complete_cancels_a_query(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "{ never }")
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}
        assert world.app.open_scopes == 1
        socket.complete("1")
        socket.subscribe("1", "{ hello }")
        assert await socket.data("1") == {"hello": "hello world"}
        assert world.app.open_scopes == 0


async def test_complete_of_an_unknown_operation_is_ignored(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.complete("nothing")
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}


async def test_leaving_stops_everything(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        for number in range(20):
            socket.subscribe(str(number), FOLLOW)
        world.app.feed.queue.put_nowait(1)
        await socket.receive()
        assert world.app.feed.listeners == 20
        socket.leave(1001)
        await socket.ended()
    assert (world.app.feed.listeners, len(world.registry), world.app.open_scopes) == (0, 0, 0)


async def test_sources_are_given_the_time_to_close(world: World) -> None:
    world.app.feed.closing_seconds = 0.05
    async with connect(world.endpoint, token="ada") as socket:
        for number in range(3):
            socket.subscribe(str(number), FOLLOW)
        world.app.feed.queue.put_nowait(1)
        await socket.receive()
        socket.send_text("[]")
        assert await socket.closed() == (4400, "Message is not an object")
        assert world.app.feed.listeners == 0


async def test_a_peer_that_vanishes_while_we_send_stops_everything(world: World) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "subscription { endless }")
        await socket.data("1")
        socket._is_gone = True  # without a word to the application: its next send fails
        await socket.ended()
    assert (world.app.feed.listeners, len(world.registry)) == (0, 0)


# Staying alive


async def test_pings_are_answered(world: World) -> None:
    async with connect(world.endpoint) as socket:
        socket.send("ping", payload={"at": 1})
        assert await socket.receive() == {"type": "pong"}


async def test_a_peer_that_answers_stays() -> None:
    world = World(ping_seconds=0.05, silence_seconds=1)
    async with connect(world.endpoint, token="ada", answers_pings=False) as socket:
        for _ in range(25):
            assert await socket.receive() == {"type": "ping"}
            socket.send("pong")


async def test_a_silent_peer_is_dropped() -> None:
    world = World(ping_seconds=0.02, silence_seconds=0.5)
    async with connect(world.endpoint, token="ada", answers_pings=False) as socket:
        assert await socket.closed() == (4499, "No answer to pings")
        assert {"type": "ping"} in socket.sent


# The end of a token, of a session, of a role


@pytest.fixture
def watchful() -> World:
    return World(recheck_seconds=0.01)


async def test_roles_change_under_a_running_subscription(watchful: World) -> None:
    async with connect(watchful.endpoint, token="ada") as socket:
        socket.subscribe("1", FOLLOW)
        watchful.app.feed.queue.put_nowait(1)
        assert await socket.data("1") == {"follow": {"number": 1, "role": "MEMBER"}}
        watchful.make("ada", Role.ADMIN)
        await watchful.checked_again()
        watchful.app.feed.queue.put_nowait(2)
        assert await socket.data("1") == {"follow": {"number": 2, "role": "ADMIN"}}
        socket.subscribe("2", "{ role }")
        assert await socket.data("2") == {"role": "ADMIN"}


async def test_an_account_is_not_kept_for_as_long_as_a_socket_lasts(watchful: World) -> None:
    async with connect(watchful.endpoint, token="ada") as socket:
        socket.subscribe("1", "{ knowsAccount }")
        assert await socket.data("1") == {"knowsAccount": False}
        await socket.completed("1")
        await watchful.checked_again()
        socket.subscribe("2", "{ knowsAccount }")
        assert await socket.data("2") == {"knowsAccount": False}


async def test_the_end_of_the_session_ends_the_socket(watchful: World) -> None:
    async with connect(watchful.endpoint, token="ada") as socket, connect(watchful.endpoint, token="bob") as other:
        socket.subscribe("1", FOLLOW)
        del watchful.app.auth.actors["ada"]
        assert await socket.closed() == (4401, "Session ended")
        assert watchful.app.feed.listeners == 0
        other.send("ping")
        assert await other.receive() == {"type": "pong"}


async def test_the_end_of_the_token_ends_the_socket(watchful: World) -> None:
    async with connect(watchful.endpoint, token="ada") as socket:
        socket.subscribe("1", FOLLOW)
        watchful.clock.time = watchful.app.auth.actors["ada"].expires_at
        assert await socket.closed() == (4401, "Token expired")
        assert watchful.app.feed.listeners == 0


async def test_the_end_of_the_token_does_not_wait_for_the_next_check() -> None:
    world = World(recheck_seconds=60)
    world.sign_in("ada", minutes=0.02 / 60)
    async with connect(world.endpoint) as socket:
        socket.send("connection_init", payload={"token": "ada"})
        world.clock.time = world.app.auth.actors["ada"].expires_at
        assert await socket.closed() == (4401, "Token expired")


async def test_a_database_that_is_away_for_a_while_changes_nothing(watchful: World) -> None:
    async with connect(watchful.endpoint, token="ada") as socket:
        watchful.app.auth.failure = Unavailable("The database is away.")
        await watchful.checked_again()
        watchful.app.auth.failure = None
        await watchful.checked_again()
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}
        watchful.app.auth.failure = Unauthenticated("This session has ended.")
        assert await socket.closed() == (4401, "Session ended")


async def test_the_time_without_checks_counts_from_the_last_good_one() -> None:
    world = World(recheck_seconds=0.01, unchecked_seconds=1.5)
    async with connect(world.endpoint, token="ada") as socket:
        began = time.monotonic()
        while time.monotonic() - began < 1.5:
            await world.checked_again()
        world.app.auth.failure = Unavailable("The database is away.")
        await world.checked_again()
        world.app.auth.failure = None
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_socket_that_cannot_be_checked_ends(hangs: bool) -> None:
    world = World(recheck_seconds=0.01, recheck_timeout_seconds=0.01, unchecked_seconds=0.05)
    async with connect(world.endpoint, token="ada") as socket:
        world.app.auth.hangs = hangs
        world.app.auth.failure = Unavailable("The database is away.")
        assert await socket.closed() == (1013, "Session could not be checked")


# Bounds


async def test_a_user_has_so_many_sockets() -> None:
    world = World(sockets_per_user=2)
    async with connect(world.endpoint, token="ada"), connect(world.endpoint, token="ada") as second:
        async with connect(world.endpoint) as third:
            third.send("connection_init", payload={"token": "ada"})
            assert await third.closed() == (4429, "Too many WebSocket connections of this user")
        async with connect(world.endpoint, token="bob"):
            pass
        second.leave()
        await second.ended()
        async with connect(world.endpoint, token="ada"):
            pass
    assert (len(world.registry), dict(world.registry._per_user)) == (0, {})


async def test_a_process_has_so_many_sockets() -> None:
    world = World(sockets=2)
    async with connect(world.endpoint, token="ada"), connect(world.endpoint, token="bob") as second:
        async with connect(world.endpoint) as third:
            assert await third.closed() == (1013, "Too many WebSocket connections")
        second.leave()
        await second.ended()
        async with connect(world.endpoint, token="bob"):
            pass


async def test_sockets_that_say_nothing_give_way_to_those_that_sign_in() -> None:
    world = World(unanswered_sockets=3)
    async with connect(world.endpoint, token="ada") as signed_in:
        idle = [WebSocketDriver(world.endpoint, signed_in.scope, answers_pings=True) for _ in range(5)]
        for socket in idle[:2]:
            assert await socket.closed() == (4408, "Connection initialisation timeout")
        async with connect(world.endpoint, token="bob"):
            assert await idle[2].closed() == (4408, "Connection initialisation timeout")
        assert len(world.registry) == 3
        for socket in idle[3:]:
            socket.leave()
            await socket.ended()


async def test_a_socket_has_so_many_operations() -> None:
    world = World(subscriptions=3)
    async with connect(world.endpoint, token="ada") as socket:
        for number in range(3):
            socket.subscribe(str(number), FOLLOW)
        socket.send("ping")
        assert await socket.receive() == {"type": "pong"}
        socket.subscribe("3", "{ hello }")
        assert await socket.closed() == (4429, "More than 3 operations at once")
        assert world.app.feed.listeners == 0


async def test_messages_have_a_size_in_bytes() -> None:
    world = World(message_bytes=1000)
    message = orjson.dumps({"type": "ping", "payload": {"a": ""}}).decode()
    async with connect(world.endpoint) as socket:
        for filler in ("x" * (1000 - len(message)), "é" * ((1000 - len(message)) // 2)):
            socket.send("ping", payload={"a": filler})
            assert await socket.receive() == {"type": "pong"}
        socket.send("ping", payload={"a": "é" * ((1002 - len(message)) // 2)})
        assert await socket.closed() == (1009, "Message has more than 1000 bytes")


async def test_messages_have_a_rate() -> None:
    world = World(messages_per_second=5)
    async with connect(world.endpoint) as socket:
        for _ in range(5):
            socket.send("pong")
        socket.send("ping")
        assert await socket.closed() == (4429, "Too many messages per second")


@pytest.mark.parametrize("data", [b"\xff\xfe", b'{"type":"ping"}', b""])
async def test_binary_messages_close_with_4400(world: World, data: bytes) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.send_bytes(data)
        assert await socket.closed() == (4400, "Message is not text")


@pytest.mark.parametrize("text", ["", "[]", "null", '{"type":"complete","id":{}}', "[" * 5000])
async def test_malformed_messages_close_with_4400(world: World, text: str) -> None:
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", FOLLOW)
        socket.send_text(text)
        code, reason = await socket.closed()
        assert code == 4400
        assert reason
        assert world.app.feed.listeners == 0


async def test_a_slow_consumer_is_closed_with_a_hint_to_resume() -> None:
    world = World(stall_seconds=0.02, outgoing_messages=8)
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "subscription { endless }")
        await socket.data("1")
        socket.stop_reading()
        read = world.app.feed.produced
        await asyncio.wait_for(world.app.feed.silence.wait(), PATIENCE)
        assert world.app.feed.produced - read <= 8 + 2  # those that wait, one being sent, one that finds no room
        socket.read_on()
        assert await socket.closed() == (4290, "Too slow: resume from your last revision")


async def test_pending_messages_of_a_slow_consumer_are_limited_in_bytes() -> None:
    world = World(stall_seconds=0.02, close_seconds=0.02, outgoing_bytes=50_000)
    async with connect(world.endpoint, token="ada") as socket:
        socket.stop_reading()
        for number in range(5):
            socket.subscribe(str(number), "subscription { endless(size: 10000) }")
        await socket.ended()  # although the peer never read a word again
        assert world.app.feed.produced <= 4 + 1 + 5 + 5
        assert world.app.feed.listeners == 0


async def test_a_consumer_that_reads_slowly_but_steadily_stays() -> None:
    world = World(stall_seconds=1.0, outgoing_messages=2)
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "subscription { endless }")
        for _ in range(10):  # longer than a stall in all, and on a busy machine still far from one each
            socket.stop_reading()
            read = len(socket.sent)
            await asyncio.sleep(0.11)
            assert len(socket.sent) == read
            socket.read_on()
            while len(socket.sent) == read:
                await socket.data("1")
        assert not socket.task.done()


async def test_a_result_that_is_larger_than_the_queue_is_sent() -> None:
    world = World(outgoing_bytes=100)
    async with connect(world.endpoint, token="ada") as socket:
        socket.subscribe("1", "query ($name: String!) { hello(name: $name) }", {"name": "x" * 1000})
        assert await socket.data("1") == {"hello": "hello " + "x" * 1000}
        await socket.completed("1")


async def test_a_consumer_that_pauses_shortly_loses_nothing() -> None:
    world = World(outgoing_messages=8)
    async with connect(world.endpoint, token="ada") as socket:
        socket.stop_reading()
        socket.subscribe("1", COUNT, {"to": 100})
        for _ in range(50):
            await asyncio.sleep(0)
        socket.read_on()
        assert [await socket.data("1") for _ in range(100)] == [{"count": number} for number in range(1, 101)]
        await socket.completed("1")


# The end of the process


async def test_shutdown_notifies_clients_and_refuses_new_connections(world: World) -> None:
    async with connect(world.endpoint, token="ada") as first, connect(world.endpoint) as second:
        first.subscribe("1", FOLLOW)
        first.send("ping")
        assert await first.receive() == {"type": "pong"}
        assert await world.registry.close_all(within=5) == 0
        assert await first.closed() == (1001, "Server is shutting down")
        assert await second.closed() == (1001, "Server is shutting down")
        assert (world.app.feed.listeners, len(world.registry)) == (0, 0)
        async with connect(world.endpoint) as late:
            assert await late.closed() == (1001, "Server is shutting down")


async def test_shutdown_waits_only_so_long_for_a_peer_that_does_not_read() -> None:
    world = World(close_seconds=0.1)
    async with connect(world.endpoint, token="ada") as socket:
        socket.stop_reading()
        assert await world.registry.close_all(within=0.01) == 1
        await socket.ended()
        assert len(world.registry) == 0


# Whatever comes in


def fuzzed_message(dice: random.Random) -> str | bytes:
    """Something between noise and a right message."""
    kind = dice.randrange(8)
    if kind == 0:
        return dice.randbytes(dice.randrange(40))
    if kind == 1:
        return dice.randbytes(dice.randrange(40)).decode("latin-1")
    if kind == 2:
        return dice.choice(["[]", "null", "1e999", "-", '""', "[" * 9_999, "{" * 99, '{"a":' * 1_100, "\ud800", "\0"])
    message = fuzzed_object(dice, 3)
    if kind > 3:
        message["type"] = dice.choice(["connection_init", "subscribe", "complete", "ping", "pong", "next", "start", 1])
    if kind > 4:
        message["id"] = dice.choice(["1", "2", "x" * 300, "é" * 200, "\0", "", 1, None, {}, []])
    if kind > 5:
        query = dice.choice(
            ["{ hello }", FOLLOW, COUNT, "{", "mutation { touch }", "{ broken_ }", "\0", "é" * 40_000, 1]
        )
        variables = dice.choice([None, {}, {"to": 2}, {"to": "2"}, {"to": 1e300}, {"to": [[[]]]}, [], 1, "x"])
        message["payload"] = {"query": query, "variables": variables, "operationName": dice.choice([None, "A", "", 1])}
    text = orjson.dumps(message).decode()
    if dice.random() < 0.2:
        cut = dice.randrange(len(text))
        text = (
            text[:cut] + dice.choice(["", "\\ud800", "\\u0000", '"', "}", "\udfff"]) + text[cut + dice.randrange(3) :]
        )
    return text


def fuzzed_object(dice: random.Random, depth: int) -> dict[str, Any]:
    return {fuzzed_text(dice): fuzzed_value(dice, depth) for _ in range(dice.randrange(4))}


def fuzzed_value(dice: random.Random, depth: int) -> Any:
    if depth and dice.random() < 0.4:
        return fuzzed_object(dice, depth - 1) if dice.random() < 0.5 else [fuzzed_value(dice, depth - 1)] * 2
    return dice.choice([None, True, 0, -1, 2**63, 1.5, 1e300, "", "ada", "\0", "é"])


def fuzzed_text(dice: random.Random) -> str:
    return dice.choice(["type", "id", "payload", "query", "Authorization", "token", "", "\0", "é", "a" * 1000])


async def outcome(world: World, messages: list[str | bytes], *, token: str | None) -> int | None:
    """The code that the socket was closed with after these messages; None if it is still open."""
    async with connect(world.endpoint, token=token) as socket:
        for message in messages:
            socket.send_bytes(message) if isinstance(message, bytes) else socket.send_text(message)
        socket.send("ping")
        try:
            while await socket.receive() != {"type": "pong"}:
                pass
        except SocketClosed as closed:
            return closed.code
    return None


async def fuzz(seed: int, *, times: int) -> dict[int | None, int]:
    dice = random.Random(seed)
    world = World()
    codes: dict[int | None, int] = {}
    for _ in range(times):
        messages = [fuzzed_message(dice) for _ in range(dice.choice([1, 1, 1, 3]))]
        try:
            code = await outcome(world, messages, token=dice.choice([None, "ada", "ada"]))
        except Exception as error:
            raise AssertionError(f"seed {seed}: {messages!r}") from error
        codes[code] = codes.get(code, 0) + 1
    assert (len(world.registry), world.app.feed.listeners, world.app.open_scopes, touched) == (0, 0, 0, [])
    return codes


async def test_fuzzed_messages_give_defined_codes_and_no_tracebacks() -> None:
    codes = await fuzz(20_260_501, times=300)
    assert codes.keys() == {None, 1009, 4400, 4401, 4429}
    assert all(code is None or code in set(CloseCode) for code in codes)


@pytest.mark.verify
async def test_ten_thousand_fuzzed_messages_give_defined_codes_and_no_tracebacks() -> None:
    seed = random.randrange(2**32)
    codes = await fuzz(seed, times=10_000)
    assert codes.keys() <= {None, 1009, 4400, 4401, 4429}, f"seed {seed}: {codes}"
