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
from domain.shared.pages import PageRequest
from infra.settings import Settings
from infra.workspaces.tables import MemberRow
from tests.client import Client
from tests.engine.api.sockets.websocket_driver import connect
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.auth import ApiKeyFactory, store_keys
from tests.factories.workspaces import MemberFactory
from tests.platform.api.auth.processes import Process, open_process
from tests.platform.api.workspaces.many_memberships import MORE, SOME_MORE, join_many
from tests.statements import counted
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory

ISSUES = "query ($slug: String!) { workspace(slug: $slug) { issues { nodes { title project { key } } } } }"
ALL = """query ($after: String) { workspaces(first: 100, after: $after) {
  nodes { slug members { nodes { user { id } } } } pageInfo { hasNextPage endCursor } } }"""
LABEL = """mutation ($id: ID!, $name: String!) {
  labelCreate(input: {workspaceId: $id, name: $name, color: "#aa0000"}) { label { id } } }"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


async def joined(world: World, more: int) -> Client:
    """A member here and a guest of the project elsewhere, with more memberships, as a request finds them."""
    user = world.here.people[Role.MEMBER]
    guest = MemberFactory(workspace=world.elsewhere.workspace, user_id=user.id, role=Role.GUEST)
    await world.store(guest, ProjectMemberFactory(project=world.elsewhere.project, member=guest))
    await join_many(world.engine, user.id, more)
    return await afresh(world)


@pytest.fixture
async def joiner(world: World) -> Client:
    return await joined(world, SOME_MORE)


async def afresh(world: World) -> Client:
    return Client(world.app, (await world.app.auth.reload_actor(world.member.actor)))


async def test_2003_memberships_load_a_bounded_number_of_rows(world: World) -> None:
    await joined(world, MORE)
    async with world.app.reads() as rows:
        with counted() as statements:
            actor = (await afresh(world)).actor
    assert (len(statements), rows.rows_read) == (1, MOST_LOADED + 1)
    assert (dict(actor.roles), dict(actor.areas)) == ({}, {})
    await assert_found_by_slug(world, "many-2000")
    await assert_found_in_lists(world, MORE + 2)


async def assert_found_by_slug(world: World, more: str) -> None:
    for slug in (world.here.workspace.slug, world.elsewhere.workspace.slug):
        with counted() as statements:
            data = await (await afresh(world)).run(ISSUES, slug=slug)
        assert len(data["workspace"]["issues"]["nodes"]) == 1
        # Session; workspace of the slug, membership, workspace; issues; projects here and elsewhere, of equal route.
        assert len(statements) == 7, "\n".join(statements)
    assert (await (await afresh(world)).run(ISSUES, slug=more))["workspace"] == {"issues": {"nodes": []}}


async def test_ids_load_the_memberships_that_they_need(world: World, joiner: Client) -> None:
    ids = [world.here.issue.id, world.here.comment.id, world.elsewhere.issue.id, world.here.workspace.id]
    data = await joiner.run(NODES, ids=ids)
    assert [node and node["id"] for node in data["nodes"]] == ids
    assert set(joiner.actor.roles) == {world.here.workspace.id, world.elsewhere.workspace.id}
    assert joiner.actor.areas == {world.elsewhere.workspace.id: frozenset({world.elsewhere.project.id})}


async def test_a_guest_sees_no_more_than_the_areas(world: World, joiner: Client) -> None:
    hidden = ProjectFactory(workspace=world.elsewhere.workspace)
    state = StateFactory(project=hidden)
    issue = IssueFactory(project=hidden, state=state, creator_id=world.elsewhere.people[Role.OWNER].id)
    await world.store(hidden, state, issue)
    data = await joiner.run(NODES, ids=[hidden.id, issue.id, state.id, world.elsewhere.invitation.id])
    assert data["nodes"] == [None] * 4
    [node] = (await (await afresh(world)).run(ISSUES, slug=world.elsewhere.workspace.slug))["workspace"]["issues"][
        "nodes"
    ]
    assert node["project"]["key"] == world.elsewhere.project.key
    fresh = (await afresh(world)).actor
    [page] = await world.app.read.imports.of_workspaces(fresh, [world.elsewhere.workspace], PageRequest(first=5))
    assert list(page.nodes) == []


async def test_a_membership_that_is_not_loaded_counts_as_none(world: World, joiner: Client) -> None:
    actor = joiner.actor
    workspace_id = world.here.workspace.id
    assert not actor.sees(workspace_id)
    assert actor.is_guest_in(workspace_id)
    assert not actor.sees_area(workspace_id, world.here.project.id)
    await actor.reach_workspaces([workspace_id])
    assert actor.sees(workspace_id)
    assert not actor.is_guest_in(workspace_id)


async def assert_found_in_lists(world: World, count: int) -> None:
    slugs: list[str] = []
    after: str | None = None
    while after is not None or not slugs:
        page = (await (await afresh(world)).run(ALL, after=after))["workspaces"]
        slugs += [node["slug"] for node in page["nodes"]]
        assert all(node["members"]["nodes"] for node in page["nodes"])
        after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    assert len(slugs) == count
    assert slugs == sorted({*slugs, world.here.workspace.slug, world.elsewhere.workspace.slug})


async def test_people_of_shared_workspaces_are_visible(world: World, joiner: Client) -> None:
    other = ProjectFactory(workspace=world.elsewhere.workspace)
    stranger, hidden = UserFactory(), UserFactory()
    guest = MemberFactory(workspace=world.elsewhere.workspace, user_id=hidden.id, role=Role.GUEST)
    await world.store(other, stranger, hidden, guest, ProjectMemberFactory(project=other, member=guest))
    seen = [world.here.people[Role.GUEST].id, *(person.id for person in world.elsewhere.people.values())]
    data = await joiner.run(NODES, ids=[*seen, joiner.actor.signed_in_id, stranger.id, hidden.id])
    found = [node and node["id"] for node in data["nodes"]]
    assert found == [*seen, joiner.actor.signed_in_id, None, None]


async def test_changes_need_the_role(world: World, joiner: Client) -> None:
    changed = await joiner.mutate("issueUpdate", {"id": world.here.issue.id, "title": "Reached"})
    assert changed["errors"] == []
    refused = await joiner.refused(
        "projectCreate", {"workspaceId": world.elsewhere.workspace.id, "key": "K", "name": "N"}
    )
    assert [code for _, code, _ in refused] == ["PERMISSION_DENIED"]
    created = await joiner.mutate(
        "workspaceCreate", {"slug": "fresh", "name": "Fresh"}, "workspace { members { nodes { role } } }"
    )
    assert created["workspace"] == {"members": {"nodes": [{"role": "OWNER"}]}}


async def test_keys_open_what_they_are_limited_to(world: World, joiner: Client) -> None:
    user_id = joiner.actor.signed_in_id
    limited, whole = (
        ApiKeyFactory(user_id=user_id, workspace_ids=(world.here.workspace.id,)),
        ApiKeyFactory(user_id=user_id),
    )
    secrets = await store_keys(world.engine, limited, whole)
    ids = [world.here.issue.id, world.elsewhere.issue.id]
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
            label = (await process.data(token, LABEL, id=workspace_id, name=name))["labelCreate"]["label"]
            assert subjects(await socket.data("1")) == [label["id"]]
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
