"""The page that the link of an invitation opens."""

from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest

from api.app import create_app
from api.main import http_options, routers
from domain.workspaces.invitation_service import INVALID_INVITATION
from domain.workspaces.secrets import InvitationSecrets
from infra.auth.keys import derived_key
from infra.bootstrap import open_app
from infra.settings import Settings
from tests.factories.accounts import PASSWORD
from tests.sample.application import ADAPTERS_OF_SAMPLE, SCHEMA, SLICES_OF_SAMPLE
from tests.sample.world import LibraryWorld

HOSTILE = ('"><script>alert(1)</script>', "wgi_" + "x" * 42 + "<", "x" * 5_000, "%00", "%ff%fe", "")


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    # Not `build`, which would build the schema for each test.
    opened = partial(open_app, settings, ADAPTERS_OF_SAMPLE, remembers=True)
    mounted = routers(settings, SLICES_OF_SAMPLE)
    served = create_app(opened, http_options(settings), schema=SCHEMA, routers=mounted)
    async with (
        served.router.lifespan_context(served),
        httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url=settings.issuer) as client,
    ):
        yield client


def asked(world: LibraryWorld) -> dict[str, str]:
    return {"workspaceId": world.here.workspace.id, "role": "GUEST"}


async def test_the_link_leads_to_a_page_that_uses_nothing_up(client: httpx.AsyncClient, world: LibraryWorld) -> None:
    made = await world.owner.mutate(
        "invitationCreate", {"workspaceId": world.here.workspace.id, "role": "GUEST"}, "link"
    )
    token = made["link"].partition("token=")[2]
    before = await world.rows()
    answer = await client.get(made["link"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f'token: "{token}"' in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; ")
    assert answer.headers["content-security-policy"].endswith("form-action 'self'")
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert await world.rows() == before
    accepted = await world.client(None).mutate("invitationAccept", {"token": token}, "member { role }")
    assert accepted["member"] == {"role": "GUEST"}


async def test_a_link_does_not_follow_the_host_header(client: httpx.AsyncClient, world: LibraryWorld) -> None:
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
async def test_a_malformed_token_is_not_shown(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get(f"/auth/invitation?token={token}")
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert 'value=""' in answer.text
    assert 'token: ""' in answer.text


@pytest.fixture
async def mailed(settings: Settings, world: LibraryWorld) -> str:
    """The token that the mail to ada@example.org carries."""
    given = {"workspaceId": world.here.workspace.id, "role": "MEMBER", "email": "ada@example.org"}
    made = await world.owner.mutate("invitationCreate", given, "invitation { id }")
    secrets = InvitationSecrets(derived_key(settings.secret_key.get_secret_value(), "invitations 1"))
    return secrets.of(made["invitation"]["id"], 1)


async def test_an_invited_person_without_an_account_joins_through_the_form(
    client: httpx.AsyncClient, mailed: str, world: LibraryWorld
) -> None:
    ada = {"email": "ada@example.org", "name": "Ada <3", "password": PASSWORD, "token": mailed}
    before = await world.rows()
    short = await client.post("/auth/invitation/form", data=ada | {"password": "hunter2"})
    foreign = await client.post("/auth/invitation/form", data=ada | {"email": "eve@example.org"})
    unknown = await client.post("/auth/invitation/form", data=ada | {"token": "wgi_" + "x" * 43})
    for answer, message in (
        (short, "New password must have at least 15 characters."),
        (foreign, INVALID_INVITATION),
        (unknown, INVALID_INVITATION),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
        assert message in answer.text
        assert 'value="Ada &lt;3"' in answer.text
        assert "hunter2" not in answer.text
        assert PASSWORD not in answer.text
    for body, kind in (
        (b"token=\xff", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"token=a&token=b", "application/x-www-form-urlencoded"),
    ):
        answer = await client.post("/auth/invitation/form", content=body, headers={"content-type": kind})
        assert answer.status_code == 400
    assert (await client.post("/auth/invitation/form", data={})).status_code == 400
    foreign_page = {"origin": "https://evil.example"}
    assert (await client.post("/auth/invitation/form", data=ada, headers=foreign_page)).status_code == 403
    assert await world.rows() == before

    joined = await client.post("/auth/invitation/form", data=ada)
    assert (joined.status_code, "you are a member of the workspace" in joined.text) == (200, True)
    rows = await world.rows()
    assert len(rows["member"]) == len(before["member"]) + 1
    assert (await client.post("/auth/invitation/form", data=ada)).status_code == 422
    assert {name: rows[name] for name in ("account", "member")} == {
        name: (await world.rows())[name] for name in ("account", "member")
    }


async def test_a_second_person_signs_up_by_the_mail_and_sees_the_workspace_until_removed(
    client: httpx.AsyncClient, mailed: str, world: LibraryWorld
) -> None:
    person = {"email": "ada@example.org", "name": "Ada", "password": PASSWORD, "invitationToken": mailed}
    wrong = await client.post("/auth/register", json=person | {"email": "eve@example.org"})
    assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (404, ["invitationToken"])
    assert mailed not in wrong.text
    odd = await client.post("/auth/register", json={"email": person["email"], "invitationToken": "odd"})
    assert (odd.status_code, odd.json()["errors"][0]["path"]) == (404, ["invitationToken"])
    bare = await client.post("/auth/register", json={"email": person["email"], "invitationToken": mailed})
    assert [each["path"] for each in bare.json()["errors"]] == [["name"], ["password"]]
    broken = await client.post("/auth/register", json=person | {"name": "A\0"})
    assert (broken.status_code, [each["path"] for each in broken.json()["errors"]]) == (422, [["name"]])
    registered = await client.post("/auth/register", json=person)
    assert (registered.status_code, registered.json()["email"]) == (201, "ada@example.org")
    again = await client.post("/auth/register", json=person | {"email": "eve@example.org"})
    assert again.content == wrong.content

    form = {"grant_type": "password", "username": "ada@example.org", "password": PASSWORD}
    access = (await client.post("/auth/token", data=form)).json()["access_token"]

    query = '{ workspaces { nodes { members(filter: {user: {name: {eq: "Ada"}}}) { nodes { id } } } } }'

    async def places() -> list[str]:
        answer = await client.post(
            "/graphql",
            json={"query": query},
            headers={"authorization": f"Bearer {access}"},
        )
        found = answer.json()["data"]["workspaces"]["nodes"]
        return [member["id"] for each in found for member in each["members"]["nodes"]]

    [member_id] = await places()
    removed = await world.owner.mutate("memberRemove", {"id": member_id})
    assert removed["errors"] == []
    assert await places() == [], "at the very next request, with the same token"
