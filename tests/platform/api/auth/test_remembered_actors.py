"""Queries of remembered actors: no statement for authentication, and nothing is refused by what was true before.

In most tests the processes do not hear that access has changed, as in the moment before a notification arrives.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from domain.shared.actor import Role, Scope
from domain.shared.secrets import digest_of
from infra.accounts.tables import UserRow
from infra.auth.tables import ApiKeyRow
from infra.settings import Settings
from infra.workspaces.tables import AreaGrantRow, MemberRow
from tests.factories.accounts import UserFactory
from tests.factories.auth import ApiKeyFactory, store_keys
from tests.factories.workspaces import MemberFactory
from tests.patience import PATIENCE
from tests.platform.api.auth.processes import Process, open_process
from tests.sample.factories import ShelfFactory
from tests.sample.world import LibraryWorld
from tests.statements import counted

VIEWER = "{ viewer { id name } }"
WORKSPACE = "query ($slug: String!) { workspace(slug: $slug) { name } }"
WORKSPACES = "{ workspaces { nodes { slug } } }"
COUNT = "{ all: workspaces { count: totalCount } }"
SHELVES = "query ($slug: String!) { workspace(slug: $slug) { shelves { nodes { name } } } }"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
TAG = """mutation ($workspace: ID!) {
  tagCreate(input: {workspaceId: $workspace, name: "new"}) { errors { code } } }"""


@pytest.fixture
async def process(settings: Settings, world: LibraryWorld, redis_database: str) -> AsyncIterator[Process]:
    # So that no points come back while a test compares them.
    async with open_process(settings.replaced(graphql_cost_per_hour=1), recheck_seconds=0.05) as process:
        yield process


@pytest.fixture
def deaf(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process hears nothing of what others change."""
    memory: Any = process.app.auth._memory
    monkeypatch.setattr(memory, "forget", lambda accounts: None)


async def key_of(world: LibraryWorld, role: Role, **values: Any) -> str:
    [key] = await store_keys(world.engine, ApiKeyFactory(user_id=world.here.people[role].id, **values))
    return key


async def remembered(process: Process, key: str) -> str:
    assert (await process.graphql(key, VIEWER)).status_code == 200
    with counted() as statements:
        assert (await process.graphql(key, VIEWER)).status_code == 200
    assert statements == []
    return key


@pytest.mark.parametrize(("seconds", "expected"), [(5, 0), (0, 1)])
async def test_authentication_of_a_remembered_actor_takes_no_statement(
    settings: Settings, world: LibraryWorld, redis_database: str, seconds: float, expected: int
) -> None:
    key, user = await key_of(world, Role.MEMBER), world.here.people[Role.MEMBER]
    async with open_process(settings.replaced(session_memory_seconds=seconds), recheck_seconds=0.05) as process:
        session = world.here.sessions[Role.MEMBER]
        token = (await process.app.auth._tokens(session, "none")).access_token
        for credential in (key, token):
            await process.graphql(credential, VIEWER)
            with counted() as statements:
                data = await process.data(credential, VIEWER)
            assert data == {"viewer": {"id": user.id, "name": user.name}}
            assert len(statements) == expected
            with counted() as statements:
                assert await process.data(credential, WORKSPACE, slug=world.here.workspace.slug)
            assert len(statements) == 1 + expected
            with counted() as statements:
                assert (await process.me(credential)).status_code == 200
            assert len(statements) == 1
        mutation = await statements_of_tag(process, token, world.here.workspace.id)
        assert sum("FROM session" in statement for statement in mutation) == 1


async def statements_of_tag(process: Process, token: str, workspace_id: str) -> list[str]:
    with counted() as statements:
        assert await process.data(token, TAG, workspace=workspace_id) == {"tagCreate": {"errors": []}}
    return statements


async def test_a_user_who_joins_a_workspace_sees_it_at_once(process: Process, world: LibraryWorld, deaf: None) -> None:
    place, newcomer = world.here, UserFactory()
    await world.store(newcomer)
    queries: list[tuple[str, dict[str, Any], Callable[[Any], bool]]] = [
        (WORKSPACE, {"slug": place.workspace.slug}, lambda data: data["workspace"] is not None),
        (WORKSPACES, {}, lambda data: bool(data["workspaces"]["nodes"])),
        (COUNT, {}, lambda data: data["all"]["count"] == 1),
        (NODE, {"id": place.book.id}, lambda data: data["node"] is not None),
        (NODES, {"ids": [newcomer.id, place.book.id]}, lambda data: None not in data["nodes"]),
    ]
    keys = await store_keys(world.engine, *(ApiKeyFactory(user_id=newcomer.id) for _ in queries))
    for key, (query, variables, is_seen) in zip(keys, queries, strict=True):
        await remembered(process, key)
        assert not is_seen(await process.data(key, query, **variables)), query
    await world.store(MemberFactory(workspace=place.workspace, user_id=newcomer.id))
    for key, (query, variables, is_seen) in zip(keys, queries, strict=True):
        assert is_seen(await process.data(key, query, **variables)), query


async def test_a_guest_sees_a_further_shelf_at_once(process: Process, world: LibraryWorld, deaf: None) -> None:
    place, key = world.here, await key_of(world, Role.GUEST)
    async with world.engine.begin() as connection:
        await connection.execute(delete(AreaGrantRow).where(AreaGrantRow.member_id == place.members[Role.GUEST].id))
    await remembered(process, key)
    slug = place.workspace.slug
    assert await process.data(key, SHELVES, slug=slug) == {"workspace": {"shelves": {"nodes": []}}}
    await world.let_in(place, place.shelf)
    seen = {"workspace": {"shelves": {"nodes": [{"name": place.shelf.name}]}}}
    assert await process.data(key, SHELVES, slug=slug) == seen
    await remembered(process, key)
    second = ShelfFactory(workspace=place.workspace)
    await world.store(second)
    await world.let_in(place, second)
    assert await process.data(key, NODE, id=second.id) == {"node": {"id": second.id}}


async def test_a_removed_member_writes_nothing_although_remembered(
    process: Process, world: LibraryWorld, deaf: None
) -> None:
    key, slug = await key_of(world, Role.MEMBER), world.here.workspace.slug
    await remembered(process, key)
    async with world.engine.begin() as connection:
        await connection.execute(delete(MemberRow).where(MemberRow.id == world.here.members[Role.MEMBER].id))
    assert (await process.data(key, WORKSPACE, slug=slug))["workspace"] is not None
    refused = await process.data(key, TAG, workspace=world.here.workspace.id)
    assert refused == {"tagCreate": {"errors": [{"code": "NOT_FOUND"}]}}
    assert (await process.data(key, WORKSPACE, slug=slug))["workspace"] is None


@pytest.mark.parametrize(
    ("query", "variables"), [(TAG, {"workspace": "wsp_0"}), (WORKSPACE, {"slug": "unknown"}), (NODE, {"id": "x"})]
)
async def test_a_revoked_key_gets_401_for_all_but_what_it_was_granted(
    process: Process, world: LibraryWorld, deaf: None, query: str, variables: dict[str, str]
) -> None:
    key = await key_of(world, Role.MEMBER)
    await remembered(process, key)
    other = await key_of(world, Role.MEMBER)
    before = await points(process, other)
    async with world.engine.begin() as connection:
        revoked = ApiKeyRow.digest == digest_of(key)
        await connection.execute(update(ApiKeyRow).where(revoked).values(revoked_at=datetime.now(UTC)))
    answer = await process.graphql(key, query, **variables)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        'Bearer realm="workgraph", error="invalid_token"',
    )
    assert (await process.graphql(key, VIEWER)).status_code == 401
    # The account has paid for the query that asks for its points, and nothing for the refused request.
    assert await points(process, other) == before - 1


async def points(process: Process, key: str) -> int:
    return int((await process.data(key, "{ rateLimit { remaining } }"))["rateLimit"]["remaining"])


async def test_a_query_that_runs_again_is_charged_and_logged_once(
    process: Process, world: LibraryWorld, deaf: None, caplog: pytest.LogCaptureFixture
) -> None:
    place, newcomer = world.here, UserFactory()
    await world.store(newcomer)
    again, fresh = await store_keys(world.engine, *(ApiKeyFactory(user_id=newcomer.id) for _ in range(2)))
    await remembered(process, again)
    await world.store(MemberFactory(workspace=place.workspace, user_id=newcomer.id))
    query = "{ workspaces { nodes { shelves { nodes { name } } } } }"
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="api.http.access_log"):
        first, second = [(await process.graphql(key, query)).json() for key in (again, fresh)]
    assert first["data"] == second["data"]
    assert [record.name for record in caplog.records].count("api.http.access_log") == 2
    costs = [{name: each["extensions"]["cost"][name] for name in ("requested", "actual")} for each in (first, second)]
    assert costs[0] == costs[1]
    assert costs[0]["actual"] > 1


async def test_a_key_expires_although_it_is_remembered(process: Process, world: LibraryWorld, deaf: None) -> None:
    end = datetime.now(UTC) + timedelta(seconds=2)
    key = await key_of(world, Role.MEMBER, expires_at=end)
    await remembered(process, key)
    await asyncio.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 0.05)
    assert process.app.auth.recall(key) is None
    assert (await process.graphql(key, VIEWER)).status_code == 401


async def test_scopes_and_profile_are_those_of_the_last_seconds_at_most(process: Process, world: LibraryWorld) -> None:
    """Without the fixture `deaf`: the listener of the process hears of both."""
    key, user = await key_of(world, Role.OWNER), world.here.people[Role.OWNER]
    await remembered(process, key)
    async with world.engine.begin() as connection:
        await connection.execute(update(ApiKeyRow).values(scopes=(Scope.READ,)))
        await connection.execute(update(UserRow).where(UserRow.id == user.id).values(name="Other"))
    async with asyncio.timeout(PATIENCE):
        # A late notification forgets the new actor, too.
        while (recalled := process.app.auth.recall(key)) is None or recalled.account.name != "Other":
            assert (await process.graphql(key, VIEWER)).status_code == 200
    assert recalled.grant is not None
    assert recalled.grant.scopes == {Scope.READ}


async def test_what_a_process_changes_itself_is_true_at_once(process: Process, world: LibraryWorld, deaf: None) -> None:
    """With the first connection of the process, too: it hears nothing from others here."""
    owner, guest = [await key_of(world, role) for role in (Role.OWNER, Role.GUEST)]
    await remembered(process, guest)
    slug, member = world.here.workspace.slug, world.here.members[Role.GUEST].id
    assert (await process.data(guest, WORKSPACE, slug=slug))["workspace"] is not None
    remove = "mutation ($id: ID!) { memberRemove(input: {id: $id}) { errors { code } } }"
    assert await process.data(owner, remove, id=member) == {"memberRemove": {"errors": []}}
    assert (await process.data(guest, WORKSPACE, slug=slug))["workspace"] is None
