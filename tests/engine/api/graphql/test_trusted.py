"""Documents by id, over HTTP and sockets."""

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest

from api.graphql.decoding import GraphQLRequest
from api.graphql.documents import DocumentRefused
from api.graphql.trusted import FRESH_SECONDS, MOST_KNOWN, TrustedDocuments
from domain.shared.actor import Actor
from tests import api_defaults
from tests.engine.api.http.both_transports import TRANSPORTS, Caller, calling
from tests.engine.api.http.http_world import BEARER, MemoryDocuments, World, running

TRUSTED = api_defaults.http(are_trusted_only=True)
ITEM = "query Item($name: String!) { item(name: $name) { name } }"
CHANGE = "mutation { change }"
ADA = Actor(user_id="usr_ada")


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def id_of(text: str) -> str:
    return f"sha256:{digest(text)}"


def world_with(*texts: str) -> World:
    return World(documents=MemoryDocuments({digest(text): text for text in texts}))


def asking(document_id: str) -> GraphQLRequest:
    return GraphQLRequest(None, None, None, document_id)


@pytest.fixture(params=TRANSPORTS)
async def caller(request: pytest.FixtureRequest) -> AsyncIterator[Caller]:
    async with calling(world_with(ITEM), request.param, TRUSTED) as opened:
        yield opened


async def test_a_document_runs_by_its_id(caller: Caller) -> None:
    answer = await caller.ask(documentId=id_of(ITEM), operationName="Item", variables={"name": "a"})
    assert answer == {"data": {"item": {"name": "a"}}}
    assert await caller.codes(documentId=id_of(ITEM), operationName="Other") == ["OPERATION_UNKNOWN"]


async def test_free_text_is_refused_and_so_is_introspection(caller: Caller) -> None:
    for text in ("{ viewer }", "{ __typename }", "{ __schema { types { name } } }", ITEM, "no GraphQL"):
        assert await caller.codes(text) == ["DOCUMENT_NOT_TRUSTED"]


@pytest.mark.parametrize(
    "wrong", [id_of("{ viewer }"), digest(ITEM), id_of(ITEM).upper(), "x", "sha256:", "a" * 60_000]
)
async def test_unknown_ids_are_refused(caller: Caller, wrong: str) -> None:
    assert await caller.codes(documentId=wrong) == ["DOCUMENT_UNKNOWN"]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_otherwise_both_work(transport: str) -> None:
    async with calling(world_with(ITEM), transport) as caller:
        assert await caller.ask("{ viewer }") == {"data": {"viewer": "usr_ada"}}
        assert await caller.ask(documentId=id_of(ITEM), variables={"name": "b"}) == {"data": {"item": {"name": "b"}}}


async def test_get_takes_ids_too_but_no_mutations() -> None:
    world = world_with(ITEM, CHANGE)
    async with running(world, TRUSTED) as client:
        asked = {"documentId": id_of(ITEM), "variables": '{"name":"c"}'}
        response = await client.get("/graphql", params=asked, headers=BEARER)
        assert (response.status_code, response.json()) == (200, {"data": {"item": {"name": "c"}}})
        response = await client.get("/graphql", params={"documentId": id_of(CHANGE)}, headers=BEARER)
        assert (response.status_code, world.changes) == (405, 0)
        browser = {**BEARER, "Accept": "text/html,application/json"}
        assert (await client.get("/graphql", params=asked, headers=browser)).status_code == 200


@pytest.mark.parametrize(
    "request_", [{"query": ITEM, "documentId": id_of(ITEM)}, {"documentId": 5}, {"documentId": ""}, {}, {"query": 5}]
)
async def test_a_request_has_either_text_or_id(request_: dict[str, Any]) -> None:
    async with running(world_with(ITEM)) as client:
        response = await client.post("/graphql", json=request_, headers=BEARER)
        assert response.status_code == 400
    async with calling(world_with(ITEM), "socket") as caller:
        caller.socket.send("subscribe", id="1", payload=request_)
        if request_.get("documentId") == "":
            assert [error["extensions"]["code"] for error in await caller.socket.error("1")] == ["DOCUMENT_UNKNOWN"]
        else:
            assert (await caller.socket.closed())[0] == 4400


async def test_strangers_cannot_ask_whether_a_document_is_known() -> None:
    world = world_with(ITEM)
    async with running(world) as client:
        for text in (ITEM, CHANGE):
            response = await client.post("/graphql", json={"documentId": id_of(text)})
            assert response.status_code == 401
    assert world.documents.asked == 0


async def test_texts_are_known_for_a_while_and_no_longer() -> None:
    texts, now = MemoryDocuments({digest(ITEM): ITEM}), 5.0
    trusted = TrustedDocuments(texts, are_trusted_only=True, monotonic=lambda: now)
    for _ in range(100):
        assert await trusted.text(asking(id_of(ITEM)), ADA) == ITEM
    assert texts.asked == 1
    texts.texts.clear()
    now += FRESH_SECONDS - 0.1
    assert await trusted.text(asking(id_of(ITEM)), ADA) == ITEM
    now += 0.1
    with pytest.raises(DocumentRefused):
        await trusted.text(asking(id_of(ITEM)), ADA)
    assert texts.asked == 2


async def test_only_so_many_are_known_at_once() -> None:
    many = [f"query Q{number} {{ viewer }}" for number in range(MOST_KNOWN + 1)]
    texts = MemoryDocuments({digest(text): text for text in many})
    trusted = TrustedDocuments(texts, are_trusted_only=True)
    for text in (*many, many[-1], many[0]):
        assert await trusted.text(asking(id_of(text)), ADA) == text
    assert texts.asked == len(many) + 1
