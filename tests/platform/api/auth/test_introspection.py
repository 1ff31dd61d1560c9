"""RFC 7662: who has signed in learns of tokens of their own, and of no others (A20)."""

import httpx
import pytest

from domain.auth.commands import ApiKeyDraft
from domain.shared.actor import Scope
from tests.factories.accounts import PASSWORD
from tests.identity import ISSUER, Identity

ANN, BOB = "ann@example.org", "bob@example.org"
DEAD = b'{"active":false}'
PATH = "/auth/introspect"


async def tokens_of(client: httpx.AsyncClient, email: str) -> dict[str, str]:
    form = {"grant_type": "password", "username": email, "password": PASSWORD}
    content: dict[str, str] = (await client.post("/auth/token", data=form)).json()
    return content


async def asked(client: httpx.AsyncClient, bearer: str, token: str) -> httpx.Response:
    answer = await client.post(PATH, data={"token": token}, headers={"authorization": f"Bearer {bearer}"})
    assert answer.headers["cache-control"] == "no-store"
    return answer


@pytest.fixture(autouse=True)
async def people(identity: Identity) -> None:
    await identity.register(email=ANN)
    await identity.register(email=BOB)


async def test_active_tokens_of_the_caller_are_introspected(client: httpx.AsyncClient, identity: Identity) -> None:
    tokens = await tokens_of(client, ANN)
    now = int(identity.clock.now().timestamp())
    access = (await asked(client, tokens["access_token"], tokens["access_token"])).json()
    user_id = (await identity.auth.authenticate(tokens["access_token"])).user_id
    assert access.pop("jti").startswith("tok_")
    common = {"active": True, "client_id": "workgraph", "sub": user_id, "iss": ISSUER}
    assert access == common | {"token_type": "Bearer", "aud": ISSUER, "iat": now, "exp": now + 600}
    refresh = (await asked(client, tokens["access_token"], tokens["refresh_token"])).json()
    assert refresh == common | {"exp": now + 30 * 24 * 3600}
    renewed = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await client.post("/auth/token", data=renewed)).status_code == 200, "looking at it did not spend it"


async def test_foreign_unknown_and_dead_tokens_are_one_answer(client: httpx.AsyncClient, identity: Identity) -> None:
    mine, old, foreign = await tokens_of(client, ANN), await tokens_of(client, ANN), await tokens_of(client, BOB)
    spent = old["refresh_token"]
    following = await client.post("/auth/token", data={"grant_type": "refresh_token", "refresh_token": spent})
    dead = [spent, *foreign_tokens(foreign), "", "x", "wgr_" + "A" * 86, "a.b.c", "\0", mine["access_token"][:-4]]
    answers = [await asked(client, mine["access_token"], token) for token in dead if token]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, DEAD)}
    await client.post("/auth/revoke", data={"token": following.json()["refresh_token"]})
    for token in (old["access_token"], following.json()["access_token"], following.json()["refresh_token"]):
        assert (await asked(client, mine["access_token"], token)).content == DEAD, "its session has ended"


def foreign_tokens(tokens: dict[str, str]) -> list[str]:
    return [tokens["access_token"], tokens["refresh_token"]]


async def test_idle_tokens_are_dead(client: httpx.AsyncClient, identity: Identity) -> None:
    old = await tokens_of(client, ANN)
    identity.clock.move(days=30)
    mine = await tokens_of(client, ANN)
    for token in foreign_tokens(old):
        assert (await asked(client, mine["access_token"], token)).content == DEAD


async def test_introspection_requires_authentication(client: httpx.AsyncClient) -> None:
    tokens = await tokens_of(client, ANN)
    plain = await client.post(PATH, data={"token": tokens["access_token"]})
    assert (plain.status_code, plain.headers["www-authenticate"]) == (401, 'Bearer realm="workgraph"')
    for bearer in (tokens["refresh_token"], "x", tokens["access_token"][:-4]):
        answer = await client.post(PATH, data={"token": "x"}, headers={"authorization": f"Bearer {bearer}"})
        challenge = 'Bearer realm="workgraph", error="invalid_token"'
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
        assert b"active" not in answer.content


async def test_a_request_without_token_is_refused(client: httpx.AsyncClient) -> None:
    bearer = {"authorization": f"Bearer {(await tokens_of(client, ANN))['access_token']}"}
    for form in ({}, {"token": ""}):
        answer = await client.post(PATH, data=form, headers=bearer)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert (await client.get(PATH, headers=bearer)).status_code == 405
    assert (await client.post(PATH, json={"token": "x"}, headers=bearer)).json()["error"] == "invalid_request"


async def test_an_api_key_learns_of_its_persons_tokens_and_of_no_key(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    """A key is no OAuth token: introspection says nothing of one, be it the very key that asks."""
    mine, foreign = await tokens_of(client, ANN), await tokens_of(client, BOB)
    ann = await identity.auth.authenticate(mine["access_token"])
    drafts = [ApiKeyDraft(name=name, scopes=(Scope.READ,)) for name in ("Asking", "Other")]
    asking, other = [(await identity.api_keys.create(ann, draft)).value for draft in drafts]
    for bearer in (mine["access_token"], asking.key):
        for key in (asking.key, other.key, asking.api_key.id):
            answer = await asked(client, bearer, key)
            assert (answer.status_code, answer.content) == (200, DEAD)
        for token in foreign_tokens(mine):
            told = (await asked(client, bearer, token)).json()
            assert (told["active"], told["sub"]) == (True, ann.user_id)
        for token in foreign_tokens(foreign):
            assert (await asked(client, bearer, token)).content == DEAD
    await identity.api_keys.revoke(ann, asking.api_key.id)
    refused = await client.post(
        PATH, data={"token": mine["access_token"]}, headers={"authorization": f"Bearer {asking.key}"}
    )
    assert (refused.status_code, b"active" in refused.content) == (401, False)
    assert (await client.get("/auth/me", headers={"authorization": f"Bearer {other.key}"})).status_code == 200
    await identity.key_uses.aclose()
