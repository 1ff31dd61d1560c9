"""Whether change sets of the tracker can be undone, and what guests see of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.audit.change_sets import UNDOABLE_FOR
from domain.audit.events import ChangeSetUndone
from domain.issues.events import IssueUpdated
from domain.shared.actor import Actor, Cause, Grant, Role, Scope, with_held
from domain.shared.events import Event, FieldChange
from tests.client import Client
from tests.factories.accounts import IDS
from tests.tracker.api.world import World

READ = """query ($slug: String!, $id: Revision!) { workspace(slug: $slug) { changeSet(id: $id) {
  cause isUndoable reasons { code } events { nodes { changes { field } } } } } }"""


async def read(world: World, client: Client, revision: int) -> Any:
    found = (await client.run(READ, slug=world.here.workspace.slug, id=revision))["workspace"]
    return found["changeSet"]


async def reasons(world: World, client: Client, revision: int) -> list[str]:
    found = await read(world, client, revision)
    assert found["isUndoable"] is (found["reasons"] == [])
    return [reason["code"] for reason in found["reasons"]]


async def record(world: World, *events: Event, actor: Actor) -> int:
    async with world.app.labels._uow(actor) as uow:
        for event in events:
            uow.record(event)
        written = await uow.commit(None)
    assert written.revision is not None
    return written.revision


def titles(world: World, count: int, *, title: str = "b") -> list[Event]:
    issue, change = world.here.issue, {"title": FieldChange(before="a", after=title)}
    place: dict[str, Any] = {"workspace_id": issue.workspace_id, "area_id": issue.project_id}
    return [IssueUpdated(subject_id=issue.id, changes=change, **place) for _ in range(count)]


def by_key(client: Client, scope: Scope) -> Client:
    grant = Grant(key_id=IDS.new("apk"), scopes=with_held([scope]), is_confined=False)
    return replace(client, actor=replace(client.actor, grant=grant))


async def test_guests_see_no_parent_because_it_can_be_hidden(world: World):
    [change] = titles(world, 1)
    parent = {"parent_id": FieldChange(after=IDS.new("iss")), **change.changes}
    revision = await record(world, replace(change, changes=parent), actor=world.member.actor)
    fields = {}
    for role in (Role.GUEST, Role.MEMBER):
        [event] = (await read(world, world.client(role), revision))["events"]["nodes"]
        fields[role] = {each["field"] for each in event["changes"]}
    assert fields == {Role.GUEST: {"title"}, Role.MEMBER: {"title", "parentId"}}
    assert await reasons(world, world.client(Role.GUEST), revision) == ["NOT_YOUR_OWN", "PERMISSION_DENIED"]


async def test_a_guest_can_undo_an_own_comment(world: World):
    guest = world.client(Role.GUEST)
    payload = await guest.mutate("commentCreate", {"issueId": world.here.issue.id, "body": "Hello"})
    assert await reasons(world, guest, payload["revision"]) == []
    assert await reasons(world, world.member, payload["revision"]) == ["NOT_YOUR_OWN"]
    assert await reasons(world, world.owner, payload["revision"]) == []


REFUSED: Mapping[str, tuple[str, dict[str, Any], list[str]]] = {
    "an update": ("issueUpdate", {"id": "issue", "title": "New"}, []),
    "a deleted label": ("labelDelete", {"id": "label"}, []),
    "a purged issue": ("issuePurge", {"id": "issue"}, ["PERMANENTLY_DELETED"]),
    "a deleted project": ("projectDelete", {"id": "project", "cascade": True}, ["PERMANENTLY_DELETED"]),
    "an invitation": ("invitationCreate", {"workspaceId": "workspace", "role": "MEMBER"}, ["UNSUPPORTED"]),
}


@pytest.mark.parametrize(("name", "given", "expected"), REFUSED.values(), ids=REFUSED)
async def test_some_changes_cannot_be_undone(world: World, name: str, given: dict[str, Any], expected: list[str]):
    place = world.here
    if name == "issuePurge":
        await world.owner.mutate("issueDelete", {"id": place.issue.id})
    given = {key: getattr(place, value).id if hasattr(place, str(value)) else value for key, value in given.items()}
    payload = await world.owner.mutate(name, given)
    assert payload["errors"] == []
    assert await reasons(world, world.owner, payload["revision"]) == expected


@pytest.mark.parametrize("cause", [Cause.IMPORT, Cause.SEED])
async def test_imports_and_demo_data_cannot_be_undone(world: World, cause: Cause):
    revision = await record(world, *titles(world, 3), actor=replace(world.owner.actor, cause=cause))
    assert await reasons(world, world.owner, revision) == ["IMPORTED"]


async def test_old_change_sets_are_undone_by_admins(world: World):
    revision = await record(world, *titles(world, 1), actor=world.member.actor)
    age = text("UPDATE event SET occurred_at = occurred_at - cast(:age AS interval)")
    async with world.engine.begin() as connection:
        await connection.execute(age, {"age": UNDOABLE_FOR + timedelta(minutes=1)})
    assert await reasons(world, world.member, revision) == ["TOO_OLD"]
    assert await reasons(world, world.client(Role.ADMIN), revision) == []


async def test_an_undone_change_set_is_not_undone_again(world: World):
    workspace_id, member = world.here.workspace.id, world.member
    first = await record(world, *titles(world, 1), actor=member.actor)
    second = await record(world, *titles(world, 1), actor=member.actor)
    undoing = replace(member.actor, cause=Cause.UNDO)
    await record(world, ChangeSetUndone.of(workspace_id, first, skipped_count=1), actor=undoing)
    assert await reasons(world, member, first) == []
    done = ChangeSetUndone.of(workspace_id, first, skipped_count=0)
    undo = await record(world, *titles(world, 1, title="a"), done, actor=undoing)
    assert await reasons(world, member, first) == ["ALREADY_UNDONE"]
    assert await reasons(world, member, second) == []
    assert (await read(world, member, undo))["cause"] == "UNDO"
    assert await reasons(world, member, undo) == []


async def test_an_api_key_needs_the_scope_of_the_changes(world: World):
    revision = await record(world, *titles(world, 1), actor=world.owner.actor)
    assert await reasons(world, by_key(world.owner, Scope.READ), revision) == ["PERMISSION_DENIED"]
    assert await reasons(world, by_key(world.owner, Scope.WRITE), revision) == []
    assert await reasons(world, by_key(world.client(Role.ADMIN), Scope.WRITE), revision) == ["NOT_YOUR_OWN"]
    assert await reasons(world, by_key(world.client(Role.ADMIN), Scope.ADMIN), revision) == []
