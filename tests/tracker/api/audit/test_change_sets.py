"""Change sets as clients read them: events, visibility, and whether they can be undone."""

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
from infra.jobs.log_cleaning import change_log_cleaning
from tests.client import Client
from tests.factories.accounts import IDS
from tests.statements import counted
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory

READ = """query ($slug: String!, $id: Revision!) { workspace(slug: $slug) { changeSet(id: $id) {
  revision occurredAt actor { name } cause eventCount isUndoable reasons { code message }
  events { totalCount nodes { revision changeSet kind subjectId changes { field before after } } } } } }"""
PAGE = """query ($slug: String!, $id: Revision!, $first: Int, $after: String, $last: Int, $before: String) {
  workspace(slug: $slug) { changeSet(id: $id) { events(first: $first, after: $after, last: $last, before: $before) {
    totalCount totalCountIsExact nodes { revision }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""


async def read(world: World, client: Client, revision: int) -> Any:
    found = (await client.run(READ, slug=world.here.workspace.slug, id=revision))["workspace"]
    return found["changeSet"]


async def page(world: World, revision: int, **arguments: Any) -> Any:
    found = await world.member.run(PAGE, slug=world.here.workspace.slug, id=revision, **arguments)
    return found["workspace"]["changeSet"]["events"]


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


async def test_a_change_set_is_all_that_a_mutation_changed(world: World):
    place = world.here
    await world.member.mutate("labelUpdate", {"id": place.label.id, "name": "before"})
    payload = await world.member.mutate("stateDelete", {"id": place.todo.id, "replaceWith": place.done.id})
    await world.member.mutate("labelUpdate", {"id": place.label.id, "name": "after"})
    found = await read(world, world.member, payload["revision"])
    events = found.pop("events")
    assert found.pop("occurredAt")
    assert found == {
        "revision": payload["revision"],
        "actor": {"name": "Member"},
        "cause": "USER",
        "eventCount": 3,
        "isUndoable": True,
        "reasons": [],
    }
    assert events["totalCount"] == 3
    assert [event["kind"] for event in events["nodes"]] == ["ISSUE_UPDATED", "STATE_DELETED", "STATE_UPDATED"]
    assert {event["changeSet"] for event in events["nodes"]} == {payload["revision"]}
    [issue, *_] = events["nodes"]
    assert {"field": "stateId", "before": [place.todo.id], "after": [place.done.id]} in issue["changes"]


async def test_long_texts_are_shown_in_full(world: World):
    body = "long" * 1250
    payload = await world.member.mutate("issueUpdate", {"id": world.here.issue.id, "description": body})
    [event] = (await read(world, world.member, payload["revision"]))["events"]["nodes"]
    assert [each["after"] for each in event["changes"] if each["field"] == "description"] == [[body]]


async def test_other_numbers_are_no_change_sets(world: World):
    last = await record(world, *titles(world, 3), actor=world.member.actor)
    assert (await read(world, world.member, last))["eventCount"] == 3
    for number in (0, last - 2, last - 1, last + 1, 2**53):
        assert await read(world, world.member, number) is None
    elsewhere = await world.client(None).run(READ, slug=world.elsewhere.workspace.slug, id=last)
    assert elsewhere["workspace"]["changeSet"] is None
    assert (await world.client(None).run(READ, slug=world.here.workspace.slug, id=last))["workspace"] is None


@pytest.mark.parametrize("wrong", ["-1", str(2**53 + 1), '"1"', "1.5", "null", "true", "[1]"])
async def test_a_revision_is_checked(world: World, wrong: str):
    query = f'{{ workspace(slug: "{world.here.workspace.slug}") {{ changeSet(id: {wrong}) {{ revision }} }} }}'
    _, errors = await world.member.execute(query)
    assert errors


async def test_a_deleted_change_set_is_told_from_none(world: World):
    first = await record(world, *titles(world, 2), actor=world.member.actor)
    second = await record(world, *titles(world, 1), actor=world.member.actor)
    age = text("UPDATE event SET occurred_at = now() - interval '2 days' WHERE revision <= :last")
    async with world.engine.begin() as connection:
        await connection.execute(age, {"last": first})
        while await change_log_cleaning(timedelta(days=1))(connection):
            pass
    for revision in (1, first):
        failed = await world.member.failed(READ, slug=world.here.workspace.slug, id=revision)
        assert failed == [("REVISION_GONE", "id")]
    assert await read(world, world.member, 0) is None
    left = await read(world, world.member, second)
    assert [event["revision"] for event in left["events"]["nodes"]] == [second]


async def test_events_are_read_in_pages(world: World):
    other = await record(world, *titles(world, 1), actor=world.member.actor)
    last = await record(world, *titles(world, 5), actor=world.member.actor)
    await record(world, *titles(world, 1), actor=world.member.actor)
    first = await page(world, last, first=2)
    assert (first["totalCount"], first["totalCountIsExact"]) == (5, True)
    assert [each["revision"] for each in first["nodes"]] == [2, 3]
    assert (first["pageInfo"]["hasPreviousPage"], first["pageInfo"]["hasNextPage"]) == (False, True)
    rest = await page(world, last, first=100, after=first["pageInfo"]["endCursor"])
    assert [each["revision"] for each in rest["nodes"]] == [4, 5, 6]
    assert rest["pageInfo"]["hasNextPage"] is False
    back = await page(world, last, last=2, before=rest["pageInfo"]["endCursor"])
    assert [each["revision"] for each in back["nodes"]] == [4, 5]
    wrong = {"slug": world.here.workspace.slug, "id": other, "first": 2, "after": first["pageInfo"]["endCursor"]}
    assert await world.member.failed(PAGE, **wrong) == [("INVALID_CURSOR", "after")]
    assert await world.member.failed(PAGE, **(wrong | {"after": None, "first": 101})) == [("OUT_OF_RANGE", "first")]


async def test_guests_see_and_count_events_of_their_projects_alone(world: World):
    place, guest = world.here, world.client(Role.GUEST)
    other = ProjectFactory(workspace=place.workspace, key="OTHER")
    state = StateFactory(project=other, position=0)
    hidden = IssueFactory(project=other, state=state, number=1, creator_id=place.issue.creator_id)
    await world.store(other, state, hidden)
    parent = {"parent_id": FieldChange(after=hidden.id), "title": FieldChange(before="a", after="b")}
    far = {"workspace_id": place.workspace.id, "subject_id": hidden.id, "area_id": other.id}
    [near] = titles(world, 1)
    both = await record(world, IssueUpdated(**far), replace(near, changes=parent), actor=world.member.actor)
    only_hidden = await record(world, IssueUpdated(**far), actor=world.member.actor)

    seen = await read(world, guest, both)
    assert (seen["eventCount"], seen["events"]["totalCount"]) == (1, 1)
    [event] = seen["events"]["nodes"]
    assert (event["subjectId"], [each["field"] for each in event["changes"]]) == (near.subject_id, ["title"])
    assert await reasons(world, guest, both) == ["NOT_YOUR_OWN", "PERMISSION_DENIED"]
    assert await read(world, guest, only_hidden) is None
    assert (await read(world, world.member, both))["eventCount"] == 2
    assert (await read(world, world.member, only_hidden))["eventCount"] == 1


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


async def test_large_imports_are_counted_in_part(world: World, monkeypatch: pytest.MonkeyPatch):
    for module in ("domain.audit.change_sets", "infra.audit.change_sets", "infra.db.pages"):
        monkeypatch.setattr(f"{module}.MOST_COUNTED", 3)
    counts = []
    for cause, count in ((Cause.IMPORT, 3), (Cause.IMPORT, 4), (Cause.USER, 4)):
        revision = await record(world, *titles(world, count), actor=replace(world.member.actor, cause=cause))
        events = await page(world, revision, first=1)
        found = await read(world, world.member, revision)
        counts.append((found["eventCount"], events["totalCount"], events["totalCountIsExact"]))
    assert counts == [(3, 3, True), (None, 3, False), (4, 3, False)]


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


async def test_a_change_set_takes_few_statements(world: World):
    long = replace(titles(world, 1)[0], changes={"description": FieldChange(before="a" * 5000, after="b" * 5000)})
    taken = []
    for events in (titles(world, 1), titles(world, 20), [*titles(world, 19), long]):
        revision = await record(world, *events, actor=world.member.actor)
        for client in (world.owner, world.client(Role.GUEST)):
            with counted() as alone:
                await client.run("query ($slug: String!) { workspace(slug: $slug) { id } }", slug="here")
            with counted() as statements:
                await read(world, client, revision)
            taken.append(len(statements) - len(alone))
    users = 1
    assert taken == [3 + users] * 4 + [4 + users] * 2
