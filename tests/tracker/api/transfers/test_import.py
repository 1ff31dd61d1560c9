"""Objects and events that first and repeated imports create."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from domain.projects.model import State
from domain.shared.actor import Actor, Cause, Role
from domain.shared.pages import PageRequest
from domain.transfers import stream
from domain.transfers.model import ImportFormat, ImportRun, ImportState
from tests.factories.accounts import IDS
from tests.routes import rows_without_route
from tests.tracker.api.transfers.conftest import Import
from tests.tracker.api.transfers.exports import JO, JOE, comment, issue, lines, packed
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory

QUERY = """query ($slug: String!) { workspace(slug: $slug) {
  project(key: "AC") { key name states { name category position } }
  issues(first: 100, filter: {project: {key: {eq: "AC"}}}, sort: [{number: {}}]) { totalCount nodes {
    identifier title description priority createdAt updatedAt completedAt externalSource externalKey
    state { name category } creator { name } parent { identifier } assignees { name } labels { name }
    comments(first: 100) { totalCount nodes { body author { name } createdAt } } } } } }"""


async def tracker(world: World) -> dict[str, Any]:
    data = await world.owner.run(QUERY, slug=world.here.workspace.slug)
    workspace: dict[str, Any] = data["workspace"]
    return workspace


async def issues(world: World) -> dict[str, dict[str, Any]]:
    return {node["identifier"]: node for node in (await tracker(world))["issues"]["nodes"]}


async def losses(world: World, run: ImportRun) -> set[tuple[int, str | None, str, str]]:
    [page] = await world.app.read.imports.losses_of_runs(Actor.system(), [run], PageRequest(first=100))
    return {(loss.line, loss.key, loss.field, loss.code.value) for loss in page.nodes}


async def test_an_issue_keeps_all_that_there_is_a_place_for(world: World, imported: Import):
    said = [comment("7", "First", day=12), comment("5", "Second", author=JO, day=13)]
    resolved = {
        "status": {"name": "Closed", "statusCategory": {"key": "done"}},
        "resolution": {"name": "Fixed"},
        "resolutiondate": "2013-04-12T10:00:00.000+0200",
    }
    run = await imported(lines(issue(12, comments=said, summary="Crash", **resolved)))

    assert (run.state, run.issues_created, run.comments_created, run.people_created) == (ImportState.DONE, 1, 2, 2)
    found = await tracker(world)
    assert found["project"]["name"] == "Acme"
    assert [(state["name"], state["category"]) for state in found["project"]["states"]] == [("Closed", "COMPLETED")]
    [node] = found["issues"]["nodes"]
    labels = [label["name"] for label in node.pop("labels")]
    assert "alpha" in labels
    assert node == {
        "identifier": "AC-12",
        "title": "Crash",
        "description": "Text",
        "priority": "HIGH",
        "createdAt": "2013-04-11T22:31:21Z",
        "updatedAt": "2013-04-13T22:31:21Z",
        "completedAt": "2013-04-12T08:00:00Z",
        "externalSource": "jira",
        "externalKey": "AC-12",
        "state": {"name": "Closed", "category": "COMPLETED"},
        "creator": {"name": "Jo Doe"},
        "parent": None,
        "assignees": [{"name": "Jo Doe"}],
        "comments": {
            "totalCount": 2,
            "nodes": [
                {"body": "First", "author": {"name": "Jo Doe"}, "createdAt": "2013-04-12T22:31:21Z"},
                {"body": "Second", "author": {"name": "Jo Doe"}, "createdAt": "2013-04-13T22:31:21Z"},
            ],
        },
    }


async def test_a_time_of_completion_that_the_file_does_not_give_is_not_made_up(world: World, imported: Import):
    closed = {"status": {"name": "Closed", "statusCategory": {"key": "done"}}, "resolutiondate": None}
    await imported(lines(issue(1, **closed)))

    node = (await issues(world))["AC-1"]
    assert (node["state"]["category"], node["completedAt"]) == ("COMPLETED", None)


async def test_two_people_of_one_name_stay_two(world: World, imported: Import):
    await imported(lines(issue(1, comments=[comment("1", "a"), comment("2", "b", author=JO)])))

    async with world.engine.connect() as connection:
        placeholders = (
            await connection.execute(
                text(
                    "SELECT a.name, a.email, m.role FROM account a JOIN member m ON m.user_id = a.id"
                    " WHERE a.is_placeholder"
                )
            )
        ).all()
    assert sorted(map(tuple, placeholders)) == [("Jo Doe", None, "GUEST"), ("Jo Doe", None, "GUEST")]


async def test_content_without_an_author_belongs_to_an_unknown_person(world: World, imported: Import):
    await imported(lines(issue(1, creator=None, reporter=None, comments=[comment("1", "a", author=None)])))

    node = (await issues(world))["AC-1"]
    assert node["creator"] == {"name": "Unknown (imported)"}
    assert node["comments"]["nodes"][0]["author"] == {"name": "Unknown (imported)"}


async def test_a_second_run_changes_nothing(world: World, imported: Import):
    content = lines(*(issue(number, comments=[comment(str(number), "x")]) for number in range(1, 6)))
    content += lines(issue(9, parent={"key": "AC-1"}))
    await imported(content)
    before = await world.rows()
    events = await world.events()

    run = await imported(packed(content))

    assert (run.issues_unchanged, run.comments_unchanged) == (6, 5)
    assert run.issues_created == run.issues_changed == run.comments_created == run.people_created == 0
    after = await world.rows()
    bookkeeping = {name for name in before if name.startswith("import")} | {"event", "job", "workspace_revision"}
    assert {name: rows for name, rows in after.items() if name not in bookkeeping} == {
        name: rows for name, rows in before.items() if name not in bookkeeping
    }
    *earlier, started = await world.events()
    assert (earlier, started[1:3]) == (events, ("batch.started", run.id))


async def test_only_fields_changed_in_the_file_are_changed(world: World, imported: Import):
    await imported(lines(issue(1, comments=[comment("1", "old"), comment("2", "same")]), issue(2)))
    count = len(await world.events())

    run = await imported(
        lines(
            issue(1, labels=["beta"], comments=[comment("1", "new"), comment("2", "same"), comment("3", "more")]),
            issue(2, summary="Renamed"),
        )
    )

    assert (run.issues_changed, run.comments_changed, run.comments_created, run.comments_unchanged) == (2, 1, 1, 1)
    found = await issues(world)
    assert found["AC-2"]["title"] == "Renamed"
    names = [label["name"] for label in found["AC-1"]["labels"]]
    assert "beta" in names
    assert "alpha" not in names
    assert [node["body"] for node in found["AC-1"]["comments"]["nodes"]] == ["new", "same", "more"]
    started, *kinds = [kind for _, kind, _, _ in (await world.events())[count:]]
    assert started == "batch.started"
    assert sorted(kinds) == ["comment.created", "comment.updated", "issue.updated", "issue.updated", "label.created"]


async def test_a_local_change_survives_while_the_file_says_nothing_new(world: World, imported: Import):
    content = lines(issue(1))
    await imported(content)
    found = await world.app.read.issues.by_identifier(Actor.system(), world.here.workspace, "AC-1")
    assert found is not None
    await world.owner.mutate("issueUpdate", {"id": found.id, "title": "Ours"})

    run = await imported(content + b"\n")

    assert (run.issues_unchanged, run.issues_changed) == (1, 0)
    assert (await issues(world))["AC-1"]["title"] == "Ours"


async def test_a_deleted_comment_stays_deleted(world: World, imported: Import):
    await imported(lines(issue(1, comments=[comment("1", "secret")])))
    async with world.engine.begin() as connection:
        await connection.execute(text("UPDATE comment SET body = '', deleted_at = now() WHERE external_key = '1'"))

    run = await imported(lines(issue(1, comments=[comment("1", "secret again")])))

    assert (run.comments_unchanged, run.comments_changed) == (1, 0)
    assert (await issues(world))["AC-1"]["comments"]["nodes"][0]["body"] == ""


async def test_bad_lines_do_not_stop_the_rest(world: World, imported: Import):
    bad = (b"{", b"null", b"\xff\xfe", b'{"key": "AC-3"}', b"[" * 100_000)
    run = await imported(lines(issue(1), *bad, issue(2)))

    assert (run.state, run.issues_read, run.issues_created) == (ImportState.DONE, 7, 2)
    assert set(await issues(world)) == {"AC-1", "AC-2"}
    whole = {(line, field) for line, _, field, _ in await losses(world, run) if field == "issue"}
    assert whole == {(line, "issue") for line in range(2, 7)}


async def test_characters_that_cannot_be_stored_are_replaced_and_reported(world: World, imported: Import):
    run = await imported(lines(issue(1, summary="a\0b", description="c\ud800d", comments=[comment("1", "e\0f\udfff")])))

    node = (await issues(world))["AC-1"]
    assert (node["title"], node["description"]) == ("a\ufffdb", "c\ufffdd")
    assert node["comments"]["nodes"][0]["body"] == "e\ufffdf\ufffd"
    replaced = {(field, code) for _, _, field, code in await losses(world, run)} & {
        ("summary", "REPLACED"),
        ("description", "REPLACED"),
        ("comments.body", "REPLACED"),
    }
    assert len(replaced) == 3


async def test_parents_come_before_after_or_never_and_rings_are_refused(world: World, imported: Import):
    run = await imported(
        lines(
            issue(1, parent={"key": "AC-2"}),
            issue(2),
            issue(3, parent={"key": "AC-2"}),
            issue(4, parent={"key": "AC-99"}),
            issue(5, parent={"key": "AC-6"}),
            issue(6, parent={"key": "AC-5"}),
            issue(7, parent={"key": "AC-7"}),
        )
    )

    parents = {key: node["parent"] and node["parent"]["identifier"] for key, node in (await issues(world)).items()}
    assert parents == {
        "AC-1": "AC-2",
        "AC-2": None,
        "AC-3": "AC-2",
        "AC-4": None,
        "AC-5": "AC-6",
        "AC-6": None,
        "AC-7": None,
    }
    found = {loss for loss in await losses(world, run) if loss[2] == "parent"}
    assert found == {
        (4, "AC-4", "parent", "MISSING"),
        (6, "AC-6", "parent", "NOT_KEPT"),
        (7, "AC-7", "parent", "NOT_KEPT"),
    }


async def test_a_key_that_comes_twice_is_kept_once(world: World, imported: Import, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stream, "MOST_RECORDS", 2)
    run = await imported(
        lines(issue(1), issue(1, summary="Same batch"), issue(2), issue(3), issue(1, summary="Later batch"))
    )

    found = await issues(world)
    assert found["AC-1"]["title"] == "Issue 1"
    assert len(found) == 3
    twice = {line for line, _, _, code in await losses(world, run) if code == "DUPLICATE"}
    assert twice == {2, 5}
    assert (await imported(lines(issue(1)))).issues_unchanged == 1


async def test_numbers_have_gaps_and_the_next_one_collides_with_none(world: World, imported: Import):
    await imported(lines(issue(3), issue(40)))

    found = await world.app.read.projects.by_key(Actor.system(), world.here.workspace, "AC")
    assert found is not None
    payload = await world.owner.mutate("issueCreate", {"projectId": found.id, "title": "New"}, "issue { identifier }")
    assert payload["issue"] == {"identifier": "AC-41"}


async def test_a_number_that_is_taken_is_replaced_by_a_later_one(world: World, imported: Import):
    project = ProjectFactory(workspace=world.here.workspace, key="AC")
    taken = IssueFactory(project=project, state=world.here.todo, number=2, creator_id=world.here.issue.creator_id)
    state = replace(
        world.here.todo, id=IDS.new_in(world.here.workspace.id, State.prefix), project_id=project.id, name="Open"
    )
    await world.store(project, state, replace(taken, state_id=state.id))

    run = await imported(lines(issue(1), issue(2), issue(3)), project_key="AC")

    found = await issues(world)
    assert {key: node["externalKey"] for key, node in found.items()} == {
        "AC-1": "AC-1",
        "AC-2": None,
        "AC-3": "AC-3",
        "AC-4": "AC-2",
    }
    assert (2, "AC-2", "number", "NOT_KEPT") in await losses(world, run)
    again = await imported(lines(issue(1), issue(2), issue(3), b""), project_key="AC")
    assert (again.issues_unchanged, again.issues_created) == (3, 0)


async def test_states_are_put_in_the_order_of_their_categories(world: World, imported: Import):
    closed = {"name": "Closed", "statusCategory": {"key": "done"}}
    doing = {"name": "Doing", "statusCategory": {"key": "indeterminate"}}
    await imported(lines(issue(1, status=closed, resolution={"name": "Fixed"}), issue(2)))
    await imported(lines(issue(3, status=doing)))

    states = (await tracker(world))["project"]["states"]
    assert [(state["name"], state["position"]) for state in states] == [("Open", 0), ("Doing", 1), ("Closed", 2)]


async def test_a_member_with_the_same_address_is_that_person(world: World, imported: Import):
    member = world.here.people[Role.GUEST]
    known = {"name": "x", "key": "x", "displayName": "X", "active": True, "emailAddress": member.email.upper()}
    await imported(lines(issue(1, assignee=known)))

    assert (await issues(world))["AC-1"]["assignees"] == [{"name": member.name}]


async def test_markup_is_converted_and_its_source_kept(world: World, imported: Import):
    await imported(lines(issue(1, description="h1. Title\n\n*bold*", comments=[comment("1", "{{code}}")])))

    node = (await issues(world))["AC-1"]
    assert node["description"].splitlines()[0] == "# Title"
    async with world.engine.connect() as connection:
        sources = await connection.scalars(
            text("SELECT source FROM imported_issue UNION ALL SELECT source FROM imported_comment")
        )
    assert sorted(sources) == ["h1. Title\n\n*bold*", "{{code}}"]


async def test_events_tell_of_an_import_and_start_nothing(world: World, imported: Import):
    await imported(lines(issue(1, comments=[comment("1", "a")])))

    async with world.engine.connect() as connection:
        causes = set(await connection.execute(text("SELECT cause, actor_id FROM event WHERE type <> 'batch.started'")))
        jobs = set(await connection.scalars(text("SELECT kind FROM job")))
    owner_id = world.owner.actor.user_id
    assert {tuple(cause) for cause in causes} == {(Cause.IMPORT.value, owner_id)}
    assert jobs == {"transfers.run_import"}
    revisions = [revision for revision, _, _, _ in await world.events()]
    assert revisions == list(range(1, len(revisions) + 1))


async def test_an_archived_project_ends_the_import(world: World, imported: Import):
    await world.store(ProjectFactory(workspace=world.here.workspace, key="AC", archived_at=datetime.now(UTC)))

    run = await imported(lines(issue(1)), project_key="AC")

    assert run.state is ImportState.FAILED
    assert run.failure is not None
    assert "AC is archived" in run.failure
    assert await issues(world) == {}
    assert [kind for _, kind, _, _ in await world.events()] == ["batch.started"]


async def test_everything_can_go_into_one_project(world: World, imported: Import):
    await imported(lines(issue(5)), project_key="ENG")

    data = await world.owner.run(
        'query ($slug: String!) { workspace(slug: $slug) { issue(identifier: "ENG-5") { title } } }',
        slug=world.here.workspace.slug,
    )
    assert data["workspace"]["issue"] == {"title": "Issue 5"}


async def test_a_gzip_that_breaks_off_keeps_what_came_before(world: World, imported: Import):
    content = packed(lines(*(issue(number, description=f"{number} " * 3000) for number in range(1, 20))))
    run = await imported(content[: len(content) - 400])

    assert run.state is ImportState.DONE
    assert 0 < run.issues_created < 19
    assert ("file", "INCOMPLETE") in {(field, code) for _, _, field, code in await losses(world, run)}


async def test_github_archives_come_in_on_the_same_way(world: World, imported: Import):
    archive = (
        b'{"magic": "E!vIA5L86J2I", "timestamp": "2024-01-01T00:00:00+00:00", "repo": "acme/tool",\n'
        b'"labels": [{"name": "bug", "description": "Broken", "color": "ff0000"}],\n'
        b'"issues": [{"number": 3, "id": "x", "title": "Hi", "url": "https://github.com/acme/tool/issues/3",'
        b'"state": "OPEN", "author": "ann", "assignees": [], "labels": ["bug"], "body": "Text",'
        b'"createdAt": "2020-01-01T00:00:00Z", "updatedAt": "2020-01-02T00:00:00Z", "closedAt": null,'
        b'"comments": [{"author": "bob", "body": "Yes", "createdAt": "2020-01-02T00:00:00Z",'
        b'"updatedAt": "2020-01-02T00:00:00Z"}]}], "pulls": []}'
    )
    run = await imported(archive, format=ImportFormat.GITHUB, project_key="AC")

    assert (run.state, run.issues_created, run.comments_created) == (ImportState.DONE, 1, 1)
    assert await rows_without_route(world.engine) == {}
    node = (await issues(world))["AC-3"]
    assert (node["title"], node["externalSource"]) == ("Hi", "github")
    assert [each["author"]["name"] for each in node["comments"]["nodes"]] == ["bob"]
    assert (await imported(archive, format=ImportFormat.GITHUB, project_key="AC")).issues_unchanged == 1


def test_the_two_people_have_one_name() -> None:
    assert JOE["displayName"] == JO["displayName"]
    assert JOE["key"] != JO["key"]
