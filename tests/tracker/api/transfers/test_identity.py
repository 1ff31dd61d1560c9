"""A second import recognizes objects of the first one after renames, moves and deletions on either side."""

import asyncio
import json
from base64 import b64encode
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from domain.shared.actor import Actor, Role
from domain.shared.pages import PageRequest
from domain.transfers import stream
from domain.transfers.jobs import RunImport
from domain.transfers.model import ImportFormat, ImportRun, ImportState
from infra.jobs.in_process import run_now
from infra.jobs.leases import SqlLeases
from tests.statements import counted
from tests.tracker.api.transfers.conftest import LEASE, Import
from tests.tracker.api.transfers.exports import comment, issue, lines, time_of
from tests.tracker.api.transfers.test_resuming import under_way
from tests.tracker.api.world import World
from tests.tracker.factories.projects import ProjectFactory, StateFactory

QUERY = """query ($slug: String!) { workspace(slug: $slug) {
  labels(first: 100) { nodes { id name } }
  projects(first: 100) { nodes { id key name states { id name category } milestones { nodes { id } } } }
  issues(first: 100) { nodes {
    id identifier previousIdentifiers externalKey title updatedAt trashedAt project { id key } state { id name }
    labels { name } parent { identifier } comments { nodes { id body } } } } } }"""


class Tracker:
    """The workspace as its queries return it."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.projects = {each["key"]: each for each in found["projects"]["nodes"]}
        self.labels = {each["name"]: each["id"] for each in found["labels"]["nodes"]}
        self.issues = {each["identifier"]: each for each in found["issues"]["nodes"] if each["externalKey"]}

    def states(self, key: str) -> dict[str, str]:
        return {state["name"]: state["id"] for state in self.projects[key]["states"]}


async def tracker(world: World) -> Tracker:
    data = await world.owner.run(QUERY, slug=world.here.workspace.slug)
    return Tracker(data["workspace"])


def at_site(host: str, record: dict[str, Any], *, key: str = "") -> dict[str, Any]:
    """The record with the address that it has at a site, and another key if one is given."""
    changed = record | {"self": f"https://{host}/rest/api/2/issue/{record['id']}"}
    if key:
        name = key.partition("-")[0]
        project = {"id": name, "key": name, "name": name}
        changed |= {"key": key, "fields": record["fields"] | {"project": project}}
    return changed


def archive(repository: str, *numbers: int, ids: bool = True, host: str = "github.com", author: str = "ann") -> bytes:
    issues = [
        {
            "number": number,
            "id": b64encode(f"05:Issue{number}".encode()).decode() if ids else None,
            "title": f"Issue {number}",
            "url": f"https://{host}/{repository}/issues/{number}",
            "state": "OPEN",
            "author": "bob",
            "labels": [],
            "body": "Text",
            "createdAt": f"2020-01-0{number}T00:00:00Z",
            "updatedAt": f"2020-01-0{number}T00:00:00Z",
            "comments": [{"author": author, "body": "Yes", "createdAt": "2020-01-09T00:00:00Z"}],
        }
        for number in numbers
    ]
    return json.dumps({"repo": repository, "issues": issues, "pulls": []}).encode()


def created_nothing(run: ImportRun) -> bool:
    counts = (run.issues_created, run.comments_created, run.people_created, run.labels_created)
    return run.state is ImportState.DONE and not any(counts)


async def losses(world: World, run: ImportRun) -> list[tuple[int, str, str]]:
    [page] = await world.app.read.imports.losses_of_runs(Actor.system(), [run], PageRequest(first=100))
    return [(loss.line, loss.field, loss.code.value) for loss in page.nodes if loss.field != "creator"]


async def mappings(world: World, run: ImportRun, kind: str) -> dict[str, tuple[str, int]]:
    [page] = await world.app.read.imports.mappings_of_runs(Actor.system(), [run], PageRequest(first=100))
    return {each.source: (each.target, each.count) for each in page.nodes if each.kind == kind}


async def rename_here(world: World, found: Tracker) -> None:
    """Gives the project, its states and all labels new names."""
    project = found.projects["AC"]
    await world.owner.mutate("projectUpdate", {"id": project["id"], "key": "NEW", "name": "Renamed"})
    for place, state in enumerate(project["states"]):
        await world.owner.mutate("stateUpdate", {"id": state["id"], "name": f"State {place}"})
    for name, label_id in found.labels.items():
        await world.owner.mutate("labelUpdate", {"id": label_id, "name": f"{name} renamed"})


async def test_objects_renamed_here_are_found_again(world: World, imported: Import):
    await imported(lines(issue(1, comments=[comment("1", "a")]), issue(2)))
    before = await tracker(world)
    await rename_here(world, before)
    renamed = await tracker(world)

    run = await imported(lines(issue(1, comments=[comment("1", "a")]), issue(2, summary="Changed"), issue(3)))

    assert (run.issues_created, run.issues_changed, run.issues_unchanged) == (1, 1, 1)
    assert (run.labels_created, run.people_created, run.comments_created) == (0, 0, 0)
    found = await tracker(world)
    assert set(found.issues) == {"NEW-1", "NEW-2", "NEW-3"}
    assert found.issues["NEW-2"]["title"] == "Changed"
    assert (found.projects, found.labels) == (renamed.projects, renamed.labels)
    assert {each["state"]["name"] for each in found.issues.values()} == {"State 0"}
    assert {label["name"] for label in found.issues["NEW-3"]["labels"]} == {"alpha renamed", "type: Bug renamed"}


async def test_objects_renamed_in_jira_are_found_again(world: World, imported: Import):
    component = {"id": "77", "name": "core"}
    await imported(lines(issue(1, components=[component]), issue(2, parent={"id": "1", "key": "AC-1"})))
    before = await tracker(world)

    def renamed(number: int, **fields: Any) -> dict[str, Any]:
        record = issue(
            number,
            project={"id": "1", "key": "ACME", "name": "Acme"},
            status={"id": "1", "name": "To do", "statusCategory": {"key": "new"}},
            components=[component | {"name": "kernel"}],
            **fields,
        )
        return record | {"key": f"ACME-{number}"}

    run = await imported(lines(renamed(1), renamed(2, parent={"id": "1", "key": "ACME-1"}), renamed(3)))

    assert (run.issues_created, run.labels_created, run.people_created) == (1, 0, 0)
    found = await tracker(world)
    assert found.projects == before.projects
    assert found.labels == before.labels
    assert {each["externalKey"]: key for key, each in found.issues.items()} == {
        "ACME-1": "AC-1",
        "ACME-2": "AC-2",
        "ACME-3": "AC-3",
    }
    assert found.issues["AC-2"]["parent"] == {"identifier": "AC-1"}
    assert (await imported(lines(renamed(1), renamed(2), renamed(3), b""))).issues_unchanged == 3


async def test_a_new_key_alone_leaves_what_was_changed_here(world: World, imported: Import):
    await imported(lines(issue(1)))
    [before] = (await tracker(world)).issues.values()
    await world.owner.mutate("issueUpdate", {"id": before["id"], "title": "Ours"})
    [ours] = (await tracker(world)).issues.values()

    record = issue(1, project={"id": "1", "key": "ACME", "name": "Acme"}) | {"key": "ACME-1"}
    run = await imported(lines(record))

    assert run.issues_changed == 1
    [after] = (await tracker(world)).issues.values()
    assert (after["identifier"], after["externalKey"], after["title"]) == ("AC-1", "ACME-1", "Ours")
    assert after["updatedAt"] == ours["updatedAt"]
    updated_at = datetime.fromisoformat(after["updatedAt"]).isoformat()
    # The issue keeps its time, which is not that of the event, so the event has it.
    changes = {"external_key": ["AC-1", "ACME-1"], "updated_at": [updated_at, updated_at]}
    assert (await world.events())[-1][1:] == ("issue.updated", before["id"], changes)


async def test_an_issue_that_moved_in_jira_is_moved(world: World, imported: Import):
    target = {"id": "2", "key": "OPS", "name": "Operations"}
    child = issue(2, parent={"id": "1", "key": "AC-1"})
    await imported(lines(issue(1, comments=[comment("1", "a")]), child))
    before = (await tracker(world)).issues["AC-1"]
    count = len(await world.events())

    moved = issue(1, project=target, summary="Moved", comments=[comment("1", "a"), comment("2", "b")])
    moved |= {"key": "OPS-7"}
    run = await imported(lines(moved, child))

    assert (run.issues_created, run.issues_changed, run.issues_unchanged, run.comments_created) == (0, 1, 1, 1)
    found = await tracker(world)
    assert set(found.issues) == {"AC-2", "OPS-7"}
    after = found.issues["OPS-7"]
    assert (after["id"], after["title"], after["externalKey"]) == (before["id"], "Moved", "OPS-7")
    assert (before["previousIdentifiers"], after["previousIdentifiers"]) == ([], ["AC-1"])
    assert [each["body"] for each in after["comments"]["nodes"]] == ["a", "b"]
    assert after["comments"]["nodes"][0]["id"] == before["comments"]["nodes"][0]["id"]
    assert found.issues["AC-2"]["parent"] == {"identifier": "OPS-7"}
    async with world.engine.connect() as connection:
        projects = set(await connection.scalars(text("SELECT project_id FROM comment WHERE external_key IS NOT NULL")))
        left = await connection.scalar(text("SELECT project_id FROM event WHERE type = 'issue.moved'"))
    assert projects == {found.projects["OPS"]["id"]}
    assert left == found.projects["AC"]["id"]
    news = [(kind, subject) for _, kind, subject, _ in (await world.events())[count:]]
    assert news.count(("issue.moved", before["id"])) == news.count(("issue.updated", before["id"])) == 1
    assert (await imported(lines(moved, child, b""))).issues_unchanged == 2


async def test_an_issue_that_was_moved_here_stays_where_it_is(world: World, imported: Import):
    await imported(lines(issue(1, comments=[comment("1", "a")]), issue(2)))
    before = (await tracker(world)).issues["AC-1"]
    target = ProjectFactory(workspace=world.here.workspace, key="ZED")
    await world.store(target, StateFactory(project=target))
    payload = await world.owner.mutate("issueUpdate", {"id": before["id"], "move": {"projectId": target.id}})
    assert payload["errors"] == []

    news = issue(1, summary="News", comments=[comment("1", "a"), comment("2", "b")])
    run = await imported(lines(news, issue(2), b""))

    assert (run.issues_changed, run.issues_unchanged, run.comments_created) == (1, 1, 1)
    found = (await tracker(world)).issues
    assert set(found) == {"AC-2", "ZED-1"}
    after = found["ZED-1"]
    assert (after["id"], after["title"], after["previousIdentifiers"]) == (before["id"], "News", ["AC-1"])
    async with world.engine.connect() as connection:
        projects = set(await connection.scalars(text("SELECT project_id FROM comment WHERE external_key IS NOT NULL")))
    assert projects == {target.id}


async def test_no_issue_gets_the_number_of_one_that_moved_but_that_one_itself(world: World, imported: Import):
    await imported(lines(issue(1), issue(2)))
    target = {"id": "2", "key": "OPS", "name": "Operations"}
    await imported(lines(issue(1, project=target) | {"key": "OPS-7"}))
    await imported(lines(issue(9) | {"key": "AC-1"}))
    found = (await tracker(world)).issues
    keys = {name: each["externalKey"] for name, each in found.items()}
    assert keys == {"OPS-7": "OPS-7", "AC-2": "AC-2", "AC-3": "AC-1"}
    await imported(lines(issue(1, summary="Back")))
    found = (await tracker(world)).issues
    assert found["AC-1"]["title"] == "Back"
    former = {name: each["previousIdentifiers"] for name, each in found.items()}
    assert former == {"AC-1": ["OPS-7"], "AC-2": [], "AC-3": []}


async def test_a_move_reveals_nothing_of_the_new_project_to_a_guest_of_the_old_one(world: World, imported: Import):
    await imported(lines(issue(1)), project_key="ENG")
    [before] = (await tracker(world)).issues.values()
    count = len(await world.events())
    target = {"id": "2", "key": "OPS", "name": "Operations"}

    await imported(lines(issue(1, project=target, summary="Moved") | {"key": "OPS-1"}))

    [after] = (await tracker(world)).issues.values()
    assert (after["id"], after["identifier"]) == (before["id"], "OPS-1")
    query = """query ($slug: String!, $after: Revision!, $id: ID!) {
      workspace(slug: $slug) { changes(after: $after) { events {
        kind subjectId projectId changes { field before after } } } }
      node(id: $id) { id } }"""
    asked = {"slug": world.here.workspace.slug, "after": count, "id": before["id"]}
    seen = await world.client(Role.GUEST).run(query, **asked)
    events = [event for event in seen["workspace"]["changes"]["events"] if event["subjectId"] == before["id"]]
    project_id = world.here.project.id
    [moved] = events
    assert (moved["kind"], moved["projectId"]) == ("ISSUE_MOVED", project_id)
    left = {change["field"]: change["before"] for change in moved["changes"]}
    assert left["projectId"] == [project_id]
    assert left["title"] == [before["title"]]
    assert all(change["after"] is None for change in moved["changes"])
    assert seen["node"] is None
    told = (await world.owner.run(query, **asked))["workspace"]["changes"]["events"]
    [update] = [event for event in told if event["kind"] == "ISSUE_UPDATED"]
    assert update["projectId"] == after["project"]["id"]
    assert all(project_id not in str(change.values()) for change in update["changes"])
    assert all(change["before"] is None for change in update["changes"])


async def test_an_issue_goes_back_to_where_it_was(world: World, imported: Import):
    away = issue(1, project={"id": "2", "key": "OPS", "name": "Operations"}) | {"key": "OPS-1"}
    await imported(lines(issue(1)))
    await imported(lines(away))
    assert set((await tracker(world)).issues) == {"OPS-1"}

    run = await imported(lines(issue(1) | {"key": "AC-8"}))

    assert (run.issues_created, run.issues_changed) == (0, 1)
    assert set((await tracker(world)).issues) == {"AC-8"}


async def test_two_projects_with_one_key_stay_two(world: World, imported: Import):
    """Unlike repositories, and a project of the file and one that was here before."""
    await imported(archive("a/spec", 3), format=ImportFormat.GITHUB)
    await imported(archive("b/spec", 3, ids=False), format=ImportFormat.GITHUB)
    await imported(archive("c/spec", 3, ids=False), format=ImportFormat.GITHUB)
    run = await imported(lines(issue(1, project={"id": "9", "key": "ENG", "name": "Engines"}) | {"key": "ENG-1"}))

    found = await tracker(world)
    assert {key: found.projects[key]["name"] for key in ("SPEC", "SPEC2", "SPEC3", "ENG2")} == {
        "SPEC": "a/spec",
        "SPEC2": "b/spec",
        "SPEC3": "c/spec",
        "ENG2": "Engines",
    }
    assert await mappings(world, run, "project") == {"ENG": ("ENG2", 1)}
    assert set(found.issues) == {"SPEC-3", "SPEC2-3", "SPEC3-3", "ENG2-1"}
    again = await imported(archive("b/spec", 3, ids=False) + b" ", format=ImportFormat.GITHUB)
    assert created_nothing(again)


async def test_a_long_key_is_cut_for_its_number(world: World, imported: Import):
    for owner in ("a", "b"):
        await imported(archive(f"{owner}/extraordinary", 3, ids=False), format=ImportFormat.GITHUB)

    assert {"EXTRAORDIN", "EXTRAORDI2"} <= set((await tracker(world)).projects)


async def test_two_jira_projects_with_one_key_stay_two(world: World, imported: Import):
    """Imports a site on which AC was renamed and a new AC created: the same keys with other IDs."""
    await imported(lines(issue(1)))
    other = issue(1, project={"id": "5", "key": "AC", "name": "Another"}) | {"id": "501"}

    run = await imported(lines(other))

    assert run.issues_created == 1
    found = await tracker(world)
    assert {key: each["externalKey"] for key, each in found.issues.items()} == {"AC-1": "AC-1", "AC2-1": "AC-1"}
    assert created_nothing(await imported(lines(issue(1), b"")))
    assert created_nothing(await imported(lines(other, b"")))


async def test_sites_are_distinguished_by_host(world: World, imported: Import):
    await imported(lines(at_site("One.example.org", issue(1))))
    run = await imported(lines(at_site("two.example.org:8443", issue(1, summary="Other"))))

    assert run.issues_created == 1
    assert await mappings(world, run, "site") == {"two.example.org:8443": ("two.example.org:8443", 1)}
    assert set((await tracker(world)).issues) == {"AC-1", "AC2-1"}
    again = lines(at_site("one.example.org", issue(1)), at_site("two.example.org:8443", issue(1, summary="Other")))
    assert created_nothing(await imported(again))


async def test_a_site_that_is_named_counts_whatever_the_file_says(world: World, imported: Import):
    await imported(lines(at_site("old.example.org", issue(1))))

    run = await imported(lines(at_site("new.example.org", issue(1))), site="OLD.example.org")

    assert created_nothing(run)
    assert await mappings(world, run, "site") == {"new.example.org": ("old.example.org", 1)}
    assert (await imported(lines(at_site("new.example.org", issue(1))), site="third")).issues_created == 1


@pytest.mark.verify
async def test_a_file_without_hosts_is_of_the_site_that_has_its_issues(world: World, imported: Import):
    first = await imported(lines(issue(1), issue(2)))
    assert await mappings(world, first, "site") == {"not in the file": ("unnamed", 2)}

    assert created_nothing(await imported(lines(issue(2), issue(1))))
    named = await imported(lines(at_site("jira.example.org", issue(1)), issue(2)))
    assert created_nothing(named)
    assert await mappings(world, named, "site") == {
        "jira.example.org": ("jira.example.org", 1),
        "not in the file": ("jira.example.org", 1),
    }
    assert created_nothing(await imported(lines(issue(1), issue(2), b"")))


@pytest.mark.verify
async def test_a_file_without_hosts_of_another_jira_is_not_taken_for_the_first(world: World, imported: Import):
    """Every new Jira begins with the same ids and the same key."""
    await imported(lines(issue(1), issue(2)))
    strange = lines(*(issue(number, summary="Strange", created=time_of(20)) for number in (1, 2)))

    run = await imported(strange)

    assert (run.issues_created, run.issues_changed) == (2, 0)
    assert set((await tracker(world)).issues) == {"AC-1", "AC-2", "AC2-1", "AC2-2"}
    assert created_nothing(await imported(strange + b"\n"))
    assert created_nothing(await imported(lines(issue(1), issue(2), b"")))


async def test_new_issues_alone_are_recognized_by_their_project(world: World, imported: Import):
    await imported(lines(issue(1)))

    run = await imported(lines(issue(2)))

    assert run.issues_created == 1
    assert set((await tracker(world)).issues) == {"AC-1", "AC-2"}


async def test_a_label_that_was_renamed_at_github_is_found_again(world: World, imported: Import):
    def listed(name: str, **ids: object) -> bytes:
        label = {"name": name, "color": "ff0000", **ids}
        found = {"number": 3, "title": "a", "html_url": "https://github.com/a/b/issues/3", "state": "open"}
        moments = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
        return json.dumps([found | moments | {"user": {"login": "bob"}, "labels": [label]}]).encode()

    await imported(listed("bug", id=7, node_id="x"), format=ImportFormat.GITHUB)
    run = await imported(listed("defect", id=b64encode(b"05:Label7").decode()), format=ImportFormat.GITHUB)

    assert run.labels_created == 0
    assert [label["name"] for label in (await tracker(world)).issues["B-3"]["labels"]] == ["bug"]


@pytest.mark.parametrize("ids", [True, False])
async def test_a_repository_that_was_renamed_is_found_by_its_issues(world: World, imported: Import, ids: bool):
    await imported(archive("a/spec", 3, ids=ids), format=ImportFormat.GITHUB)

    run = await imported(archive("a/standard", 3, 4, ids=ids), format=ImportFormat.GITHUB)

    found = await tracker(world)
    if ids:
        assert (run.issues_created, run.issues_changed) == (1, 1)
        assert {key: each["externalKey"] for key, each in found.issues.items()} == {
            "SPEC-3": "a/standard#3",
            "SPEC-4": "a/standard#4",
        }
    else:  # Nothing in the file says so.
        assert set(found.issues) == {"SPEC-3", "STANDARD-3", "STANDARD-4"}


async def test_comments_of_a_user_with_a_new_login_are_not_duplicated(world: World, imported: Import):
    await imported(archive("a/spec", 3), format=ImportFormat.GITHUB)

    run = await imported(archive("a/spec", 3, author="anna"), format=ImportFormat.GITHUB)

    assert (run.comments_created, run.comments_changed) == (0, 1)


async def test_a_user_with_a_new_name_is_not_duplicated(world: World, imported: Import):
    cloud = {"accountId": "5b10a2844c20165700ede21g", "displayName": "Jo", "active": True}
    await imported(lines(issue(1, assignee=cloud, creator=cloud, reporter=cloud)))

    renamed = cloud | {"displayName": "Jo Smith"}
    assert created_nothing(await imported(lines(issue(1, assignee=renamed, creator=renamed, reporter=renamed))))


def reported(number: int, login: str, user_id: int) -> bytes:
    """An array of GitHub's REST API with one issue of that user."""
    found = {"number": number, "title": "a", "html_url": f"https://github.com/a/b/issues/{number}", "state": "open"}
    moments = {"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
    return json.dumps([found | moments | {"user": {"login": login, "id": user_id}, "labels": []}]).encode()


@pytest.mark.verify
async def test_a_user_with_a_new_login_is_found_by_id(world: World, imported: Import):
    for content, created in (
        (reported(3, "bob", 7), 1),
        (reported(3, "bobby", 7), 0),
        (reported(4, "bob", 8), 1),  # somebody else has taken the login since
        (reported(5, "bobby", 7), 0),
        (reported(6, "bob", 8), 0),
    ):
        assert (await imported(content, format=ImportFormat.GITHUB)).people_created == created, content


@pytest.mark.verify
async def test_a_user_named_by_an_archive_is_matched_when_the_id_follows(world: World, imported: Import):
    await imported(archive("a/b", 3, author="bob"), format=ImportFormat.GITHUB)

    assert (await imported(reported(4, "bob", 7), format=ImportFormat.GITHUB)).people_created == 0
    assert (await imported(reported(5, "bobby", 7), format=ImportFormat.GITHUB)).people_created == 0


@pytest.mark.verify
async def test_permanently_deleted_issues_are_not_imported_again(world: World, imported: Import):
    content = lines(issue(1), issue(2, parent={"id": "1", "key": "AC-1"}))
    await imported(content)
    found = (await tracker(world)).issues
    await world.owner.mutate("issueUpdate", {"id": found["AC-2"]["id"], "parentId": None})
    for mutation in ("issueDelete", "issuePurge"):
        await world.owner.mutate(mutation, {"id": found["AC-1"]["id"]})

    run = await imported(content + b"\n")

    assert (run.issues_read, run.issues_created, run.issues_unchanged) == (2, 0, 1)
    assert await losses(world, run) == [(1, "issue", "NOT_KEPT"), (2, "parent", "MISSING")]
    assert set((await tracker(world)).issues) == {"AC-2"}


@pytest.mark.verify
async def test_a_project_that_was_deleted_comes_back_whole(
    world: World, imported: Import, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "MOST_RECORDS", 1)
    await imported(lines(issue(1), issue(2)))
    found = await tracker(world)
    for each in found.issues.values():
        for mutation in ("issueDelete", "issuePurge"):
            await world.owner.mutate(mutation, {"id": each["id"]})
    await world.owner.mutate("projectDelete", {"id": found.projects["AC"]["id"]})
    await world.store(ProjectFactory(workspace=world.here.workspace, key="AC", name="Made here"))

    run = await imported(lines(issue(1), issue(2), b""))

    assert (run.issues_created, run.loss_count) == (2, 0)
    found = await tracker(world)
    assert set(found.issues) == {"AC2-1", "AC2-2"}
    assert found.projects["AC"]["name"] == "Made here"
    assert created_nothing(await imported(lines(issue(1), b"", issue(2))))


async def test_trashed_issues_stay_in_the_trash(world: World, imported: Import):
    await imported(lines(issue(1)))
    [found] = (await tracker(world)).issues.values()
    await world.owner.mutate("issueDelete", {"id": found["id"]})

    assert created_nothing(await imported(lines(issue(1), b"")))
    assert (await tracker(world)).issues == {}


async def test_a_deleted_state_leads_to_the_one_that_took_its_place(world: World, imported: Import):
    doing = {"id": "3", "name": "Doing", "statusCategory": {"key": "indeterminate"}}
    await imported(lines(issue(1), issue(2, status=doing)))
    states = (await tracker(world)).states("AC")
    await world.owner.mutate("stateDelete", {"id": states["Open"], "replaceWith": states["Doing"]})

    run = await imported(lines(issue(1, summary="Changed"), issue(2, status=doing), issue(3)))

    assert (run.issues_changed, run.issues_created) == (1, 1)
    found = await tracker(world)
    assert found.states("AC") == {"Doing": states["Doing"]}
    assert {each["state"]["name"] for each in found.issues.values()} == {"Doing"}


@pytest.mark.verify
async def test_unneeded_objects_are_not_created_again(world: World, imported: Import):
    await imported(lines(issue(1)))
    label_id = (await tracker(world)).labels["alpha"]
    await world.owner.mutate("labelDelete", {"id": label_id})
    count = len(await world.events())

    assert created_nothing(await imported(lines(issue(1), b"")))
    assert [type_ for _, type_, *_ in (await world.events())[count:]] == ["batch.started"]
    assert (await imported(lines(issue(1, summary="Changed")))).labels_created == 1


@pytest.mark.verify
@pytest.mark.parametrize("project_key", [None, "KEPT"])
async def test_a_project_renamed_between_kill_and_resume_changes_nothing(
    world: World, started: Import, leases: SqlLeases, monkeypatch: pytest.MonkeyPatch, project_key: str | None
):
    monkeypatch.setattr(stream, "MOST_RECORDS", 1)
    run = await started(lines(*(issue(number) for number in range(1, 41))), project_key=project_key)
    [lease] = await leases.acquire(most=1, job_id=run.job_id)
    running = asyncio.create_task(world.app.imports.run(Actor.system(lease.job), RunImport(run_id=run.id)))
    assert await under_way(world, run, running) < 40
    running.cancel()
    await asyncio.wait({running})
    await leases.release([lease])
    key = project_key or "AC"
    project = (await tracker(world)).projects[key]
    await world.owner.mutate("projectUpdate", {"id": project["id"], "key": "MOVED"})

    assert await run_now(world.app, leases, run.job_id, seconds=LEASE.total_seconds())

    assert set((await tracker(world)).issues) == {f"MOVED-{number}" for number in range(1, 41)}


async def test_the_project_that_was_asked_for_is_the_one_at_the_start(world: World, started: Import, leases: SqlLeases):
    run = await started(lines(issue(1)), project_key="ENG")
    await world.owner.mutate("projectUpdate", {"id": world.here.project.id, "key": "MOVED"})

    assert await run_now(world.app, leases, run.job_id, seconds=LEASE.total_seconds())

    [found] = (await tracker(world)).issues.values()
    assert found["project"] == {"id": world.here.project.id, "key": "MOVED"}


@pytest.mark.verify
async def test_the_project_that_was_asked_for_is_found_again(world: World, imported: Import):
    await imported(lines(issue(1)), project_key="KEPT")
    project = (await tracker(world)).projects["KEPT"]
    await world.owner.mutate("projectUpdate", {"id": project["id"], "key": "MOVED"})

    run = await imported(lines(issue(1), issue(2)), project_key="KEPT")
    also = await imported(lines(issue(1), issue(2), issue(3)))

    assert (run.issues_created, run.issues_unchanged, run.loss_count) == (1, 1, 0)
    assert (also.issues_created, also.issues_unchanged) == (1, 2)
    found = await tracker(world)
    assert "KEPT" not in found.projects
    assert set(found.issues) == {"MOVED-1", "MOVED-2", "MOVED-3"}


@pytest.mark.verify
async def test_another_project_does_not_take_what_is_here(world: World, imported: Import):
    await imported(lines(issue(1)))

    run = await imported(lines(issue(1), issue(2)), project_key="ENG")

    assert (run.issues_created, run.issues_unchanged) == (1, 1)
    assert await losses(world, run) == [(1, "project", "NOT_KEPT")]
    assert set((await tracker(world)).issues) == {"AC-1", "ENG-2"}


@pytest.mark.verify
async def test_two_imports_at_once_make_nothing_twice(
    world: World, started: Import, leases: SqlLeases, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "MOST_RECORDS", 2)
    content = lines(*(issue(number, comments=[comment(str(number), "x")]) for number in range(1, 9)))
    runs = [await started(content + b"\n" * each) for each in range(3)]

    await asyncio.gather(*(run_now(world.app, leases, run.job_id, seconds=LEASE.total_seconds()) for run in runs))

    done = (await world.app.read.imports.by_ids(Actor.system(), [run.id for run in runs])).values()
    assert {run.state for run in done} == {ImportState.DONE}
    assert sum(run.issues_created for run in done) == sum(run.comments_created for run in done) == 8
    assert sum(run.people_created for run in done) == sum(run.labels_created for run in done) == 2
    found = await tracker(world)
    assert set(found.issues) == {f"AC-{number}" for number in range(1, 9)}
    assert "AC2" not in found.projects


async def statements_of(imported: Import, *records: Any) -> int:
    with counted() as statements:
        await imported(lines(*records))
    return len(statements)


async def test_a_batch_takes_as_many_statements_for_many_issues_as_for_few(imported: Import):
    def records(numbers: range) -> list[dict[str, Any]]:
        return [at_site("jira.example.org", issue(number, comments=[comment(f"{number}", "x")])) for number in numbers]

    first = await statements_of(imported, *records(range(1, 4)))
    many = await statements_of(imported, *records(range(4, 44)))
    unchanged = await statements_of(imported, *records(range(1, 4)))
    many_unchanged = await statements_of(imported, *records(range(4, 43)))

    assert many <= first
    assert many_unchanged == unchanged
