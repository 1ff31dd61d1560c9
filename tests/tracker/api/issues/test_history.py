"""The history of issues, through real mutations."""

from dataclasses import replace
from typing import Any

from domain.audit.queries import HistoryQuery
from domain.issues.model import Issue
from domain.shared.actor import Role
from domain.shared.pages import PageRequest
from tests.client import Client
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory

CHANGES = """__typename
  ... on IssueCreation { title description state { id name } priority estimate startDate dueDate project { id name }
    assignees { name } labels { id name } milestone { name } parent { name } externalSource externalKey }
  ... on TitleChange { before: from after: to }
  ... on DescriptionChange { before: from after: to }
  ... on StateChange { from { id name state { name } } to { id name state { name } } }
  ... on PriorityChange { priorityBefore: from priorityAfter: to }
  ... on EstimateChange { estimateBefore: from estimateAfter: to }
  ... on DateChange { field dateBefore: from dateAfter: to }
  ... on AssigneesChange { added { name } removed { name } }
  ... on LabelsChange { addedLabels: added { id name label { name } } removedLabels: removed { id name } }
  ... on MilestoneChange { milestoneBefore: from { id name milestone { id } } milestoneAfter: to { id name } }
  ... on ParentChange { parentBefore: from { id name issue { id } } parentAfter: to { id name issue { id } } }
  ... on ProjectChange { projectBefore: from { id name } projectAfter: to { id name project { key } } }
  ... on ArchiveChange { isArchived }
  ... on TrashChange { isTrashed }
  ... on CommentChange { action commentId comment { body } bodyBefore: from bodyAfter: to }"""
HISTORY = f"""query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $kinds: [IssueChangeKind!]) {{
  node(id: $id) {{ ... on Issue {{ history(first: $first, after: $after, last: $last, before: $before, kinds: $kinds) {{
    totalCount totalCountIsExact pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
    nodes {{ revision changeSet occurredAt actor {{ name }} cause changes {{ {CHANGES} }} }} }} }} }} }}"""
OF_COMMENT = """query ($id: ID!, $last: Int) { node(id: $id) { ... on Comment { history(last: $last) {
  totalCount nodes { revision actor { name } cause changes { action commentId from to } } } } } }"""


async def history(client: Client, issue_id: str, **arguments: Any) -> Any:
    node = (await client.run(HISTORY, id=issue_id, **arguments))["node"]
    return None if node is None else node["history"]


async def changes(client: Client, issue_id: str, **arguments: Any) -> list[list[dict[str, Any]]]:
    return [entry["changes"] for entry in (await history(client, issue_id, **arguments))["nodes"]]


async def created(world: World, **fields: Any) -> str:
    project_id = world.here.project.id
    payload = await world.member.mutate("issueCreate", {"projectId": project_id, "title": "A"} | fields, "issue { id }")
    return payload["issue"]["id"]


async def changed(world: World, issue_id: str, **fields: Any) -> list[dict[str, Any]]:
    """The changes of the entry that an update adds."""
    payload = await world.member.mutate("issueUpdate", {"id": issue_id, **fields})
    assert payload["errors"] == []
    [entry] = (await history(world.member, issue_id, last=1))["nodes"]
    assert (entry["revision"], entry["changeSet"]) == (payload["revision"], payload["revision"])
    assert (entry["actor"], entry["cause"]) == ({"name": "Member"}, "USER")
    return entry["changes"]


async def test_a_creation_shows_the_values_that_the_issue_began_with(world: World):
    place = world.here
    bare = await created(world)
    [[creation]] = await changes(world.member, bare)
    assert creation == {
        "__typename": "IssueCreation",
        "title": "A",
        "description": "",
        "state": {"id": place.todo.id, "name": "Todo"},
        "priority": "NONE",
        "estimate": None,
        "startDate": None,
        "dueDate": None,
        "project": {"id": place.project.id, "name": place.project.name},
        "assignees": [],
        "labels": [],
        "milestone": None,
        "parent": None,
        "externalSource": None,
        "externalKey": None,
    }
    rich = await created(
        world,
        description="Long.",
        priority="HIGH",
        estimate=3,
        startDate="2026-01-02",
        dueDate="2026-02-03",
        assigneeIds=[place.people[Role.MEMBER].id],
        labelIds=[place.label.id],
        milestoneId=place.milestone.id,
        parentId=place.issue.id,
        stateId=place.done.id,
    )
    [[creation]] = await changes(world.member, rich)
    assert creation == {
        "__typename": "IssueCreation",
        "title": "A",
        "description": "Long.",
        "state": {"id": place.done.id, "name": "Done"},
        "priority": "HIGH",
        "estimate": 3,
        "startDate": "2026-01-02",
        "dueDate": "2026-02-03",
        "project": {"id": place.project.id, "name": place.project.name},
        "assignees": [{"name": "Member"}],
        "labels": [{"id": place.label.id, "name": "bug"}],
        "milestone": {"name": "First"},
        "parent": {"name": place.issue.title},
        "externalSource": None,
        "externalKey": None,
    }


async def test_each_field_that_an_update_changes_is_a_change_of_its_own_kind(world: World):
    place, issue_id = world.here, await created(world)
    todo = {"id": place.todo.id, "name": "Todo", "state": {"name": "Todo"}}
    done = {"id": place.done.id, "name": "Done", "state": {"name": "Done"}}
    assert await changed(world, issue_id, title="B") == [{"__typename": "TitleChange", "before": "A", "after": "B"}]
    assert await changed(world, issue_id, description="D") == [
        {"__typename": "DescriptionChange", "before": "", "after": "D"}
    ]
    assert await changed(world, issue_id, stateId=place.done.id) == [
        {"__typename": "StateChange", "from": todo, "to": done}
    ]
    assert await changed(world, issue_id, priority="URGENT") == [
        {"__typename": "PriorityChange", "priorityBefore": "NONE", "priorityAfter": "URGENT"}
    ]
    assert await changed(world, issue_id, estimate=0) == [
        {"__typename": "EstimateChange", "estimateBefore": None, "estimateAfter": 0}
    ]
    assert await changed(world, issue_id, startDate="2026-01-02", dueDate="2026-02-03") == [
        {"__typename": "DateChange", "field": "START_DATE", "dateBefore": None, "dateAfter": "2026-01-02"},
        {"__typename": "DateChange", "field": "DUE_DATE", "dateBefore": None, "dateAfter": "2026-02-03"},
    ]
    people = place.people
    await changed(world, issue_id, assignees={"set": [people[Role.MEMBER].id, people[Role.ADMIN].id]})
    assignees = await changed(
        world, issue_id, assignees={"add": [people[Role.OWNER].id], "remove": [people[Role.ADMIN].id]}
    )
    assert assignees == [
        {"__typename": "AssigneesChange", "added": [{"name": "Owner"}], "removed": [{"name": "Admin"}]}
    ]
    label = {"id": place.label.id, "name": "bug"}
    assert await changed(world, issue_id, labels={"add": [place.label.id]}) == [
        {"__typename": "LabelsChange", "addedLabels": [label | {"label": {"name": "bug"}}], "removedLabels": []}
    ]
    first = {"id": place.milestone.id, "name": "First"}
    assert await changed(world, issue_id, milestoneId=place.milestone.id) == [
        {"__typename": "MilestoneChange", "milestoneBefore": None, "milestoneAfter": first}
    ]
    assert await changed(world, issue_id, milestoneId=None) == [
        {
            "__typename": "MilestoneChange",
            "milestoneBefore": first | {"milestone": {"id": place.milestone.id}},
            "milestoneAfter": None,
        }
    ]
    parent = {"id": place.issue.id, "name": place.issue.title, "issue": {"id": place.issue.id}}
    assert await changed(world, issue_id, parentId=place.issue.id) == [
        {"__typename": "ParentChange", "parentBefore": None, "parentAfter": parent}
    ]
    both = await changed(world, issue_id, estimate=None, title="C")
    assert [each["__typename"] for each in both] == ["TitleChange", "EstimateChange"]


async def test_the_archive_and_the_trash_are_in_the_history_and_a_trashed_issue_has_one(world: World):
    issue_id = await created(world)
    for name in ("issueArchive", "issueDelete", "issueRestore", "issueDelete"):
        assert (await world.member.mutate(name, {"id": issue_id}))["errors"] == []
    assert (await changes(world.member, issue_id))[1:] == [
        [{"__typename": "ArchiveChange", "isArchived": True}],
        [{"__typename": "TrashChange", "isTrashed": True}],
        [{"__typename": "ArchiveChange", "isArchived": False}, {"__typename": "TrashChange", "isTrashed": False}],
        [{"__typename": "TrashChange", "isTrashed": True}],
    ]
    await world.owner.mutate("issuePurge", {"id": issue_id})
    assert await history(world.member, issue_id) is None


async def test_comments_are_in_the_history_of_their_issue_and_have_their_own(world: World):
    issue_id, member = await created(world), world.member
    payload = await member.mutate("commentCreate", {"issueId": issue_id, "body": "One."}, "comment { id }")
    comment_id = payload["comment"]["id"]
    await member.mutate("commentUpdate", {"id": comment_id, "body": "Two."})
    other = await member.mutate("commentCreate", {"issueId": issue_id, "body": "Other."}, "comment { id }")
    _, *found = await changes(member, issue_id)
    both = {"__typename": "CommentChange", "commentId": comment_id, "comment": {"body": "Two."}}
    assert found == [
        [both | {"action": "CREATED", "bodyBefore": None, "bodyAfter": "One."}],
        [both | {"action": "EDITED", "bodyBefore": "One.", "bodyAfter": "Two."}],
        [
            both
            | {
                "commentId": other["comment"]["id"],
                "comment": {"body": "Other."},
                "action": "CREATED",
                "bodyBefore": None,
                "bodyAfter": "Other.",
            }
        ],
    ]
    own = (await member.run(OF_COMMENT, id=comment_id))["node"]["history"]
    assert own["totalCount"] == 2
    assert [entry["changes"] for entry in own["nodes"]] == [
        [{"action": "CREATED", "commentId": comment_id, "from": None, "to": "One."}],
        [{"action": "EDITED", "commentId": comment_id, "from": "One.", "to": "Two."}],
    ]
    assert {(entry["actor"]["name"], entry["cause"]) for entry in own["nodes"]} == {("Member", "USER")}


async def test_the_text_of_a_deleted_comment_is_not_shown(world: World):
    member = world.member
    payload = await member.mutate(
        "commentCreate", {"issueId": world.here.issue.id, "body": "Secret."}, "comment { id }"
    )
    comment_id = payload["comment"]["id"]
    await member.mutate("commentUpdate", {"id": comment_id, "body": "Secret too."})
    await member.mutate("commentDelete", {"id": comment_id})
    found = await member.run(HISTORY, id=world.here.issue.id), await member.run(OF_COMMENT, id=comment_id)
    assert "Secret" not in repr(found)
    [entry] = (await member.run(OF_COMMENT, id=comment_id, last=1))["node"]["history"]["nodes"]
    assert entry["changes"] == [{"action": "DELETED", "commentId": comment_id, "from": None, "to": None}]


async def test_pages_lead_through_a_history_both_ways(world: World):
    issue_id, member = await created(world), world.member
    for number in range(6):
        await changed(world, issue_id, title=f"T{number}")
        await member.mutate("commentCreate", {"issueId": issue_id, "body": f"C{number}"})
    everything = [entry["revision"] for entry in (await history(member, issue_id))["nodes"]]
    assert everything == sorted(everything)
    assert len(everything) == 13
    for size, start in (("first", "after"), ("last", "before")):
        seen: list[int] = []
        cursor = None
        while True:
            page = await history(member, issue_id, **{size: 3, start: cursor})
            revisions = [entry["revision"] for entry in page["nodes"]]
            assert page["totalCount"] == 13
            assert page["totalCountIsExact"]
            seen = [*seen, *revisions] if size == "first" else [*revisions, *seen]
            info = page["pageInfo"]
            cursor = info["endCursor"] if size == "first" else info["startCursor"]
            if not info["hasNextPage" if size == "first" else "hasPreviousPage"]:
                break
        assert seen == everything


async def test_kinds_choose_entries_and_their_changes(world: World):
    issue_id, member = await created(world), world.member
    await changed(world, issue_id, title="B", estimate=3)
    await changed(world, issue_id, estimate=5)
    await member.mutate("commentCreate", {"issueId": issue_id, "body": "C"})

    async def kinds(*names: str) -> tuple[list[list[str]], int]:
        page = await history(member, issue_id, kinds=list(names), first=2)
        return [[each["__typename"] for each in entry["changes"]] for entry in page["nodes"]], page["totalCount"]

    assert await kinds("TITLE") == ([["TitleChange"]], 1)
    assert await kinds("ESTIMATE") == ([["EstimateChange"], ["EstimateChange"]], 2)
    assert await kinds("COMMENT", "CREATION") == ([["IssueCreation"], ["CommentChange"]], 2)
    assert await kinds("TITLE", "ESTIMATE", "COMMENT") == ([["TitleChange", "EstimateChange"], ["EstimateChange"]], 3)
    assert await kinds("STATE") == ([], 0)
    assert await kinds() == ([], 0)


async def test_bad_arguments_are_refused(world: World):
    member, issue_id = world.member, world.here.issue.id
    _, errors = await member.execute(HISTORY, id=issue_id, kinds=["NONSENSE"])
    assert "NONSENSE" in errors[0].message
    assert await member.failed(HISTORY, id=issue_id, after="garbage") == [("INVALID_CURSOR", "after")]
    assert await member.failed(HISTORY, id=issue_id, first=0) == [("OUT_OF_RANGE", "first")]
    assert await member.failed(HISTORY, id=issue_id, first=1, last=1) == [("INVALID_INPUT", "last")]
    await changed(world, issue_id, title="B")
    cursor = (await history(member, issue_id))["pageInfo"]["endCursor"]
    assert await member.failed(HISTORY, id=issue_id, after=cursor, kinds=["TITLE"]) == [("INVALID_CURSOR", "after")]


async def test_a_guest_sees_of_a_history_what_is_in_the_guests_projects(world: World):
    place, issue_id = world.here, await created(world)
    hidden = ProjectFactory(workspace=place.workspace, key="HID")
    state = StateFactory(project=hidden)
    parent = IssueFactory(project=hidden, state=state, creator_id=place.issue.creator_id)
    await world.store(hidden, state, parent)
    await changed(world, issue_id, parentId=parent.id)
    await changed(world, issue_id, parentId=None, title="B")
    guest = world.client(Role.GUEST)
    page = await history(guest, issue_id)
    assert [[each["__typename"] for each in entry["changes"]] for entry in page["nodes"]] == [
        ["IssueCreation"],
        ["TitleChange"],
    ]
    assert (page["totalCount"], (await history(guest, issue_id, first=1))["totalCount"]) == (2, 2)
    assert (await history(guest, issue_id, kinds=["PARENT"]))["totalCount"] == 0
    assert parent.id not in repr(page)
    under = await created(world, parentId=parent.id)
    [[creation]] = await changes(guest, under)
    assert creation["parent"] is None
    assert (await history(world.member, issue_id))["totalCount"] == 3


async def test_a_move_is_one_entry_for_those_who_see_both_projects_and_half_of_one_for_others(world: World):
    place = world.here
    issue_id = await created(world)
    target = ProjectFactory(workspace=place.workspace, key="NEW")
    state = StateFactory(project=target, name="Inbox")
    await world.store(target, state)
    before = await world.stored(Issue, issue_id)
    written = await world.member.mutate(
        "issueUpdate", {"id": issue_id, "move": {"projectId": target.id}, "title": "Moved"}
    )
    here, there = [{"id": each.id, "name": each.name} for each in (place.project, target)]
    moved = {"projectBefore": here, "projectAfter": there | {"project": {"key": "NEW"}}}
    _, entry = (await history(world.member, issue_id))["nodes"]
    kinds = {change.pop("__typename"): change for change in entry["changes"]}
    assert (entry["revision"], entry["changeSet"]) == (written["revision"], written["revision"])
    assert kinds["ProjectChange"] == moved
    assert kinds["TitleChange"] == {"before": "A", "after": "Moved"}
    assert (kinds["StateChange"]["from"]["name"], kinds["StateChange"]["to"]["name"]) == ("Todo", "Inbox")
    assert (await history(world.member, issue_id, kinds=["PROJECT"]))["totalCount"] == 1

    def guest(*projects: str) -> Client:
        client = world.client(Role.GUEST)
        areas = {place.workspace.id: frozenset(projects)}
        return replace(client, actor=replace(client.actor, areas=areas))

    [_, both] = await changes(guest(place.project.id, target.id), issue_id)
    assert [change["__typename"] for change in both] == ["TitleChange", "StateChange", "ProjectChange"]
    [new] = await changes(guest(target.id), issue_id)
    assert {change["__typename"]: change for change in new}["ProjectChange"] == {
        "__typename": "ProjectChange",
        "projectBefore": None,
        "projectAfter": there | {"project": {"key": "NEW"}},
    }
    assert new[0] == {"__typename": "TitleChange", "before": None, "after": "Moved"}
    assert await history(guest(place.project.id), issue_id) is None
    pages = await world.app.read.histories.of_subjects(
        guest(place.project.id).actor, [before], HistoryQuery(of="issue"), PageRequest(is_counted=True)
    )
    assert [[type(change).__name__ for change in entry.changes] for entry in pages[0].nodes] == [
        ["IssueCreation"],
        ["TitleChange", "StateChange", "ProjectChange"],
    ]
    assert pages[0].total_count == 2


async def test_deleted_objects_keep_their_ids_and_names(world: World):
    place, issue_id = world.here, await created(world)
    label, milestone = LabelFactory(workspace=place.workspace, name="gone"), MilestoneFactory(project=place.project)
    state = StateFactory(project=place.project, name="Gone", position=2)
    await world.store(label, milestone, state)
    await changed(world, issue_id, labels={"add": [label.id]}, milestoneId=milestone.id, stateId=state.id)
    await changed(world, issue_id, labels={"remove": [label.id]}, milestoneId=None, stateId=place.todo.id)
    for name, gone in (("labelDelete", label), ("milestoneDelete", milestone), ("stateDelete", state)):
        assert (await world.owner.mutate(name, {"id": gone.id}))["errors"] == []
    _, _, found = await changes(world.member, issue_id)
    kinds = {change["__typename"]: change for change in found}
    assert kinds["StateChange"]["from"] == {"id": state.id, "name": "Gone", "state": None}
    assert kinds["LabelsChange"]["removedLabels"] == [{"id": label.id, "name": "gone"}]
    before = {"id": milestone.id, "name": milestone.name, "milestone": None}
    assert kinds["MilestoneChange"]["milestoneBefore"] == before
