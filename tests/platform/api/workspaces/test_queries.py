import pytest

from domain.shared.actor import Actor, Role
from tests.client import Client
from tests.sample.world import LibraryWorld

BY_SLUG = "query ($slug: String!) { workspace(slug: $slug) { id } }"
MEMBERS = """query ($id: ID!, $filter: MemberFilter) { node(id: $id) { ... on Workspace {
  members(filter: $filter) { totalCount nodes { role user { name } } } } } }"""


async def test_the_workspace_of_a_slug(world: LibraryWorld):
    workspace = world.here.workspace
    assert await world.member.run(BY_SLUG, slug=workspace.slug) == {"workspace": {"id": workspace.id}}


async def test_a_workspace_that_is_hidden_or_missing_is_null(world: LibraryWorld):
    for slug in (
        world.elsewhere.workspace.slug,
        "no-such",
        "",
        " ",
        "%",
        "x" * 5000,
    ):
        assert await world.member.run(BY_SLUG, slug=slug) == {"workspace": None}, slug


@pytest.mark.parametrize("text", ["a\0", "\ud800"])
async def test_text_that_cannot_be_stored_is_refused(world: LibraryWorld, text: str):
    assert await world.member.failed(BY_SLUG, slug=text) == [("INVALID_INPUT", "")]


async def test_a_user_without_memberships_sees_no_workspace(world: LibraryWorld):
    alone = Client(world.app, Actor(user_id=world.here.people[Role.OWNER].id), world.schema)
    assert await alone.run("{ workspaces { totalCount nodes { id } } }") == {
        "workspaces": {"totalCount": 0, "nodes": []}
    }
    assert await alone.run(BY_SLUG, slug=world.here.workspace.slug) == {"workspace": None}


async def test_the_viewer(world: LibraryWorld):
    guest = world.client(Role.GUEST)
    assert await guest.run("{ viewer { id name } }") == {"viewer": {"id": guest.actor.user_id, "name": "Guest"}}
    assert await Client(world.app, Actor(), world.schema).failed("{ viewer { id } }") == [("UNAUTHENTICATED", "")]


@pytest.mark.parametrize(
    ("filter", "roles"),
    [
        ({"role": {"eq": "GUEST"}}, ["GUEST"]),
        ({"role": {"in": ["OWNER", "ADMIN"]}}, ["OWNER", "ADMIN"]),
        ({"role": {"notIn": ["OWNER", "ADMIN"]}}, ["MEMBER", "GUEST"]),
        ({"role": {"neq": "OWNER"}}, ["ADMIN", "MEMBER", "GUEST"]),
        ({"user": {"name": {"startsWith": "own"}}}, ["OWNER"]),
        ({"user": {"name": {"contains": "M"}}}, ["ADMIN", "MEMBER"]),
        ({"not": {"user": {"name": {"eq": "Owner"}}}}, ["ADMIN", "MEMBER", "GUEST"]),
        ({"or": [{"role": {"eq": "OWNER"}}, {"user": {"name": {"eq": "Guest"}}}]}, ["OWNER", "GUEST"]),
        ({"and": [{"role": {"neq": "OWNER"}}, {"role": {"neq": "GUEST"}}]}, ["ADMIN", "MEMBER"]),
        ({"or": []}, []),
        ({"and": []}, ["OWNER", "ADMIN", "MEMBER", "GUEST"]),
    ],
)
async def test_filtering_members(world: LibraryWorld, filter: dict, roles: list[str]):
    data = await world.member.run(MEMBERS, id=world.here.workspace.id, filter=filter)
    assert sorted(node["role"] for node in data["node"]["members"]["nodes"]) == sorted(roles)
    assert data["node"]["members"]["totalCount"] == len(roles)


async def test_members_by_id(world: LibraryWorld):
    guest = world.here.members[Role.GUEST]
    for wanted in ({"id": {"eq": guest.id}}, {"user": {"id": {"in": [guest.user_id]}}}):
        data = await world.member.run(MEMBERS, id=world.here.workspace.id, filter=wanted)
        assert [node["role"] for node in data["node"]["members"]["nodes"]] == ["GUEST"]
