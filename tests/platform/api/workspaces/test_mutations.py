import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from domain.accounts.commands import Registration
from domain.shared.actor import Actor, Role
from domain.workspaces.model import Member, Workspace
from infra.workspaces.repository import SqlMemberRepository
from infra.workspaces.tables import AreaGrantRow
from tests.client import Client
from tests.factories.accounts import PASSWORD, RegistrationFactory, UserFactory
from tests.factories.auth import SessionFactory
from tests.factories.workspaces import MemberFactory, WorkspaceFactory
from tests.refusals import assert_refused, bad_ids, bad_names, bad_patterns, conflict, invalid
from tests.sample.factories import ShelfFactory, TagFactory
from tests.sample.world import LibraryWorld

SLUGS = ("-a", "a-", "A", "a_b", "a" * 49, "ä", "a b", "a\n", "a/b", "٣")


@pytest.fixture
async def newcomer(world: LibraryWorld) -> Client:
    """Client of a user who signed up and signed in through the application, and belongs to no workspace."""
    registration: Registration = RegistrationFactory(name="Newcomer", email="newcomer@example.org")
    await world.app.accounts.create(Actor(), registration)
    tokens = await world.app.auth.sign_in(Actor(), registration.email, PASSWORD, client_id="workgraph")
    return Client(world.app, await world.app.auth.authenticate(tokens.access_token), world.schema)


async def test_the_creator_of_a_workspace_owns_it(world: LibraryWorld, newcomer: Client):
    payload = await newcomer.mutate(
        "workspaceCreate",
        {"slug": "acme-2", "name": "  Acmé  ", "clientMutationId": "c1"},
        "workspace { id slug name members { nodes { role user { name } } } } clientMutationId",
    )
    workspace_id = payload["workspace"].pop("id")
    assert payload == {
        "workspace": {
            "slug": "acme-2",
            "name": "Acmé",
            "members": {"nodes": [{"role": "OWNER", "user": {"name": "Newcomer"}}]},
        },
        "clientMutationId": "c1",
        "revision": 2,
        "errors": [],
    }
    stored = await world.stored(Workspace, workspace_id)
    assert (stored.slug, stored.name) == ("acme-2", "Acmé")
    events = await world.events(workspace_id)
    assert [(revision, kind, changes) for revision, kind, _, changes in events] == [
        (1, "workspace.created", {"slug": [None, "acme-2"], "name": [None, "Acmé"]}),
        (2, "member.added", {"user_id": [None, newcomer.actor.user_id], "role": [None, "OWNER"]}),
    ]
    assert await world.events() == []


async def test_a_workspace_and_its_content_in_one_operation_by_its_new_owner(newcomer: Client):
    created = await newcomer.run(
        """mutation ($workspace: WorkspaceCreateInput!) {
          workspaceCreate(input: $workspace) { workspace { id } errors { message } } }""",
        workspace={"slug": "first", "name": "First"},
    )
    assert created["workspaceCreate"]["errors"] == []
    # The second mutation acts in a role that this client's actor, loaded before, has not got.
    data = await newcomer.run(
        """mutation ($workspace: WorkspaceCreateInput!, $shelf: ShelfCreateInput!) {
          workspaceCreate(input: $workspace) { workspace { slug members { nodes { role } } } errors { message } }
          shelfCreate(input: $shelf) { shelf { name workspace { slug } } errors { message } } }""",
        workspace={"slug": "second", "name": "Second"},
        shelf={"workspaceId": created["workspaceCreate"]["workspace"]["id"], "name": "One"},
    )
    assert data == {
        "workspaceCreate": {"workspace": {"slug": "second", "members": {"nodes": [{"role": "OWNER"}]}}, "errors": []},
        "shelfCreate": {"shelf": {"name": "One", "workspace": {"slug": "first"}}, "errors": []},
    }


async def test_bad_workspaces_are_refused(world: LibraryWorld):
    taken = world.elsewhere.workspace.slug
    cases = {
        **bad_patterns("slug", SLUGS),
        **bad_names("name", longest=80),
        "taken": ({"slug": taken}, conflict("slug", "ALREADY_EXISTS")),
        "two at once": ({"slug": "A", "name": ""}, [*invalid("slug"), *invalid("name", "REQUIRED")]),
    }
    await assert_refused(world, world.member, "workspaceCreate", {"slug": "fine", "name": "Fine"}, cases)


async def test_updating_a_workspace(world: LibraryWorld):
    workspace = world.here.workspace
    payload = await world.owner.mutate(
        "workspaceUpdate", {"id": workspace.id, "slug": "new-slug", "name": "New"}, "workspace { id slug name }"
    )
    assert payload == {
        "workspace": {"id": workspace.id, "slug": "new-slug", "name": "New"},
        "revision": 1,
        "errors": [],
    }
    stored = await world.stored(Workspace, workspace.id)
    assert stored == replace(workspace, slug="new-slug", name="New", updated_at=stored.updated_at)
    assert stored.updated_at > workspace.updated_at
    changes = {"slug": [workspace.slug, "new-slug"], "name": [workspace.name, "New"]}
    assert await world.events() == [(1, "workspace.updated", workspace.id, changes)]


async def test_bad_changes_of_a_workspace_are_refused(world: LibraryWorld):
    cases = {
        **bad_ids("id", "wsp", foreign=world.elsewhere.workspace.id),
        **bad_patterns("slug", SLUGS),
        **bad_names("name", longest=80),
        "taken": ({"slug": world.elsewhere.workspace.slug}, conflict("slug", "ALREADY_EXISTS")),
    }
    await assert_refused(world, world.owner, "workspaceUpdate", {"id": world.here.workspace.id}, cases)


async def test_an_empty_workspace_can_be_deleted(world: LibraryWorld):
    workspace = WorkspaceFactory()
    members = [
        MemberFactory(workspace=workspace, user_id=person.id, role=role) for role, person in world.here.people.items()
    ]
    await world.store(workspace, *members)
    client = world.owner.as_role(Role.OWNER, workspace.id)
    payload = await client.mutate("workspaceDelete", {"id": workspace.id}, "deletedWorkspaceId")
    assert payload == {"deletedWorkspaceId": workspace.id, "revision": 1, "errors": []}
    assert await world.stored(Workspace, workspace.id) is None
    assert [await world.stored(Member, member.id) for member in members] == [None] * len(members)
    gone = {"slug": [workspace.slug, None], "name": [workspace.name, None]}
    assert await world.events(workspace.id) == [(1, "workspace.deleted", workspace.id, gone)]


@pytest.mark.parametrize("factory", [ShelfFactory, TagFactory], ids=["area", "other content"])
async def test_a_workspace_that_is_not_empty_stays(world: LibraryWorld, factory: type):
    workspace = WorkspaceFactory()
    await world.store(workspace, factory(workspace=workspace))
    client = world.owner.as_role(Role.OWNER, workspace.id)
    cases = {"in use": ({}, conflict("id", "IN_USE"))}
    await assert_refused(world, client, "workspaceDelete", {"id": workspace.id}, cases)


async def test_deleting_no_workspace_is_refused(world: LibraryWorld):
    cases = bad_ids("id", "wsp", foreign=world.elsewhere.workspace.id)
    await assert_refused(world, world.owner, "workspaceDelete", {}, cases)


async def test_changing_a_role(world: LibraryWorld):
    guest = world.here.members[Role.GUEST]
    payload = await world.owner.mutate("memberUpdate", {"id": guest.id, "role": "ADMIN"}, "member { id role }")
    assert payload == {"member": {"id": guest.id, "role": "ADMIN"}, "revision": 1, "errors": []}
    stored = await world.stored(Member, guest.id)
    assert stored == replace(guest, role=Role.ADMIN, updated_at=stored.updated_at)
    assert await world.events() == [(1, "member.updated", guest.id, {"role": ["GUEST", "ADMIN"]})]
    async with world.engine.connect() as connection:
        grants = select(AreaGrantRow.member_id).where(AreaGrantRow.workspace_id == guest.workspace_id)
        assert list(await connection.scalars(grants)) == []


async def test_the_same_role_again_changes_nothing(world: LibraryWorld):
    guest = world.here.members[Role.GUEST]
    before = await world.rows()
    payload = await world.owner.mutate("memberUpdate", {"id": guest.id, "role": "GUEST"}, "member { role }")
    assert payload == {"member": {"role": "GUEST"}, "revision": None, "errors": []}
    assert await world.rows() == before


async def test_bad_changes_of_a_role_are_refused(world: LibraryWorld):
    cases = {
        **bad_ids("id", "mem", foreign=world.elsewhere.members[Role.GUEST].id),
        "last owner": ({"id": world.here.members[Role.OWNER].id}, conflict("", "LAST_OWNER")),
    }
    await assert_refused(world, world.owner, "memberUpdate", {"role": "ADMIN"}, cases)


async def test_removing_a_member(world: LibraryWorld):
    guest = world.here.members[Role.GUEST]
    payload = await world.owner.mutate("memberRemove", {"id": guest.id}, "deletedMemberId")
    assert payload == {"deletedMemberId": guest.id, "revision": 1, "errors": []}
    assert await world.stored(Member, guest.id) is None
    gone = {"user_id": [guest.user_id, None], "role": ["GUEST", None]}
    assert await world.events() == [(1, "member.removed", guest.id, gone)]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.GUEST])
async def test_every_member_can_leave_and_loses_access_at_once(world: LibraryWorld, role: Role):
    data = await world.client(role).run(
        """mutation ($leave: MemberRemoveInput!, $book: BookUpdateInput!) {
          memberRemove(input: $leave) { deletedMemberId errors { message } }
          bookUpdate(input: $book) { errors { __typename path } } }""",
        leave={"id": world.here.members[role].id},
        book={"id": world.here.book.id, "title": "One more thing"},
    )
    assert data == {
        "memberRemove": {"deletedMemberId": world.here.members[role].id, "errors": []},
        "bookUpdate": {"errors": [{"__typename": "NotFoundError", "path": ["input", "id"]}]},
    }


async def test_bad_removals_are_refused(world: LibraryWorld):
    cases = {
        **bad_ids("id", "mem", foreign=world.elsewhere.members[Role.GUEST].id),
        "last owner": ({"id": world.here.members[Role.OWNER].id}, conflict("", "LAST_OWNER")),
    }
    await assert_refused(world, world.owner, "memberRemove", {}, cases)


async def test_one_owner_of_32_stays_when_all_go_at_once(world: LibraryWorld):
    entities, members, clients = owners_of(world, 31)
    await world.store(*entities)
    everybody = [world.here.members[Role.OWNER], *members]
    payloads = await asyncio.gather(
        *(
            client.mutate("memberRemove", {"id": member.id})
            for client, member in zip([world.owner, *clients], everybody, strict=True)
        )
    )
    refused = [payload for payload in payloads if payload["errors"]]
    assert [error["code"] for payload in refused for error in payload["errors"]] == ["LAST_OWNER"]
    left = [member for member in everybody if await world.stored(Member, member.id)]
    assert len(left) == 1
    assert sorted(payload["revision"] or 0 for payload in payloads) == list(range(32))


def owners_of(world: LibraryWorld, count: int) -> tuple[list[Any], list[Member], list[Client]]:
    """Objects to store for `count` more owners, their memberships, and their clients."""
    people = UserFactory.build_batch(count)
    members = [MemberFactory(workspace=world.here.workspace, user_id=who.id, role=Role.OWNER) for who in people]
    sessions = [SessionFactory(user_id=who.id) for who in people]
    roles = {world.here.workspace.id: Role.OWNER}
    clients = [
        Client(
            world.app,
            Actor(user_id=each.user_id, session_id=each.id, expires_at=each.expires_at, roles=roles),
            world.schema,
        )
        for each in sessions
    ]
    return [*people, *members, *sessions], members, clients


async def owners_left(world: LibraryWorld) -> int:
    async with world.engine.connect() as connection:
        return len(await SqlMemberRepository(connection).owners(world.here.workspace.id))


async def test_an_owner_stays_when_32_step_down_leave_and_hand_over_at_once(world: LibraryWorld):
    """Each way to lose an owner against each other: G33 of the threats."""
    entities, members, clients = owners_of(world, 31)
    await world.store(*entities)
    everybody = list(zip([world.here.members[Role.OWNER], *members], [world.owner, *clients], strict=True))
    heir = world.here.members[Role.ADMIN]
    ways = (
        lambda member: ("memberRemove", {"id": member.id}),
        lambda member: ("memberUpdate", {"id": member.id, "role": "ADMIN"}),
        lambda member: ("workspaceTransfer", {"id": world.here.workspace.id, "memberId": heir.id}),
    )
    payloads = await asyncio.gather(
        *(client.mutate(*ways[number % 3](member)) for number, (member, client) in enumerate(everybody))
    )
    codes = {error["code"] for payload in payloads for error in payload["errors"]}
    assert codes == set()
    assert await owners_left(world) == 1, "the heir of all"
    stored = await world.stored(Member, heir.id)
    assert stored.role is Role.OWNER


async def test_one_owner_of_32_stays_when_all_step_down_at_once(world: LibraryWorld):
    entities, members, clients = owners_of(world, 31)
    await world.store(*entities)
    everybody = zip([world.here.members[Role.OWNER], *members], [world.owner, *clients], strict=True)
    payloads = await asyncio.gather(
        *(client.mutate("memberUpdate", {"id": member.id, "role": "MEMBER"}) for member, client in everybody)
    )
    assert [error["code"] for payload in payloads for error in payload["errors"]] == ["LAST_OWNER"]
    assert await owners_left(world) == 1


async def test_a_placeholder_never_owns_a_workspace(world: LibraryWorld):
    imported = UserFactory(is_placeholder=True, email=None)
    placeholder = MemberFactory(workspace=world.here.workspace, user_id=imported.id, role=Role.GUEST)
    await world.store(imported, placeholder)
    cases = {"placeholder": ({}, invalid("id"))}
    await assert_refused(world, world.owner, "memberUpdate", {"id": placeholder.id, "role": "OWNER"}, cases)
    given = {"id": world.here.workspace.id, "memberId": placeholder.id}
    await assert_refused(world, world.owner, "workspaceTransfer", given, {"placeholder": ({}, invalid("memberId"))})


async def test_handing_a_workspace_over(world: LibraryWorld):
    place = world.here
    heir, owner = place.members[Role.MEMBER], place.members[Role.OWNER]
    data = await world.owner.run(
        """mutation ($over: WorkspaceTransferInput!, $again: WorkspaceTransferInput!) {
          workspaceTransfer(input: $over) { workspace { slug } revision errors { code } }
          again: workspaceTransfer(input: $again) { workspace { slug } revision errors { code } } }""",
        over={"id": place.workspace.id, "memberId": heir.id},
        again={"id": place.workspace.id, "memberId": place.members[Role.ADMIN].id},
    )
    assert data == {
        "workspaceTransfer": {"workspace": {"slug": place.workspace.slug}, "revision": 2, "errors": []},
        "again": {"workspace": None, "revision": None, "errors": [{"code": "PERMISSION_DENIED"}]},
    }
    assert [(await world.stored(Member, each.id)).role for each in (heir, owner)] == [Role.OWNER, Role.ADMIN]
    assert await world.events() == [
        (1, "member.updated", heir.id, {"role": ["MEMBER", "OWNER"]}),
        (2, "member.updated", owner.id, {"role": ["OWNER", "ADMIN"]}),
    ]
    rows = await world.rows()
    assert sum("MEMBER_ROLE_CHANGED" in line for line in rows["security_event"]) == 2
    assert sum("workspaces.send_ownership_moved" in line for line in rows["job"]) == 2


async def test_bad_transfers_are_refused(world: LibraryWorld):
    cases = {
        **bad_ids("id", "wsp", foreign=world.elsewhere.workspace.id),
        **bad_ids("memberId", "mem", foreign=world.elsewhere.members[Role.GUEST].id),
        "oneself": ({"memberId": world.here.members[Role.OWNER].id}, invalid("memberId")),
    }
    good = {"id": world.here.workspace.id, "memberId": world.here.members[Role.MEMBER].id}
    await assert_refused(world, world.owner, "workspaceTransfer", good, cases)


async def test_one_member_removed_by_many_at_once_is_removed_once(world: LibraryWorld):
    guest = world.here.members[Role.GUEST]
    payloads = await asyncio.gather(*(world.owner.mutate("memberRemove", {"id": guest.id}) for _ in range(8)))
    assert sorted(tuple(error["code"] for error in payload["errors"]) for payload in payloads) == [
        (),
        *[("NOT_FOUND",)] * 7,
    ]
    assert [kind for _, kind, _, _ in await world.events()] == ["member.removed"]
