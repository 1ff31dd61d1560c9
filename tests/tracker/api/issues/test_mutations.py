from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.issues.priorities import Priority
from domain.shared.actor import Cause, Role
from infra.audit.tables import EventRow
from tests.factories.accounts import IDS, UserFactory
from tests.factories.moments import MADE
from tests.factories.workspaces import MemberFactory
from tests.refusals import (
    Cases,
    assert_refused,
    bad_ids,
    bad_lines,
    bad_texts,
    conflict,
    invalid,
    limit,
    missing,
)
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory
from tests.tracker.factories.storing import link

WHOLE = """issue { identifier number title description priority dueDate estimate externalKey completedAt archivedAt
  trashedAt state { id } project { key } creator { name } parent { identifier } assignees { name } labels { name } }"""
LINKS = "issue { assignees { id } labels { id } }"


def bad_estimates() -> Cases:
    return {
        f"estimate {number}": ({"estimate": number}, invalid("estimate", "OUT_OF_RANGE")) for number in (-1, 10_001)
    }


def issue_here(world: World, **fields: object) -> Issue:
    place = world.here
    return IssueFactory(project=place.project, state=place.todo, creator_id=place.issue.creator_id, **fields)


async def links_of(world: World) -> tuple[set[str], set[str]]:
    data = await world.member.run(
        "query ($id: ID!) { node(id: $id) { ... on Issue { assignees { id } labels { id } } } }", id=world.here.issue.id
    )
    return tuple({item["id"] for item in data["node"][name]} for name in ("assignees", "labels"))


async def test_a_title_and_a_project_are_enough(world: World):
    payload = await world.member.mutate("issueCreate", {"projectId": world.here.project.id, "title": " Broken "}, WHOLE)
    assert payload == {
        "issue": {
            "identifier": "ENG-2",
            "number": 2,
            "title": "Broken",
            "description": "",
            "priority": "NONE",
            "dueDate": None,
            "estimate": None,
            "externalKey": None,
            "completedAt": None,
            "archivedAt": None,
            "trashedAt": None,
            "state": {"id": world.here.todo.id},
            "project": {"key": "ENG"},
            "creator": {"name": "Member"},
            "parent": None,
            "assignees": [],
            "labels": [],
        },
        "revision": 1,
        "errors": [],
    }


async def test_the_change_log_records_actor_fields_project_and_time(world: World):
    place = world.here
    moments = []
    for mutation in ("issueArchive", "issueRestore"):
        await world.client(Role.ADMIN).mutate(mutation, {"id": place.issue.id})
        moments.append((await world.stored(Issue, place.issue.id)).updated_at)
    columns = (EventRow.workspace_id, EventRow.area_id, EventRow.actor_id, EventRow.cause, EventRow.occurred_at)
    async with world.engine.connect() as connection:
        logged = [tuple(row) for row in await connection.execute(select(*columns).order_by(EventRow.revision))]
    where = (place.workspace.id, place.project.id, place.people[Role.ADMIN].id, Cause.USER)
    assert [row[:4] for row in logged] == [where, where]
    assert moments[0] <= logged[0][4] <= moments[1] <= logged[1][4]


async def test_an_issue_with_everything(world: World):
    place = world.here
    owner, guest = place.people[Role.OWNER], place.people[Role.GUEST]
    description = "x" * 5000
    asked = {
        "projectId": place.project.id,
        "title": "Broken",
        "description": description,
        "stateId": place.done.id,
        "priority": "URGENT",
        "dueDate": "2026-02-28",
        "estimate": 10_000,
        "parentId": place.issue.id,
        "assigneeIds": [owner.id, guest.id, owner.id],
        "labelIds": [place.label.id, place.label.id],
    }
    payload = await world.member.mutate("issueCreate", asked, WHOLE + " made: issue { id }")
    issue_id = payload.pop("made")["id"]
    stored = await world.stored(Issue, issue_id)
    assert payload["issue"] == {
        "identifier": "ENG-2",
        "number": 2,
        "title": "Broken",
        "description": description,
        "priority": "URGENT",
        "dueDate": "2026-02-28",
        "estimate": 10_000,
        "externalKey": None,
        "completedAt": stored.completed_at.isoformat().replace("+00:00", "Z"),
        "archivedAt": None,
        "trashedAt": None,
        "state": {"id": place.done.id},
        "project": {"key": "ENG"},
        "creator": {"name": "Member"},
        "parent": {"identifier": "ENG-1"},
        "assignees": [{"name": "Guest"}, {"name": "Owner"}],
        "labels": [{"name": "bug"}],
    }
    assert (stored.completed_at, stored.due_date, stored.priority) == (
        stored.created_at,
        date(2026, 2, 28),
        Priority.URGENT,
    )
    changes = {
        "number": [None, 2],
        "creator_id": [None, place.people[Role.MEMBER].id],
        "completed_at": [None, stored.completed_at.isoformat()],
        "title": [None, "Broken"],
        "description": [None, None],
        "state_id": [None, place.done.id],
        "priority": [None, "URGENT"],
        "parent_id": [None, place.issue.id],
        "due_date": [None, "2026-02-28"],
        "estimate": [None, 10_000],
        "assignees": [[], sorted([owner.id, guest.id])],
        "labels": [[], [place.label.id]],
    }
    assert await world.events() == [(1, "issue.created", issue_id, changes)]


def bad_issue_fields(world: World, foreign_state: str) -> Cases:
    theirs = world.elsewhere
    return {
        **bad_lines("title", longest=255),
        **bad_texts("description"),
        **bad_estimates(),
        **bad_ids("stateId", "sta", foreign=theirs.todo.id),
        **bad_ids("parentId", "iss", foreign=theirs.issue.id),
        "state of another project": ({"stateId": foreign_state}, invalid("stateId")),
    }


async def test_bad_issues_are_refused(world: World):
    place, theirs = world.here, world.elsewhere
    other = ProjectFactory(workspace=place.workspace)
    state = StateFactory(project=other)
    await world.store(other, state)
    cases = {
        **bad_ids("projectId", "prj", foreign=theirs.project.id),
        **bad_issue_fields(world, state.id),
        **bad_ids("assigneeIds", "usr", foreign=theirs.people[Role.OWNER].id, listed=True),
        **bad_ids("labelIds", "lab", foreign=theirs.label.id, listed=True),
        "21 assignees": ({"assigneeIds": [IDS.new("usr") for _ in range(21)]}, limit("assigneeIds")),
        "51 labels": ({"labelIds": [IDS.new("lab") for _ in range(51)]}, limit("labelIds")),
        "two at once": (
            {"title": "", "estimate": -1},
            [*invalid("title", "REQUIRED"), *invalid("estimate", "OUT_OF_RANGE")],
        ),
    }
    await assert_refused(world, world.member, "issueCreate", {"projectId": place.project.id, "title": "New"}, cases)
    created = await world.member.mutate(
        "issueCreate", {"projectId": place.project.id, "title": "New"}, "issue { number }"
    )
    assert created["issue"] == {"number": 2}, "a refused creation uses up no number"


async def test_values_that_graphql_itself_refuses(world: World):
    before = await world.rows()
    good = {"projectId": world.here.project.id, "title": "New"}
    wrong = (
        {"estimate": 2**31},
        {"estimate": 1.5},
        {"estimate": "1"},
        {"dueDate": "2026-02-30"},
        {"dueDate": "tomorrow"},
        {"dueDate": "10000-01-01"},
        {"dueDate": 1},
        {"priority": "HUGE"},
        {"title": None},
        {"title": 1},
        {"unknown": 1},
        {"labelIds": [None]},
    )
    query = "mutation ($input: IssueCreateInput!) { issueCreate(input: $input) { revision } }"
    for change in wrong:
        assert await world.member.failed(query, input=good | change) == [("INVALID_INPUT", "")], change
    assert await world.rows() == before


async def test_a_guest_is_assigned_only_where_they_see_the_project(world: World):
    place = world.here
    other = ProjectFactory(workspace=place.workspace)
    state = StateFactory(project=other)
    hidden = IssueFactory(project=other, state=state, number=1, creator_id=place.people[Role.OWNER].id)
    await world.store(other, state, hidden)
    guest, admin = place.people[Role.GUEST].id, place.people[Role.ADMIN].id
    cases = {"guest": ({"assignees": {"add": [admin, guest]}}, missing("assignees"))}
    await assert_refused(world, world.member, "issueUpdate", {"id": hidden.id}, cases)
    cases = {"guest": ({"assigneeIds": [guest]}, missing("assigneeIds"))}
    await assert_refused(world, world.member, "issueCreate", {"projectId": other.id, "title": "New"}, cases)

    joining = ProjectMemberFactory(project=other, member=place.members[Role.GUEST])
    await world.store(joining)
    asked = {"id": hidden.id, "assignees": {"add": [admin, guest]}}
    assert (await world.member.mutate("issueUpdate", asked))["errors"] == []
    await world.member.mutate("projectMemberRemove", {"id": joining.id})
    # What somebody was assigned stays, and other people can still be added.
    asked = {"id": hidden.id, "assignees": {"set": [guest, place.people[Role.OWNER].id]}}
    assert (await world.member.mutate("issueUpdate", asked))["errors"] == []


async def test_updating_every_field(world: World):
    place = world.here
    guest = place.people[Role.GUEST]
    parent = issue_here(world, number=2)
    await world.store(parent)
    asked = {
        "id": place.issue.id,
        "title": "New",
        "description": "Text",
        "stateId": place.done.id,
        "priority": "HIGH",
        "dueDate": "2026-03-01",
        "estimate": 0,
        "parentId": parent.id,
        "assignees": {"set": [guest.id]},
        "labels": {"add": [place.label.id]},
    }
    payload = await world.member.mutate("issueUpdate", asked, LINKS)
    assert payload == {
        "issue": {"assignees": [{"id": guest.id}], "labels": [{"id": place.label.id}]},
        "revision": 1,
        "errors": [],
    }
    stored = await world.stored(Issue, place.issue.id)
    assert stored == replace(
        place.issue,
        title="New",
        description="Text",
        state_id=place.done.id,
        priority=Priority.HIGH,
        due_date=date(2026, 3, 1),
        estimate=0,
        parent_id=parent.id,
        completed_at=stored.completed_at,
        updated_at=stored.updated_at,
    )
    assert place.issue.updated_at < stored.completed_at <= stored.updated_at
    changes = {
        "title": [place.issue.title, "New"],
        "description": ["", "Text"],
        "state_id": [place.todo.id, place.done.id],
        "priority": ["NONE", "HIGH"],
        "parent_id": [None, parent.id],
        "due_date": [None, "2026-03-01"],
        "estimate": [None, 0],
        "assignees": [[], [guest.id]],
        "labels": [[], [place.label.id]],
        "completed_at": [None, stored.completed_at.isoformat()],
    }
    assert await world.events() == [(1, "issue.updated", place.issue.id, changes)]


async def test_bad_changes_of_an_issue_are_refused(world: World):
    place, theirs = world.here, world.elsewhere
    other = ProjectFactory(workspace=place.workspace)
    state = StateFactory(project=other)
    await world.store(other, state)
    nobody = IDS.new("usr")
    cases = {
        **bad_ids("id", "iss", foreign=theirs.issue.id),
        **bad_issue_fields(world, state.id),
        "assignee of another kind": ({"assignees": {"add": [place.label.id]}}, invalid("assignees", "INVALID_ID")),
        "assignee NUL": ({"assignees": {"set": ["\0"]}}, invalid("assignees", "INVALID_ID")),
        "assignee of nothing": ({"assignees": {"add": [nobody]}}, missing("assignees")),
        "assignee from elsewhere": ({"assignees": {"add": [theirs.issue.creator_id]}}, missing("assignees")),
        "label of another kind": ({"labels": {"add": [nobody]}}, invalid("labels", "INVALID_ID")),
        "label surrogate": ({"labels": {"set": ["\ud800"]}}, invalid("labels", "INVALID_ID")),
        "label of nothing": ({"labels": {"add": [IDS.new("lab")]}}, missing("labels")),
        "label from elsewhere": ({"labels": {"set": [theirs.label.id]}}, missing("labels")),
        "assignees set and add": ({"assignees": {"set": [], "add": [place.issue.creator_id]}}, invalid("assignees")),
        "assignees set and remove": ({"assignees": {"set": [], "remove": [nobody]}}, invalid("assignees")),
        "labels set and add": ({"labels": {"set": [], "add": [place.label.id]}}, invalid("labels")),
        "21 assignees": ({"assignees": {"add": [IDS.new("usr") for _ in range(21)]}}, limit("assignees")),
        "51 labels": ({"labels": {"set": [IDS.new("lab") for _ in range(51)]}}, limit("labels")),
        "good with bad": ({"title": "Good", "stateId": state.id}, invalid("stateId")),
        "good links with bad": (
            {"assignees": {"add": [place.issue.creator_id]}, "labels": {"add": [theirs.label.id]}},
            missing("labels"),
        ),
        "under itself": ({"parentId": place.issue.id}, conflict("parentId", "PARENT_CYCLE")),
    }
    await assert_refused(world, world.member, "issueUpdate", {"id": place.issue.id}, cases)


async def test_an_update_that_says_what_is_so_already_changes_nothing(world: World):
    place = world.here
    await link(world.engine, place.issue, assignees=[place.people[Role.GUEST]], labels=[place.label])
    before = await world.rows()
    same = {
        "title": f"  {place.issue.title}\t",
        "description": place.issue.description,
        "stateId": place.todo.id,
        "priority": "NONE",
        "dueDate": None,
        "estimate": None,
        "parentId": None,
        "assignees": {"add": [place.people[Role.GUEST].id], "remove": [IDS.new("usr")]},
        "labels": {"set": [place.label.id, place.label.id]},
    }
    for asked in ({}, same, {"assignees": {}, "labels": {}}, {"labels": {"add": [], "remove": []}}):
        payload = await world.member.mutate("issueUpdate", {"id": place.issue.id, **asked}, "issue { title }")
        assert payload == {"issue": {"title": place.issue.title}, "revision": None, "errors": []}
    assert await world.rows() == before


async def test_collections_change_by_set_or_by_add_and_remove(world: World):
    place = world.here
    owner, admin, guest = (place.people[role].id for role in (Role.OWNER, Role.ADMIN, Role.GUEST))
    second = LabelFactory(workspace=place.workspace, name="second")
    await world.store(second)
    steps = [
        ({"assignees": {"set": [owner, guest]}, "labels": {"add": [place.label.id]}}, {owner, guest}, {place.label.id}),
        ({"assignees": {"add": [admin], "remove": [owner]}}, {admin, guest}, {place.label.id}),
        (
            {"assignees": {"add": [admin]}, "labels": {"add": [second.id]}},
            {admin, guest},
            {place.label.id, second.id},
        ),
        ({"assignees": {"set": [guest]}, "labels": {"remove": [place.label.id]}}, {guest}, {second.id}),
        (
            {"assignees": {"set": []}, "labels": {"add": [place.label.id], "set": None}},
            set(),
            {place.label.id, second.id},
        ),
        ({"labels": {"set": []}}, set(), set()),
        ({"labels": {"add": [second.id], "remove": [second.id]}}, set(), set()),
    ]
    for change, assignees, labels in steps:
        payload = await world.member.mutate("issueUpdate", {"id": place.issue.id, **change})
        assert payload["errors"] == [], change
        assert await links_of(world) == (assignees, labels), change
    events = await world.events()
    assert [changes for *_, changes in events][:2] == [
        {"assignees": [[], sorted([owner, guest])], "labels": [[], [place.label.id]]},
        {"assignees": [sorted([owner, guest]), sorted([admin, guest])]},
    ]
    assert [revision for revision, *_ in events] == [1, 2, 3, 4, 5, 6], "the last step changes nothing"


async def test_exactly_20_assignees_and_50_labels_are_possible(world: World):
    place = world.here
    people = UserFactory.build_batch(21)
    members = [MemberFactory(workspace=place.workspace, user_id=person.id) for person in people]
    labels = LabelFactory.build_batch(51, workspace=place.workspace)
    await world.store(*people, *members, *labels)
    most = {
        "assignees": {"set": [person.id for person in people[:20]]},
        "labels": {"set": [label.id for label in labels[:50]]},
    }
    payload = await world.member.mutate("issueUpdate", {"id": place.issue.id, **most}, LINKS)
    assert (len(payload["issue"]["assignees"]), len(payload["issue"]["labels"])) == (20, 50)
    cases = {
        "21st": ({"assignees": {"add": [people[20].id]}}, limit("assignees")),
        "51st": ({"labels": {"add": [labels[50].id]}}, limit("labels")),
    }
    await assert_refused(world, world.member, "issueUpdate", {"id": place.issue.id}, cases)
    swapped = {
        "assignees": {"add": [people[20].id], "remove": [people[0].id]},
        "labels": {"add": [labels[50].id], "remove": [labels[0].id]},
    }
    payload = await world.member.mutate("issueUpdate", {"id": place.issue.id, **swapped}, LINKS)
    assert (payload["errors"], len(payload["issue"]["assignees"]), len(payload["issue"]["labels"])) == ([], 20, 50)


async def test_completion_lasts_from_entering_a_closed_state_until_leaving(world: World):
    place = world.here
    canceled = StateFactory(project=place.project, category="CANCELED", position=2)
    await world.store(canceled)

    async def move(state_id: str) -> Issue:
        await world.member.mutate("issueUpdate", {"id": place.issue.id, "stateId": state_id})
        return await world.stored(Issue, place.issue.id)

    completed = (await move(place.done.id)).completed_at
    assert completed is not None
    assert (await move(canceled.id)).completed_at == completed
    assert (await move(place.todo.id)).completed_at is None


async def test_a_former_member_stays_assigned_but_cannot_be_assigned_again(world: World):
    place = world.here
    guest = place.people[Role.GUEST]
    await link(world.engine, place.issue, assignees=[guest])
    await world.owner.mutate("memberRemove", {"id": place.members[Role.GUEST].id})
    owner_id = place.people[Role.OWNER].id
    payload = await world.member.mutate(
        "issueUpdate", {"id": place.issue.id, "assignees": {"set": [guest.id, owner_id]}}, LINKS
    )
    assert {person["id"] for person in payload["issue"]["assignees"]} == {guest.id, owner_id}
    asked = {"projectId": place.project.id, "title": "x", "assigneeIds": [guest.id]}
    assert await world.member.refused("issueCreate", asked) == missing("assigneeIds")


@pytest.mark.parametrize(
    ("mutation", "field", "event"),
    [("issueArchive", "archived_at", "issue.archived"), ("issueDelete", "trashed_at", "issue.trashed")],
)
async def test_archive_trash_and_restore(world: World, mutation: str, field: str, event: str):
    issue = world.here.issue
    payload = await world.member.mutate(mutation, {"id": issue.id}, "issue { id archivedAt trashedAt }")
    assert (payload["revision"], payload["errors"]) == (1, [])
    away = await world.stored(Issue, issue.id)
    moment = getattr(away, field)
    assert away == replace(issue, updated_at=moment, **{field: moment})
    key = {"archived_at": "archivedAt", "trashed_at": "trashedAt"}[field]
    assert payload["issue"][key] == moment.isoformat().replace("+00:00", "Z")
    again = await world.member.mutate(mutation, {"id": issue.id}, "issue { archivedAt trashedAt }")
    assert again == {
        "issue": {name: payload["issue"][name] for name in ("archivedAt", "trashedAt")},
        "revision": None,
        "errors": [],
    }
    payload = await world.member.mutate("issueRestore", {"id": issue.id}, "issue { archivedAt trashedAt }")
    assert payload == {"issue": {"archivedAt": None, "trashedAt": None}, "revision": 2, "errors": []}
    back = await world.stored(Issue, issue.id)
    assert back == replace(issue, updated_at=back.updated_at)
    again = await world.member.mutate("issueRestore", {"id": issue.id})
    assert again == {"revision": None, "errors": []}
    assert await world.events() == [
        (1, event, issue.id, {field: [None, moment.isoformat()]}),
        (2, "issue.restored", issue.id, {field: [moment.isoformat(), None]}),
    ]


async def test_bad_ids_of_issues_are_refused(world: World):
    cases = bad_ids("id", "iss", foreign=world.elsewhere.issue.id)
    for mutation in ("issueArchive", "issueRestore", "issueDelete", "issuePurge"):
        await assert_refused(world, world.owner, mutation, {}, cases)


async def test_purging_deletes_the_issue_its_comments_and_its_links_for_ever(world: World):
    place = world.here
    issue = place.issue
    await link(world.engine, issue, assignees=[place.people[Role.GUEST]], labels=[place.label])
    await world.owner.mutate("issueDelete", {"id": issue.id})
    trashed = await world.stored(Issue, issue.id)
    payload = await world.owner.mutate("issuePurge", {"id": issue.id}, "deletedIssueId")
    assert payload == {"deletedIssueId": issue.id, "revision": 2, "errors": []}
    assert await world.stored(Issue, issue.id) is None
    assert await world.stored(Comment, place.comment.id) is None
    rows = await world.rows()
    assert (rows["issue_assignee"], rows["issue_label"]) == ([], [])
    gone = {
        "number": [1, None],
        "creator_id": [issue.creator_id, None],
        "state_id": [place.todo.id, None],
        "milestone_id": [place.milestone.id, None],
        "priority": ["NONE", None],
        "trashed_at": [trashed.trashed_at.isoformat(), None],
    }
    assert (await world.events())[1] == (2, "issue.purged", issue.id, gone)
    created = await world.member.mutate(
        "issueCreate", {"projectId": place.project.id, "title": "x"}, "issue { number }"
    )
    assert created["issue"] == {"number": 2}, "the number is not used again"


async def test_an_issue_that_is_not_trashed_or_has_others_under_it_is_not_purged(world: World):
    parent = issue_here(world, number=2, trashed_at=MADE)
    child = issue_here(world, number=3, parent_id=parent.id, trashed_at=MADE)
    await world.store(parent, child)
    cases = {
        "not trashed": ({"id": world.here.issue.id}, conflict("id")),
        "children": ({"id": parent.id}, conflict("id", "IN_USE")),
    }
    await assert_refused(world, world.owner, "issuePurge", {}, cases)


async def test_no_issue_gets_under_itself_by_any_way(world: World):
    top, middle = issue_here(world, number=2), issue_here(world, number=3)
    middle = replace(middle, parent_id=top.id)
    bottom = issue_here(world, number=4, parent_id=middle.id)
    await world.store(top)
    await world.store(middle)
    await world.store(bottom)
    cycle = conflict("parentId", "PARENT_CYCLE")
    cases = {
        "itself": ({"parentId": top.id}, cycle),
        "its child": ({"parentId": middle.id}, cycle),
        "its grandchild": ({"parentId": bottom.id}, cycle),
    }
    await assert_refused(world, world.member, "issueUpdate", {"id": top.id}, cases)
    payload = await world.member.mutate(
        "issueUpdate", {"id": bottom.id, "parentId": top.id}, "issue { parent { id children { nodes { number } } } }"
    )
    assert payload["issue"] == {"parent": {"id": top.id, "children": {"nodes": [{"number": 4}, {"number": 3}]}}}


async def test_a_start_date_is_set_changed_cleared_and_comes_before_the_due_date(world: World):
    dates = "issue { id startDate dueDate }"
    draft = {"projectId": world.here.project.id, "title": "Planned", "startDate": "2026-02-01", "dueDate": "2026-02-01"}
    created = (await world.member.mutate("issueCreate", draft, dates))["issue"]
    assert (created["startDate"], created["dueDate"]) == ("2026-02-01", "2026-02-01")
    late = {"id": created["id"], "startDate": "2026-02-02"}
    assert await world.member.refused("issueUpdate", late) == [("ValidationError", "OUT_OF_RANGE", "input.startDate")]
    cleared = await world.member.mutate("issueUpdate", {"id": created["id"], "startDate": None}, dates)
    assert cleared["issue"] == {"id": created["id"], "startDate": None, "dueDate": "2026-02-01"}
    *_, (revision, kind, subject, changes) = await world.events()
    assert (revision, kind, subject) == (cleared["revision"], "issue.updated", created["id"])
    assert changes == {"start_date": ["2026-02-01", None]}
    found = "{ workspace(slug: $slug) { issues(filter: {startDate: {isNull: false}}) { totalCount } } }"
    data = await world.member.run("query ($slug: String!) " + found, slug=world.here.workspace.slug)
    assert data["workspace"]["issues"]["totalCount"] == 0
