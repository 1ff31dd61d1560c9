"""Undo of single change sets: what is restored, what is taken back, and what an undo writes."""

from dataclasses import replace
from typing import Any

import pytest

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.labels.model import Label
from domain.milestones.model import Milestone
from domain.projects.model import Project, State
from domain.shared.actor import Role
from domain.workspaces.model import Workspace
from tests.client import Client
from tests.tracker.api.undo.taken_back import undo
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import StateFactory
from tests.tracker.factories.storing import link


async def change(client: Client, name: str, given: dict[str, Any], select: str = "") -> Any:
    payload = await client.mutate(name, given, select)
    assert payload["errors"] == [], payload
    return payload


async def undone(world: World, change_set: int, client: Client | None = None, **given: Any) -> Any:
    """The payload of an undo that must succeed."""
    payload = await undo(client or world.owner, world.here.workspace.id, change_set, **given)
    assert payload["errors"] == [], payload
    return payload


async def changed_and_undone(world: World, name: str, given: dict[str, Any], client: Client | None = None) -> Any:
    """The payload of the undo of a mutation."""
    payload = await change(client or world.owner, name, given)
    return await undone(world, payload["revision"], client)


def unchanged(stored: Any, before: Any) -> bool:
    """Whether the entity is as before, but for the time of its last change."""
    return bool(replace(stored, updated_at=before.updated_at) == before)


async def links_of(world: World, issue_id: str) -> tuple[list[str], list[str]]:
    node = await world.owner.run(
        "query ($id: ID!) { node(id: $id) { ... on Issue { assignees { id } labels { id } } } }", id=issue_id
    )
    found = node["node"]
    return [each["id"] for each in found["assignees"]], [each["id"] for each in found["labels"]]


async def test_all_fields_and_links_of_an_issue_are_restored(world: World) -> None:
    here = world.here
    parent = IssueFactory(project=here.project, state=here.todo, number=50, creator_id=here.issue.creator_id)
    await world.store(parent)
    links = await links_of(world, here.issue.id)
    given = {
        "id": here.issue.id,
        "title": "Another",
        "description": "x" * 5000,
        "stateId": here.done.id,
        "priority": "URGENT",
        "estimate": 8,
        "startDate": "2026-01-02",
        "dueDate": "2026-02-03",
        "milestoneId": here.milestone.id,
        "parentId": parent.id,
        "assignees": {"add": [here.people[Role.OWNER].id]},
        "labels": {"add": [here.label.id]},
    }
    payload = await changed_and_undone(world, "issueUpdate", given)
    assert unchanged(await world.stored(Issue, here.issue.id), here.issue)
    assert await links_of(world, here.issue.id) == links
    [result] = payload["results"]
    assert (result["index"], result["subjectId"], result["errors"]) == (0, here.issue.id, [])
    changed = {each["field"]: each for each in result["changes"]}
    assert changed["priority"] == {"field": "priority", "before": ["URGENT"], "after": [here.issue.priority.name]}
    assert changed["description"]["before"] == ["x" * 4096 + "…"]
    assert (payload["changedCount"], payload["skippedCount"]) == (1, 0)


async def test_an_undo_is_one_change_set_with_its_own_cause(world: World) -> None:
    payload = await changed_and_undone(world, "projectUpdate", {"id": world.here.project.id, "name": "Other"})
    query = """query ($slug: String!, $after: Revision!) { workspace(slug: $slug) {
      changes(after: $after) { events { kind cause changeSet actorId occurredAt } } } }"""
    data = await world.owner.run(query, slug=world.here.workspace.slug, after=payload["revision"] - 2)
    events = data["workspace"]["changes"]["events"]
    assert [event["kind"] for event in events] == ["PROJECT_UPDATED", "CHANGE_SET_UNDONE"]
    assert {event["cause"] for event in events} == {"UNDO"}
    assert {event["changeSet"] for event in events} == {payload["revision"]}
    assert {event["actorId"] for event in events} == {world.here.people[Role.OWNER].id}
    stored = await world.stored(Project, world.here.project.id)
    assert stored.updated_at.isoformat() == events[0]["occurredAt"].replace("Z", "+00:00")


async def test_an_undo_can_be_undone_and_done_again(world: World) -> None:
    project = world.here.project
    change_set = (await change(world.owner, "projectUpdate", {"id": project.id, "name": "Other"}))["revision"]
    names = []
    for _ in range(4):
        change_set = (await undone(world, change_set))["revision"]
        names.append((await world.stored(Project, project.id)).name)
    assert names == [project.name, "Other", project.name, "Other"]


async def test_a_key_and_a_slug_are_restored(world: World) -> None:
    place = world.here
    await changed_and_undone(world, "projectUpdate", {"id": place.project.id, "key": "NEWKEY"})
    assert unchanged(await world.stored(Project, place.project.id), place.project)
    await changed_and_undone(world, "workspaceUpdate", {"id": place.workspace.id, "slug": "other", "name": "Other"})
    assert unchanged(await world.stored(Workspace, place.workspace.id), place.workspace)


async def test_an_archived_project_is_restored(world: World) -> None:
    await changed_and_undone(world, "projectArchive", {"id": world.here.project.id})
    assert unchanged(await world.stored(Project, world.here.project.id), world.here.project)
    assert (await world.events())[-2][1] == "project.restored"


@pytest.mark.parametrize(("mutation", "kind"), [("issueArchive", "restored"), ("issueDelete", "restored")])
async def test_issues_leave_the_archive_and_the_trash(world: World, mutation: str, kind: str) -> None:
    await changed_and_undone(world, mutation, {"id": world.here.issue.id})
    assert unchanged(await world.stored(Issue, world.here.issue.id), world.here.issue)
    assert (await world.events())[-2][1] == f"issue.{kind}"


async def test_a_restored_issue_goes_back_to_the_trash_with_its_time(world: World) -> None:
    await change(world.owner, "issueDelete", {"id": world.here.issue.id})
    trashed = await world.stored(Issue, world.here.issue.id)
    await changed_and_undone(world, "issueRestore", {"id": world.here.issue.id})
    assert unchanged(await world.stored(Issue, world.here.issue.id), trashed)
    assert (await world.events())[-2][1] == "issue.trashed"


async def test_the_time_of_completion_comes_from_the_log(world: World) -> None:
    here = world.here
    await change(world.owner, "issueUpdate", {"id": here.issue.id, "stateId": here.done.id})
    completed = await world.stored(Issue, here.issue.id)
    assert completed.completed_at is not None
    await changed_and_undone(world, "issueUpdate", {"id": here.issue.id, "stateId": here.todo.id})
    assert unchanged(await world.stored(Issue, here.issue.id), completed)


async def test_a_created_issue_is_moved_to_the_trash(world: World) -> None:
    given = {
        "projectId": world.here.project.id,
        "title": "New",
        "labelIds": [world.here.label.id],
        "assigneeIds": [world.here.people[Role.OWNER].id],
    }
    payload = await change(world.owner, "issueCreate", given, "issue { id }")
    await undone(world, payload["revision"])
    stored = await world.stored(Issue, payload["issue"]["id"])
    assert stored.trashed_at == stored.updated_at
    assert (await world.events())[-2][1] == "issue.trashed"


async def test_a_created_comment_becomes_a_tombstone_and_returns(world: World) -> None:
    payload = await change(
        world.member, "commentCreate", {"issueId": world.here.issue.id, "body": "new"}, "comment { id }"
    )
    undo_set = (await undone(world, payload["revision"], world.member))["revision"]
    stored = await world.stored(Comment, payload["comment"]["id"])
    assert (stored.body, stored.deleted_at) == ("", stored.updated_at)
    assert (await world.events())[-2][1] == "comment.deleted"
    await undone(world, undo_set, world.member)
    stored = await world.stored(Comment, payload["comment"]["id"])
    assert (stored.body, stored.deleted_at) == ("new", None)


async def test_edited_and_deleted_comments_are_restored(world: World) -> None:
    comment = world.here.comment
    author = next(role for role, user in world.here.people.items() if user.id == comment.author_id)
    client = world.client(author)
    await changed_and_undone(world, "commentUpdate", {"id": comment.id, "body": "edited"}, client)
    assert unchanged(await world.stored(Comment, comment.id), comment)
    await changed_and_undone(world, "commentDelete", {"id": comment.id}, client)
    assert unchanged(await world.stored(Comment, comment.id), comment)


async def test_a_deleted_label_comes_back_to_its_issues(world: World) -> None:
    here = world.here
    await link(world.engine, here.issue, labels=[here.label])
    payload = await changed_and_undone(world, "labelDelete", {"id": here.label.id})
    assert unchanged(await world.stored(Label, here.label.id), here.label)
    assert (await links_of(world, here.issue.id))[1] == [here.label.id]
    assert payload["changedCount"] == 2


async def test_a_deleted_state_comes_back_at_its_position_with_its_issues(world: World) -> None:
    here = world.here
    states = [here.todo, here.done, *(StateFactory(project=here.project, position=place) for place in (2, 3))]
    done = IssueFactory(project=here.project, state=here.todo, number=60, creator_id=here.issue.creator_id)
    await world.store(*states[2:], done)
    payload = await changed_and_undone(world, "stateDelete", {"id": here.todo.id, "replaceWith": here.done.id})
    for state in states:
        assert unchanged(await world.stored(State, state.id), state)
    for issue in (here.issue, done):
        assert unchanged(await world.stored(Issue, issue.id), issue)
    assert payload["changedCount"] == 6


async def test_a_deleted_milestone_comes_back_to_its_issues(world: World) -> None:
    here = world.here
    other = MilestoneFactory(project=here.project)
    issue = IssueFactory(
        project=here.project,
        state=here.todo,
        number=70,
        creator_id=here.issue.creator_id,
        milestone_id=here.milestone.id,
    )
    await world.store(other, issue)
    await changed_and_undone(world, "milestoneDelete", {"id": here.milestone.id, "replaceWith": other.id})
    assert unchanged(await world.stored(Milestone, here.milestone.id), here.milestone)
    assert unchanged(await world.stored(Issue, issue.id), issue)


async def test_states_return_to_their_order(world: World) -> None:
    here = world.here
    given = {"projectId": here.project.id, "stateIds": [here.done.id, here.todo.id]}
    payload = await changed_and_undone(world, "statesReorder", given)
    for state in (here.todo, here.done):
        assert unchanged(await world.stored(State, state.id), state)
    assert payload["changedCount"] == 2


@pytest.mark.parametrize(
    ("name", "kind", "field"),
    [("stateCreate", State, "state"), ("labelCreate", Label, "label"), ("milestoneCreate", Milestone, "milestone")],
)
async def test_created_objects_without_issues_are_deleted(world: World, name: str, kind: type, field: str) -> None:
    here = world.here
    where = {"workspaceId": here.workspace.id} if kind is Label else {"projectId": here.project.id}
    color = {} if kind is Milestone else {"color": "#112233"}
    category = {"category": "STARTED"} if kind is State else {}
    payload = await change(world.owner, name, {"name": "New", **where, **color, **category}, f"{field} {{ id }}")
    created = await world.stored(kind, payload[field]["id"])
    undo_set = (await undone(world, payload["revision"]))["revision"]
    assert await world.stored(kind, created.id) is None
    await undone(world, undo_set)
    assert unchanged(await world.stored(kind, created.id), created)


async def test_a_created_project_is_archived(world: World) -> None:
    given = {"workspaceId": world.here.workspace.id, "key": "NEW", "name": "New"}
    payload = await change(world.owner, "projectCreate", given, "project { id }")
    result = await undone(world, payload["revision"])
    stored = await world.stored(Project, payload["project"]["id"])
    assert stored.archived_at == stored.updated_at
    assert result["changedCount"] == 1


async def test_an_undo_of_what_is_undone_writes_nothing(world: World) -> None:
    """Two undos of one change set: the second one of a chain finds nothing left to do."""
    label = LabelFactory(workspace=world.here.workspace)
    await world.store(label)
    first = (await change(world.owner, "labelUpdate", {"id": label.id, "name": "One"}))["revision"]
    await change(world.owner, "labelUpdate", {"id": label.id, "name": label.name})
    payload = await undone(world, first)
    assert payload["revision"] is None
    assert (payload["changedCount"], payload["skippedCount"]) == (0, 0)
