"""Points that requests cost their callers, over HTTP and WebSocket."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from api.graphql.spending import REFUSAL_POINTS
from infra.db.usage import RequestUsage
from infra.limits.budget import LocalBudget
from tests import api_defaults
from tests.engine.api.http.both_transports import TRANSPORTS, Caller, calling
from tests.engine.api.http.http_world import BEARER, OLD, World, ask, running
from tests.fakes.clock import MemoryClock

POOR = api_defaults.http(
    limits=api_defaults.limits(cost=10), cost=api_defaults.cost(per_hour=3600, burst=20, anonymous_per_hour=10)
)
SHOWN = api_defaults.http(cost=api_defaults.cost(is_shown=True))
TEN = "{" + "".join(f"a{n}:item{{name}} " for n in range(10)) + "}"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_answer_says_what_it_cost(transport: str) -> None:
    async with calling(World(), transport, SHOWN) as caller:
        answer = await caller.ask(TEN)
        cost = answer["extensions"]["cost"]
        assert (cost["requested"], cost["actual"], cost["limit"]) == (10, 1, 250_000)  # no row was read
        assert 249_998 <= cost["remaining"] <= 250_000  # a point comes back within 15 ms
        assert datetime.fromisoformat(cost["resetAt"]).utcoffset() is not None
        assert "extensions" in await caller.ask('{ failing(how: "not found") }')
    async with calling(World(), transport) as caller:
        assert "extensions" not in await caller.ask(TEN)


class SpentWorld(World):
    """World in which each operation reads ten rows, so that no points of `TEN` are refunded."""

    def reads(self, *, is_current: bool = False) -> Any:
        scope = super().reads(is_current=is_current)

        class Counted:
            async def __aenter__(self) -> Any:
                tally = await scope.__aenter__()
                tally.rows_read = 10
                return tally

            async def __aexit__(self, *error: Any) -> None:
                await scope.__aexit__(*error)

        return Counted()


async def test_over_http_too_much_is_a_429_that_says_when() -> None:
    async with running(SpentWorld(), POOR) as client:
        for _ in range(2):
            assert (await ask(client, TEN)).status_code == 200
        for accept in (OLD, "application/graphql-response+json"):
            response = await ask(client, TEN, accept=accept)
            assert response.status_code == 429
            assert response.headers["content-type"].startswith(accept)
            (error,) = response.json()["errors"]
            assert error["extensions"]["code"] == "RATE_LIMITED"
            assert 9 <= int(response.headers["retry-after"]) <= 10  # ten points, one a second
            assert error["extensions"]["retryAfter"] == int(response.headers["retry-after"])
            assert "data" not in response.json()


async def test_on_a_socket_too_much_is_an_error_and_the_socket_lives_on() -> None:
    async with calling(SpentWorld(), "socket", POOR) as caller:
        assert [await caller.codes(TEN) for _ in range(3)] == [[], [], ["RATE_LIMITED"]]
        assert await caller.codes(TEN) == ["RATE_LIMITED"]
        assert not caller.socket.task.done()


async def test_both_transports_take_from_one_bucket() -> None:
    world = SpentWorld()
    async with calling(world, "http", POOR) as caller:
        by_socket = Caller(caller.client, caller.socket, "socket")
        assert [await caller.codes(TEN), await by_socket.codes(TEN)] == [[], []]
        assert [await caller.codes(TEN), await by_socket.codes(TEN)] == [["RATE_LIMITED"], ["RATE_LIMITED"]]


async def test_unused_points_are_refunded() -> None:
    async with running(World(), POOR) as client:
        assert [(await ask(client, TEN)).status_code for _ in range(10)] == [200] * 10


async def test_nothing_runs_that_is_not_paid_for() -> None:
    world = SpentWorld()
    async with running(world, POOR) as client:
        for _ in range(2):
            await ask(client, TEN)
        assert (await ask(client, "mutation { change }")).status_code == 429
        assert (world.changes, world.scopes) == (0, 2)


async def test_requests_that_are_refused_cost_a_point() -> None:
    async with running(World(), POOR) as client:
        statuses = [(await ask(client, "{ unknown }")).status_code for _ in range(20 // REFUSAL_POINTS + 1)]
    assert statuses == [400] * 20 + [429]


async def test_strangers_share_the_bucket_of_their_address() -> None:
    async with running(World(), POOR) as client:
        query = {"query": "{ __typename }"}
        statuses = [(await client.post("/graphql", json=query)).status_code for _ in range(11)]
        assert statuses == [200] * 10 + [429]
        assert (await client.post("/graphql", json={"query": "{ viewer }"})).status_code == 429
        assert (await client.post("/graphql", json=query, headers=BEARER)).status_code == 200


async def test_a_subscription_pays_for_each_event() -> None:
    async with calling(SpentWorld(), "socket", POOR) as caller:
        assert await caller.codes(TEN) == []
        caller.socket.subscribe("s", "subscription { ticks }")
        message = await caller.socket.receive()
        # One point at the start, and ten for the event are more than the nine that are left.
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMITED")


async def test_simultaneous_requests_spend_no_more_than_there_is() -> None:
    async with running(SpentWorld(), POOR) as client:
        responses = await asyncio.gather(*(ask(client, TEN) for _ in range(20)))
    assert sorted(response.status_code for response in responses) == [200] * 2 + [429] * 18


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_reads_count_for_the_account_that_pays_the_points(transport: str) -> None:
    async with calling(World(), transport) as caller:
        assert (await caller.ask("{ account }"))["data"] == {"account": "user:usr_ada"}


async def test_reads_of_a_subscription_count_for_its_account() -> None:
    async with calling(World(), "socket") as caller:
        caller.socket.subscribe("s", "subscription { accounts }")
        message = await caller.socket.receive()
        assert message["payload"]["data"] == {"accounts": "user:usr_ada"}


class SlowWorld(World):
    """World in which each operation takes that many seconds of the database."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

        def used(account: str) -> RequestUsage:
            usage = RequestUsage(account)
            usage.seconds = self.seconds
            return usage

        self.usage = used


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_account_without_database_time_is_refused(transport: str) -> None:
    async with calling(SlowWorld(35.0), transport, SHOWN) as caller:
        assert [await caller.codes(TEN) for _ in range(3)] == [[], [], ["RATE_LIMITED"]]


async def test_the_refusal_says_when_enough_time_is_back() -> None:
    world = SlowWorld(66.02)
    async with running(world, SHOWN) as client:
        assert (await ask(client, TEN)).status_code == 200
        response = await ask(client, "mutation { change }")
        assert (response.status_code, response.headers["retry-after"], world.changes) == (429, "60", 0)
        (error,) = response.json()["errors"]
        assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 60}
        assert "too much time of the database" in error["message"]


async def test_a_canceled_request_pays_for_its_database_time() -> None:
    world = SlowWorld(66.02)
    async with running(world, replace(SHOWN, request_seconds=0.02)) as client:
        assert (await ask(client, "{ endless }")).status_code == 503
        assert (await ask(client, TEN)).status_code == 429


async def test_a_subscription_ends_when_its_database_time_is_used() -> None:
    async with calling(SlowWorld(66.02), "socket", SHOWN) as caller:
        caller.socket.subscribe("s", "subscription { ticks }")
        message = await caller.socket.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMITED")


async def test_no_response_depends_on_the_database_time() -> None:
    """Proves that hidden rows, which take time, cannot be noticed in what a response says."""
    told = []
    for seconds in (0.0, 30.0):
        world = SlowWorld(seconds)
        world.budget = LocalBudget(MemoryClock(), lambda: 0.0)  # so that no point comes back meanwhile
        async with running(world, SHOWN) as client:
            response = await ask(client, "{ viewer }")
            headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
            cost = response.json()["extensions"]["cost"]
            told.append((response.status_code, headers, response.json()["data"], cost | {"resetAt": ""}))
    assert told[0] == told[1]
