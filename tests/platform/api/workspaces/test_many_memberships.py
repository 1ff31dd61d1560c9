"""A user with 2,003 memberships reaches everything, with statements and rows of what a request needs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import create_async_engine

from domain.accounts.commands import Registration
from domain.shared.actor import MOST_LOADED, Actor, Role
from domain.workspaces.model import Member
from infra.settings import Settings
from infra.workspaces.tables import MemberRow
from tests.client import Client
from tests.engine.api.sockets.websocket_driver import connect
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.auth import ApiKeyFactory, store_keys
from tests.factories.workspaces import MemberFactory
from tests.platform.api.auth.processes import Process, open_process
from tests.platform.api.workspaces.many_memberships import MORE, SOME_MORE, join_many
from tests.sample.domain.model import Shelf
from tests.sample.factories import BookFactory
from tests.sample.world import LibraryWorld, letting_in
from tests.statements import counted

BOOKS = "query ($slug: String!) { workspace(slug: $slug) { books { nodes { title shelf { name } } } } }"
ALL = """query ($after: String) { workspaces(first: 100, after: $after) {
  nodes { slug members { nodes { user { id } } } } pageInfo { hasNextPage endCursor } } }"""
TAG = """mutation ($id: ID!, $name: String!) {
  tagCreate(input: {workspaceId: $id, name: $name}) { tag { id } } }"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


async def joined(world: LibraryWorld, more: int) -> Client:
    """A member here and a guest of the shelf elsewhere, with more memberships, as a request finds them."""
    user = world.here.people[Role.MEMBER]
    guest = MemberFactory(workspace=world.elsewhere.workspace, user_id=user.id, role=Role.GUEST)
    await world.store(guest)
    await let_in(world, guest, world.elsewhere.shelf)
    await join_many(world.engine, user.id, more)
    return await afresh(world)


async def let_in(world: LibraryWorld, guest: Member, shelf: Shelf) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(letting_in(guest, shelf))


@pytest.fixture
async def joiner(world: LibraryWorld) -> Client:
    return await joined(world, SOME_MORE)


async def afresh(world: LibraryWorld) -> Client:
    member = world.member
    return replace(member, actor=await world.app.auth.reload_actor(member.actor))


async def test_2003_memberships_load_a_bounded_number_of_rows(world: LibraryWorld) -> None:
    await joined(world, MORE)
    async with world.app.reads() as rows:
        with counted() as statements:
            actor = (await afresh(world)).actor
    assert (len(statements), rows.rows_read) == (1, MOST_LOADED + 1)
    assert (dict(actor.roles), dict(actor.areas)) == ({}, {})
    await assert_found_by_slug(world, "many-2000")
    await assert_found_in_lists(world, MORE + 2)


async def assert_found_by_slug(world: LibraryWorld, more: str) -> None:
    for slug in (world.here.workspace.slug, world.elsewhere.workspace.slug):
        with counted() as statements:
            data = await (await afresh(world)).run(BOOKS, slug=slug)
        assert len(data["workspace"]["books"]["nodes"]) == 2
        # Session; workspace of the slug, membership, workspace; books; shelves here and elsewhere, of equal route.
        assert len(statements) == 7, "\n".join(statements)
    assert (await (await afresh(world)).run(BOOKS, slug=more))["workspace"] == {"books": {"nodes": []}}


async def test_ids_load_the_memberships_that_they_need(world: LibraryWorld, joiner: Client) -> None:
    ids = [world.here.book.id, world.here.tag.id, world.elsewhere.book.id, world.here.workspace.id]
    data = await joiner.run(NODES, ids=ids)
    assert [node and node["id"] for node in data["nodes"]] == ids
    assert set(joiner.actor.roles) == {world.here.workspace.id, world.elsewhere.workspace.id}
    assert joiner.actor.areas == {world.elsewhere.workspace.id: frozenset({world.elsewhere.shelf.id})}


async def test_a_guest_sees_no_more_than_the_areas(world: LibraryWorld, joiner: Client) -> None:
    hidden = BookFactory(shelf=world.elsewhere.other_shelf)
    await world.store(hidden)
    ids = [hidden.shelf_id, hidden.id, world.elsewhere.invitation.id]
    assert (await joiner.run(NODES, ids=ids))["nodes"] == [None] * 3
    found = await (await afresh(world)).run(BOOKS, slug=world.elsewhere.workspace.slug)
    shelves = [node["shelf"]["name"] for node in found["workspace"]["books"]["nodes"]]
    assert shelves == [world.elsewhere.shelf.name] * 2


async def test_a_membership_that_is_not_loaded_counts_as_none(world: LibraryWorld, joiner: Client) -> None:
    actor = joiner.actor
    workspace_id = world.here.workspace.id
    assert not actor.sees(workspace_id)
    assert actor.is_guest_in(workspace_id)
    assert not actor.sees_area(workspace_id, world.here.shelf.id)
    await actor.reach_workspaces([workspace_id])
    assert actor.sees(workspace_id)
    assert not actor.is_guest_in(workspace_id)


async def assert_found_in_lists(world: LibraryWorld, count: int) -> None:
    slugs: list[str] = []
    after: str | None = None
    while after is not None or not slugs:
        page = (await (await afresh(world)).run(ALL, after=after))["workspaces"]
        slugs += [node["slug"] for node in page["nodes"]]
        assert all(node["members"]["nodes"] for node in page["nodes"])
        after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    assert len(slugs) == count
    assert slugs == sorted({*slugs, world.here.workspace.slug, world.elsewhere.workspace.slug})


async def test_people_of_shared_workspaces_are_visible(world: LibraryWorld, joiner: Client) -> None:
    stranger, hidden = UserFactory(), UserFactory()
    guest = MemberFactory(workspace=world.elsewhere.workspace, user_id=hidden.id, role=Role.GUEST)
    await world.store(stranger, hidden, guest)
    await let_in(world, guest, world.elsewhere.other_shelf)
    seen = [world.here.people[Role.GUEST].id, *(person.id for person in world.elsewhere.people.values())]
    data = await joiner.run(NODES, ids=[*seen, joiner.actor.signed_in_id, stranger.id, hidden.id])
    found = [node and node["id"] for node in data["nodes"]]
    assert found == [*seen, joiner.actor.signed_in_id, None, None]


async def test_changes_need_the_role(world: LibraryWorld, joiner: Client) -> None:
    changed = await joiner.mutate("bookUpdate", {"id": world.here.book.id, "title": "Reached"})
    assert changed["errors"] == []
    refused = await joiner.refused("shelfCreate", {"workspaceId": world.elsewhere.workspace.id, "name": "N"})
    assert [code for _, code, _ in refused] == ["PERMISSION_DENIED"]
    created = await joiner.mutate(
        "workspaceCreate", {"slug": "fresh", "name": "Fresh"}, "workspace { members { nodes { role } } }"
    )
    assert created["workspace"] == {"members": {"nodes": [{"role": "OWNER"}]}}


async def test_keys_open_what_they_are_limited_to(world: LibraryWorld, joiner: Client) -> None:
    user_id = joiner.actor.signed_in_id
    limited, whole = (
        ApiKeyFactory(user_id=user_id, workspace_ids=(world.here.workspace.id,)),
        ApiKeyFactory(user_id=user_id),
    )
    secrets = await store_keys(world.engine, limited, whole)
    ids = [world.here.book.id, world.elsewhere.book.id]
    found = []
    for secret in secrets:
        client = replace(joiner, actor=await world.app.auth.authenticate(secret))
        data = await client.run(NODES, ids=ids)
        found.append([node and node["id"] for node in data["nodes"]])
    assert found == [[ids[0], None], ids]
    made = {"name": "Mine", "scopes": ["READ"], "expiresInDays": 7}
    both = [world.here.workspace.id, world.elsewhere.workspace.id]
    assert (await joiner.mutate("apiKeyCreate", {**made, "workspaceIds": both}))["errors"] == []


@pytest.fixture
async def process(settings: Settings, database: str, redis_database: str) -> AsyncIterator[Process]:
    async with open_process(settings, recheck_seconds=0.05) as process:
        yield process


async def test_subscriptions_go_on_while_the_roles_are_reloaded(process: Process) -> None:
    registration = Registration(email="ann@example.org", name="Ann", password=PASSWORD)
    user = (await process.app.accounts.create(Actor.system(), registration)).value
    token = (await process.sign_in("ann@example.org"))["access_token"]
    create = 'mutation { workspaceCreate(input: {name: "Acme", slug: "acme"}) { workspace { id } } }'
    workspace_id = (await process.data(token, create))["workspaceCreate"]["workspace"]["id"]
    follow = 'subscription { changes(workspace: "acme", after: 0) { events { subjectId } } }'
    node = "query ($id: ID!) { node(id: $id) { id } }"
    engine = create_async_engine(process.url)
    async with connect(process.served, host="localhost") as socket:
        await join_many(engine, user.id, SOME_MORE)
        await socket.init(token)
        socket.subscribe("1", follow)
        assert workspace_id in subjects(await socket.data("1"))
        for name in ("red", "blue"):
            await asyncio.sleep(0.2)  # at least one reload
            tag = (await process.data(token, TAG, id=workspace_id, name=name))["tagCreate"]["tag"]
            assert subjects(await socket.data("1")) == [tag["id"]]
        socket.subscribe("2", node, {"id": workspace_id})
        assert await socket.data("2") == {"node": {"id": workspace_id}}
        await socket.completed("2")
        async with engine.begin() as connection:
            await connection.execute(delete(MemberRow).where(MemberRow.workspace_id == workspace_id))
        await asyncio.sleep(0.2)
        socket.subscribe("3", node, {"id": workspace_id})
        assert await socket.data("3") == {"node": None}
    await engine.dispose()


def subjects(data: Any) -> list[str]:
    return [event["subjectId"] for event in data["changes"]["events"]]
