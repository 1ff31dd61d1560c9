"""Persisted query links send a SHA-256 first, and the text only on request."""

from typing import Any

import httpx
import orjson
import pytest

from api.http.options import HttpOptions
from tests import api_defaults
from tests.engine.api.graphql.test_trusted import ITEM, TRUSTED, digest, world_with
from tests.engine.api.http.both_transports import TRANSPORTS, calling
from tests.engine.api.http.http_world import BEARER, NEW, OLD, World, running

NOT_SUPPORTED = [("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")]
VIEWER = "{ viewer }"


def hashed(text: str, **persisted: Any) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(text), **persisted}}


def told(answer: Any) -> list[tuple[str, str]]:
    return [(error["message"], error["extensions"]["code"]) for error in answer["errors"]]


async def sent(client: httpx.AsyncClient, method: str, accept: str, **members: Any) -> httpx.Response:
    headers = {**BEARER, "Accept": accept}
    if method == "POST":
        return await client.post("/graphql", json=members, headers=headers)
    params = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in members.items()
    }
    return await client.get("/graphql", params=params, headers=headers)


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("accept", [NEW, OLD, f"{NEW}, {OLD};q=0.9", f"{NEW}, application/graphql+json, {OLD}, text/*"])
async def test_a_link_falls_back_to_the_text(method: str, accept: str) -> None:
    """Answers as client links expect: Apollo Client checks message or code at any status, urql the message.

    Both clients read JSON only.
    """
    async with running(World()) as client:
        response = await sent(client, method, accept, extensions=hashed(VIEWER), variables={})
        assert response.headers["content-type"].split(";")[0] in (NEW, OLD)
        assert response.status_code == (200 if accept == OLD else 400)
        assert told(response.json()) == NOT_SUPPORTED
        again = await sent(client, "POST", accept, query=VIEWER, variables={})
        assert again.json() == {"data": {"viewer": "usr_ada"}}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_on_both_transports(transport: str) -> None:
    async with calling(World(), transport) as caller:
        assert told(await caller.ask(extensions=hashed(VIEWER))) == NOT_SUPPORTED
        # The text counts if it is there, as it is when a link was told that a hash is not known.
        assert await caller.ask(VIEWER, extensions=hashed(ITEM)) == {"data": {"viewer": "usr_ada"}}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("options", [api_defaults.http(), TRUSTED])
async def test_the_hash_of_a_trusted_document_runs_it(transport: str, options: HttpOptions) -> None:
    async with calling(world_with(ITEM), transport, options) as caller:
        answer = await caller.ask(extensions=hashed(ITEM), operationName="Item", variables={"name": "a"})
        assert answer == {"data": {"item": {"name": "a"}}}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_trusted_only_servers_do_not_ask_for_document_texts(transport: str) -> None:
    """Otherwise clients would send every text, and every text would be refused."""
    async with calling(world_with(ITEM), transport, TRUSTED) as caller:
        assert await caller.codes(extensions=hashed(VIEWER)) == ["DOCUMENT_UNKNOWN"]


@pytest.mark.parametrize("wrong", ["", "A" * 64, "sha256:" + "0" * 64, "0" * 60_000])
async def test_a_hash_that_cannot_be_one_is_not_known_either(wrong: str) -> None:
    world = world_with(ITEM)
    async with running(world) as client:
        response = await sent(client, "POST", NEW, extensions=hashed(ITEM, sha256Hash=wrong))
        assert told(response.json()) == NOT_SUPPORTED
    assert world.documents.asked == 0


@pytest.mark.parametrize(
    "extensions", [None, {}, {"persistedQuery": None}, {"persistedQuery": []}, {"persistedQuery": {"sha256Hash": 5}}]
)
async def test_without_text_id_and_hash_there_is_no_request(extensions: Any) -> None:
    async with running(World()) as client:
        response = await sent(client, "POST", NEW, extensions=extensions)
        assert (response.status_code, told(response.json())[0][1]) == (400, "BAD_REQUEST")
    async with calling(World(), "socket") as caller:
        caller.socket.send("subscribe", id="1", payload={"extensions": extensions})
        assert (await caller.socket.closed())[0] == 4400


async def test_strangers_cannot_ask_whether_a_hash_is_known() -> None:
    world = world_with(ITEM)
    async with running(world) as client:
        for text in (ITEM, VIEWER):
            response = await client.post("/graphql", json={"extensions": hashed(text)})
            assert response.status_code == 401
    assert world.documents.asked == 0
