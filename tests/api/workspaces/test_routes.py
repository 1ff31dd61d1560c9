"""Where the link of an invitation leads."""

from collections.abc import AsyncIterator

import httpx
import pytest

from api.main import build
from infra.settings import Settings
from tests.api.world import World

HOSTILE = ('"><script>alert(1)</script>', "wgi_" + "x" * 42 + "<", "x" * 5_000, "%00", "%ff%fe", "")


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    served = build(settings)
    async with (
        served.router.lifespan_context(served),
        httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url=settings.issuer) as client,
    ):
        yield client


def asked(world: World) -> dict[str, str]:
    return {"workspaceId": world.here.workspace.id, "role": "GUEST"}


async def test_the_link_leads_to_a_page_that_uses_nothing_up(client: httpx.AsyncClient, world: World) -> None:
    made = await world.owner.mutate(
        "invitationCreate", {"workspaceId": world.here.workspace.id, "role": "GUEST"}, "link"
    )
    token = made["link"].partition("token=")[2]
    before = await world.rows()
    answer = await client.get(made["link"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'token: "{token}"' in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert await world.rows() == before
    accepted = await world.client(None).mutate("invitationAccept", {"token": token}, "member { role }")
    assert accepted["member"] == {"role": "GUEST"}


async def test_a_link_does_not_follow_the_host_header(client: httpx.AsyncClient, world: World) -> None:
    """A24 of the promises; the answer of the mutation, as a client gets it."""
    made = await world.owner.mutate(
        "invitationCreate", {"workspaceId": world.here.workspace.id, "role": "GUEST"}, "link"
    )
    assert made["link"].startswith(f"{world.app.auth.options.issuer}/auth/invitation?token=wgi_")
    hostile = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = await client.get("/auth/invitation", headers=hostile)
    assert answer.status_code == 400
    assert "evil.example" not in answer.text


@pytest.mark.parametrize("token", HOSTILE)
async def test_what_is_no_token_is_not_shown(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get(f"/auth/invitation?token={token}")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert 'token: "the token of your invitation"' in answer.text
