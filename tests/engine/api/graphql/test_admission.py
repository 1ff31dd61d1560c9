"""Cost of refused and unfinished requests, equal on every transport."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest

from api.graphql.limits import LimitCode
from api.http.options import HttpOptions
from domain.shared.budget import Allowance, Balance, Bucket, OverBudget
from tests import api_defaults
from tests.engine.api.http.http_world import BEARER, NEW, World, ask, build, client_of, running
from tests.engine.api.sockets.websocket_driver import connect

Request = Mapping[str, Any]
ADA = "user:usr_ada"
STRANGER = "address:127.0.0.1"
LIMITS = api_defaults.limits(
    document_bytes=3_000,
    tokens=300,
    depth=5,
    introspection_depth=5,
    aliases=25,
    root_fields=25,
    fields=100,
    cost=40,
    overlaps=500,
    list_items=3,
    variables_depth=3,
)
# 40 points, as one operation may cost so much.
OPTIONS = api_defaults.http(limits=LIMITS, cost=api_defaults.cost(per_hour=3600, burst=10))
TEN = " ".join(f"a{n}: item {{ name }}" for n in range(10))
DEAR = " ".join(f"a{n}: item {{ item {{ item {{ item {{ name }} }} }} }}" for n in range(11))
HASH = "0" * 64


@dataclass
class Ledger:
    """Counts what was taken and not given back, by the bucket's key."""

    taken: Counter[str] = field(default_factory=Counter)

    async def take(self, allowance: Allowance, points: int) -> Bucket:
        if self.taken[allowance.key] + points > allowance.capacity:
            raise OverBudget(points, 1.0)
        self.taken[allowance.key] += points
        return self

    def give_back(self, allowance: Allowance, points: int) -> None:
        self.taken[allowance.key] -= points

    def balance(self, allowance: Allowance) -> Balance:
        return Balance(allowance.capacity - self.taken[allowance.key], datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Sent:
    """Sends requests of Ada's, and answers with the codes of their errors."""

    client: httpx.AsyncClient
    socket: Any
    carrier: str

    async def codes(self, request: Request) -> list[str]:
        errors = await self.errors(request)
        return [error["extensions"]["code"] for error in errors]

    async def errors(self, request: Request) -> list[Any]:
        headers = {**BEARER, "Accept": NEW}
        if self.carrier == "socket":
            self.socket.send("subscribe", id="1", payload=request)
            message = await self.socket.receive()
            if message["type"] == "error":
                return list(message["payload"])
            await self.socket.completed("1")
            return list(message["payload"].get("errors", ()))
        if self.carrier == "post":
            response = await self.client.post("/graphql", json=request, headers=headers)
        else:
            params = {
                name: value if isinstance(value, str) else orjson.dumps(value).decode()
                for name, value in request.items()
            }
            response = await self.client.get("/graphql", params=params, headers=headers)
        return list(response.json().get("errors", ()))


@asynccontextmanager
async def sending(world: World, carrier: str, options: HttpOptions = OPTIONS) -> AsyncIterator[Sent]:
    app = build(world, options)
    async with client_of(app) as client, connect(app, token=BEARER["Authorization"].split()[1]) as socket:
        yield Sent(client, socket, carrier)


EVERYWHERE = ("post", "get", "socket")
REFUSALS: dict[str, tuple[Request, str, tuple[str, ...]]] = {
    "syntax": ({"query": "{"}, "SYNTAX_ERROR", EVERYWHERE),
    "unknown field": ({"query": "{ unknown }"}, "VALIDATION_ERROR", EVERYWHERE),
    "too many tokens": ({"query": "{" + "viewer " * 300 + "}"}, "TOKENS_LIMIT", EVERYWHERE),
    "too deep": ({"query": "{" + "item {" * 8 + "name" + "}" * 9}, "DEPTH_LIMIT", EVERYWHERE),
    "too dear": ({"query": "{" + DEAR + "}"}, "COST_LIMIT", EVERYWHERE),
    "two operations": ({"query": "query A { viewer } query B { viewer }"}, "OPERATION_UNCLEAR", EVERYWHERE),
    "no such operation": ({"query": "{ viewer }", "operationName": "A"}, "OPERATION_UNKNOWN", EVERYWHERE),
    "list too long": (
        {"query": "query ($n: [Int!]!) { numbers(numbers: $n) }", "variables": {"n": [1] * 4}},
        "LIST_ITEMS_LIMIT",
        EVERYWHERE,
    ),
    "nested variable": (
        {"query": "query ($form: Form!) { form(form: $form) }", "variables": {"form": {"a": {"a": {"a": {"a": 1}}}}}},
        "VARIABLES_DEPTH_LIMIT",
        EVERYWHERE,
    ),
    "too long": ({"query": "{ viewer } #" + "." * 4_000}, "DOCUMENT_BYTES_LIMIT", EVERYWHERE),
    "too deep a schema": (
        {"query": "{ __schema { types {" + "ofType {" * 5 + "name" + "}" * 8},
        "INTROSPECTION_DEPTH_LIMIT",
        EVERYWHERE,
    ),
    "too many aliases": (
        {"query": "{ item {" + " ".join(f"a{n}: name" for n in range(26)) + "} }"},
        "ALIASES_LIMIT",
        EVERYWHERE,
    ),
    "too many root fields": ({"query": "{" + "viewer " * 26 + "}"}, "ROOT_FIELDS_LIMIT", EVERYWHERE),
    "too many fields": (
        {"query": "{ item {" + "...A " * 6 + "} } fragment A on Item {" + "name " * 20 + "}"},
        "FIELDS_LIMIT",
        EVERYWHERE,
    ),
    "too much that overlaps": ({"query": "{ item {" + "name " * 40 + "} }"}, "OVERLAPS_LIMIT", EVERYWHERE),
    "wrong variable": (
        {"query": f"query ($name: String!) {{ {TEN} item(name: $name) {{ name }} }}", "variables": {"name": 5}},
        "INVALID_INPUT",
        EVERYWHERE,
    ),
    "unknown document": ({"documentId": f"sha256:{HASH}"}, "DOCUMENT_UNKNOWN", EVERYWHERE),
    "hash alone": (
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": HASH}}},
        "PERSISTED_QUERY_NOT_SUPPORTED",
        EVERYWHERE,
    ),
    "subscription": ({"query": "subscription { ticks }"}, "SUBSCRIPTION_OVER_HTTP", ("post", "get")),
    "mutation by GET": ({"query": "mutation { a: change b: change }"}, "METHOD_NOT_ALLOWED", ("get",)),
    "mutation by socket": ({"query": "mutation { a: change b: change }"}, "MUTATION_OVER_SOCKET", ("socket",)),
}
CASES = [(name, carrier) for name, (_, _, carriers) in REFUSALS.items() for carrier in carriers]


def test_every_limit_is_among_the_refusals() -> None:
    assert {code.value for code in LimitCode} <= {code for _, code, _ in REFUSALS.values()}


@pytest.mark.parametrize(("name", "carrier"), CASES)
async def test_a_refusal_costs_a_point(name: str, carrier: str) -> None:
    request, code, _ = REFUSALS[name]
    world = World(budget=Ledger())
    async with sending(world, carrier) as sent:
        assert await sent.codes(request) == [code]
    assert world.budget.taken == {ADA: 1}
    assert (world.scopes, world.changes) == (0, 0)


@pytest.mark.parametrize("carrier", EVERYWHERE)
async def test_an_untrusted_document_costs_a_point(carrier: str) -> None:
    world = World(budget=Ledger())
    async with sending(world, carrier, replace(OPTIONS, are_trusted_only=True)) as sent:
        assert await sent.codes({"query": "{ viewer }"}) == ["DOCUMENT_NOT_TRUSTED"]
    assert world.budget.taken == {ADA: 1}


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer a b"}])
async def test_a_request_without_a_valid_token_costs_its_address_a_point(headers: dict[str, str]) -> None:
    world = World(budget=Ledger())
    async with running(world, OPTIONS) as client:
        response = await client.post("/graphql", json={"query": f"{{ {TEN} }}"}, headers=headers)
    assert response.status_code == 401
    assert world.budget.taken == {STRANGER: 1}


async def test_a_wrong_token_is_a_401_even_without_points() -> None:
    """Proves that a client without points still learns that it has to renew its token."""
    world = World(budget=Ledger(Counter({STRANGER: 1_000_000})))
    async with running(world, OPTIONS) as client:
        wrong = {"Authorization": "Bearer wrong"}
        assert (await client.post("/graphql", json={"query": "{ viewer }"}, headers=wrong)).status_code == 401
        assert (await client.post("/graphql", json={"query": "{ viewer }"})).status_code == 429


@pytest.mark.parametrize("carrier", EVERYWHERE)
async def test_a_request_without_database_time_costs_a_point(carrier: str) -> None:
    world = World(budget=Ledger())
    world.time_budget.charge(ADA, 100.0)
    async with sending(world, carrier) as sent:
        assert await sent.codes({"query": f"{{ {TEN} }}"}) == ["RATE_LIMITED"]
    assert world.budget.taken == {ADA: 1}


@pytest.mark.parametrize("carrier", ["post", "get"])
async def test_a_wrong_transport_is_reported_regardless_of_points(carrier: str) -> None:
    world = World(budget=Ledger(Counter({ADA: 39})))
    async with sending(world, carrier) as sent:
        assert await sent.codes({"query": "subscription { ticks }"}) == ["SUBSCRIPTION_OVER_HTTP"]
        assert await sent.codes({"query": "subscription { ticks }"}) == ["RATE_LIMITED"]


# What was admitted, and did not come to its end.


class ReadingWorld(World):
    """Every scope has read three rows."""

    @asynccontextmanager
    async def reads(self, *, is_current: bool = False) -> AsyncIterator[Any]:
        async with super().reads(is_current=is_current):
            yield SimpleNamespace(rows_read=3)


@pytest.mark.parametrize("carrier", EVERYWHERE)
async def test_an_operation_that_times_out_pays_for_rows_already_read(carrier: str) -> None:
    world = ReadingWorld(budget=Ledger())
    async with sending(world, carrier, replace(OPTIONS, request_seconds=0.02)) as sent:
        assert await sent.codes({"query": f"{{ {TEN} endless }}"}) == ["TIMEOUT"]
    assert world.budget.taken == {ADA: 3}


async def test_a_query_that_is_given_up_on_a_socket_pays_for_what_it_read() -> None:
    world = ReadingWorld(budget=Ledger())
    async with sending(world, "socket") as sent:
        sent.socket.subscribe("1", f"{{ {TEN} endless }}")
        await world.started.wait()
        assert world.budget.taken == {ADA: 10}
        sent.socket.complete("1")
        await world.canceled.wait()
        await sent.codes({"query": "{ viewer }"})
    assert world.budget.taken == {ADA: 3 + 1}


async def test_a_disconnected_client_pays_for_rows_already_read() -> None:
    world = ReadingWorld(budget=Ledger())
    async with running(world, OPTIONS) as client:
        asking = asyncio.create_task(ask(client, f"{{ {TEN} endless }}"))
        await world.started.wait()
        assert world.budget.taken == {ADA: 10}
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await world.canceled.wait()
    assert world.budget.taken == {ADA: 3}
