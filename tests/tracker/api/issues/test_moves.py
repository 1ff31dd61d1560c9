"""Moves of issues to another project of their workspace."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.projects.categories import StateCategory
from domain.projects.model import Project, State
from domain.shared.actor import Role
from infra.comments.tables import CommentRow
from tests.client import UNCHANGED
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.refusals import Refusal, conflict, invalid, missing
from tests.statements import counted
from tests.tracker.api.issues.moves import Target, move, seeing, stored_target
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, ProjectMemberFactory, StateFactory
from tests.tracker.factories.storing import link
from tests.tracker.list_sizes import require_exact_counts

CHANGES = """query ($slug: String!) { workspace(slug: $slug) { changes(after: 0) { events {
  kind subjectId projectId changes { field before after } } } } }"""
HISTORY = """query ($id: ID!) { node(id: $id) { ... on Issue { history { nodes { changes {
  __typename ... on ProjectChange { projectBefore: from { id name } projectAfter: to { id name } }
  ... on StateChange { stateBefore: from { name } stateAfter: to { name } }
  ... on MilestoneChange { milestoneBefore: from { name } milestoneAfter: to { name } } } } } } } }"""


@pytest.fixture
async def target(world: World) -> Target:
    return await stored_target(world)


async def test_a_moved_issue_gets_a_new_number_and_takes_its_comments_along(world: World, target: Target):
    here = world.here
    child = IssueFactory(
        project=here.project, state=here.todo, creator_id=here.issue.creator_id, number=2, parent_id=here.issue.id
    )
    await world.store(child)
    payload = await move(world, target.project)
    assert payload["errors"] == []
    moved = payload["issue"]
    updated_at = moved.pop("updatedAt")
    assert moved == {
        "id": here.issue.id,
        "identifier": "APP-5",
        "previousIdentifiers": ["ENG-1"],
        "project": {"id": target.project.id},
        "state": {"id": target.todo.id},
        "milestone": None,
        "completedAt": None,
        "comments": {"totalCount": 1},
        "parent": None,
        "children": {"nodes": [{"identifier": "ENG-2"}]},
    }
    stored = await world.stored(Issue, here.issue.id)
    assert updated_at == stored.updated_at.isoformat().replace("+00:00", "Z")
    assert (await world.stored(Comment, here.comment.id)) == replace(here.comment, project_id=target.project.id)
    assert await require_exact_counts(world.engine) > 0
    created = await world.member.mutate("issueCreate", {"projectId": here.project.id, "title": "x"}, "issue { number }")
    assert created["issue"] == {"number": 3}
    created = await world.member.mutate(
        "issueCreate", {"projectId": target.project.id, "title": "x"}, "issue { number }"
    )
    assert created["issue"] == {"number": 6}


async def test_the_log_tells_a_move_in_two_halves_of_one_commit(world: World, target: Target):
    issue = world.here.issue
    payload = await move(world, target.project, title="Moved")
    halves = {
        "project_id": (issue.project_id, target.project.id),
        "number": (1, 5),
        "title": (issue.title, "Moved"),
        "state_id": (issue.state_id, target.todo.id),
        "milestone_id": (issue.milestone_id, None),
    }
    events = await world.events()
    assert [(kind, subject) for _, kind, subject, _ in events] == [
        ("issue.moved", issue.id),
        ("issue.updated", issue.id),
    ]
    assert payload["revision"] == events[-1][0] == 2
    left, entered = events[0][3], events[1][3]
    assert left == {name: [before, None] for name, (before, _) in halves.items()}
    assert entered == {name: [None, after] for name, (_, after) in halves.items()}
    [entry] = (await world.member.run(HISTORY, id=issue.id))["node"]["history"]["nodes"]
    shown = {change.pop("__typename"): change for change in entry["changes"]}
    assert shown["ProjectChange"] == {
        "projectBefore": {"id": issue.project_id, "name": world.here.project.name},
        "projectAfter": {"id": target.project.id, "name": "App"},
    }
    assert shown["MilestoneChange"] == {"milestoneBefore": {"name": "First"}, "milestoneAfter": None}
    assert shown["StateChange"] == {"stateBefore": {"name": "Todo"}, "stateAfter": {"name": "TODO"}}


async def test_a_guest_of_one_project_sees_the_half_of_the_move_that_is_in_it(world: World, target: Target):
    here, issue = world.here, world.here.issue
    await move(world, target.project)
    for projects, kinds, has_issue in (
        ((here.project,), ["ISSUE_MOVED"], False),
        ((target.project,), ["ISSUE_UPDATED"], True),
        ((here.project, target.project), ["ISSUE_MOVED", "ISSUE_UPDATED"], True),
    ):
        guest = seeing(world, *projects)
        events = (await guest.run(CHANGES, slug=here.workspace.slug))["workspace"]["changes"]["events"]
        assert [event["kind"] for event in events] == kinds
        hidden = {here.project.id, here.todo.id, target.project.id, target.todo.id} - {
            each for project in projects for each in self_and_states(project, here.project, here.todo, target)
        }
        assert not any(each in str(events) for each in hidden)
        ids = [issue.id, here.comment.id]
        nodes = (await guest.run("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids))["nodes"]
        assert nodes == ([{"id": each} for each in ids] if has_issue else [None, None])


def self_and_states(project: Project, source: Project, todo: State, target: Target) -> set[str]:
    return {project.id, todo.id if project.id == source.id else target.todo.id}


async def test_a_move_within_the_project_changes_nothing(world: World):
    here = world.here
    before = await world.rows()
    for state in ({}, {"state": {"id": here.done.id}}, {"state": {"rule": "MATCH_BY_NAME"}}, {"state": None}):
        sent = {"id": here.issue.id, "move": {"projectId": here.project.id} | state}
        assert await world.member.mutate("issueUpdate", sent) == UNCHANGED
    assert await world.rows() == before
    await world.owner.mutate("projectArchive", {"id": here.project.id})
    payload = await move(world, here.project, title="New")
    assert (payload["errors"], payload["issue"]["identifier"]) == ([], "ENG-1")
    assert set((await world.events())[-1][3]) == {"title"}


async def test_a_move_keeps_and_sets_what_else_the_update_sends(world: World, target: Target):
    here = world.here
    await link(world.engine, here.issue, assignees=[here.people[Role.MEMBER]], labels=[here.label])
    payload = await move(
        world,
        target.project,
        title="Moved",
        milestoneId=target.milestone.id,
        labels={"set": []},
        assignees={"add": [here.people[Role.OWNER].id]},
    )
    assert payload["errors"] == []
    assert payload["issue"]["milestone"] == {"id": target.milestone.id}
    stored = await world.stored(Issue, here.issue.id)
    assert (stored.title, stored.milestone_id, stored.number) == ("Moved", target.milestone.id, 5)
    rows = await world.rows()
    assert (len(rows["issue_assignee"]), len(rows["issue_label"])) == (2, 0)
    assert await require_exact_counts(world.engine) > 0


STATES: dict[str, tuple[Callable[[World, Target], State], Callable[[World, Target], dict[str, Any]], str]] = {
    "by name": (lambda w, t: w.here.todo, lambda w, t: {}, "TODO"),
    "by name, said": (lambda w, t: w.here.todo, lambda w, t: {"state": {"rule": "MATCH_BY_NAME"}}, "TODO"),
    "by category": (lambda w, t: w.here.done, lambda w, t: {"state": None}, "Shipped"),
    "by ID": (lambda w, t: w.here.todo, lambda w, t: {"state": {"id": t.shipped.id}}, "Shipped"),
}


@pytest.mark.parametrize("case", STATES)
async def test_the_state_in_the_new_project(world: World, target: Target, case: str):
    present, chosen, name = STATES[case]
    await world.owner.mutate("issueUpdate", {"id": world.here.issue.id, "stateId": present(world, target).id})
    before = await world.stored(Issue, world.here.issue.id)
    sent = {"id": before.id, "move": {"projectId": target.project.id} | chosen(world, target)}
    payload = await world.member.mutate("issueUpdate", sent, "issue { state { name } }")
    assert payload["issue"] == {"state": {"name": name}}
    after = await world.stored(Issue, before.id)
    is_closed = name == "Shipped"
    assert after.completed_at == ((before.completed_at or after.updated_at) if is_closed else None)


async def test_a_state_without_counterpart_becomes_the_first_one(world: World, target: Target):
    started = StateFactory(project=world.here.project, name="Doing", category=StateCategory.STARTED, position=2)
    await world.store(started)
    await world.owner.mutate("issueUpdate", {"id": world.here.issue.id, "stateId": started.id})
    assert (await move(world, target.project))["issue"]["state"] == {"id": target.ideas.id}


async def test_a_state_that_is_being_deleted_is_not_chosen(world: World, target: Target):
    deleted = StateFactory(
        project=target.project, name="Done", category=StateCategory.COMPLETED, position=0, deleting_since=MADE
    )
    await world.store(deleted)
    await world.owner.mutate("issueUpdate", {"id": world.here.issue.id, "stateId": world.here.done.id})
    sent = {"id": world.here.issue.id, "move": {"projectId": target.project.id, "state": {"id": deleted.id}}}
    assert await world.member.refused("issueUpdate", sent) == conflict("move.state.id")
    assert (await move(world, target.project))["issue"]["state"] == {"id": target.shipped.id}


async def test_bad_moves_are_refused_and_change_nothing(world: World, target: Target):
    here, there = world.here, world.elsewhere
    archived, deleting = (
        ProjectFactory(workspace=here.workspace, key="OLD", archived_at=MADE),
        ProjectFactory(workspace=here.workspace, key="GONE", deleting_since=MADE),
    )
    states = [StateFactory(project=project) for project in (archived, deleting)]
    await world.store(archived, deleting, *states)
    project_id = target.project.id
    moves: list[tuple[dict[str, Any], list[Refusal]]] = [
        ({"projectId": IDS.new_in(here.workspace.id, "prj")}, missing("move.projectId")),
        ({"projectId": there.project.id}, missing("move.projectId")),
        ({"projectId": here.issue.id}, invalid("move.projectId", "INVALID_ID")),
        ({"projectId": ""}, invalid("move.projectId", "INVALID_ID")),
        ({"projectId": "prj_\0"}, invalid("move.projectId", "INVALID_ID")),
        ({"projectId": archived.id}, conflict("move.projectId")),
        ({"projectId": deleting.id}, conflict("move.projectId")),
        ({"projectId": project_id, "state": {"id": here.done.id}}, invalid("move.state.id")),
        ({"projectId": project_id, "state": {"id": there.todo.id}}, missing("move.state.id")),
        ({"projectId": project_id, "state": {"id": project_id}}, invalid("move.state.id", "INVALID_ID")),
        ({"projectId": project_id, "state": {"id": "\ud800"}}, invalid("move.state.id", "INVALID_ID")),
    ]
    before = await world.rows()
    for sent, refusal in moves:
        assert await world.member.refused("issueUpdate", {"id": here.issue.id, "move": sent}) == refusal, sent
    beside: list[tuple[dict[str, Any], list[Refusal]]] = [
        ({"stateId": target.shipped.id}, invalid("stateId")),
        ({"stateId": here.todo.id}, invalid("stateId")),
        ({"milestoneId": here.milestone.id}, invalid("milestoneId")),
        ({"title": ""}, invalid("title", "REQUIRED")),
        ({"parentId": here.issue.id}, conflict("parentId", "PARENT_CYCLE")),
    ]
    for further, refusal in beside:
        sent = {"id": here.issue.id, "move": {"projectId": project_id}} | further
        assert await world.member.refused("issueUpdate", sent) == refusal, further
    null = {"id": here.issue.id, "move": None}
    assert await world.member.refused("issueUpdate", null) == invalid("move", "REQUIRED")
    assert await world.rows() == before


async def test_a_project_of_another_workspace_is_refused_even_if_the_caller_sees_it(world: World, target: Target):
    here, there = world.here.workspace, world.elsewhere
    both = replace(
        world.member, actor=replace(world.member.actor, roles=dict.fromkeys((here.id, there.workspace.id), Role.MEMBER))
    )
    sent = {"id": world.here.issue.id, "move": {"projectId": there.project.id}}
    assert await both.refused("issueUpdate", sent) == invalid("move.projectId")
    sent = {"id": world.here.issue.id, "move": {"projectId": target.project.id, "state": {"id": there.todo.id}}}
    assert await both.refused("issueUpdate", sent) == invalid("move.state.id")


SHAPES = (
    '{projectId: "x", state: {}}',
    '{projectId: "x", state: {id: "a", rule: MATCH_BY_NAME}}',
    '{projectId: "x", state: {rule: BY_LUCK}}',
    '{projectId: "x", state: {id: null}}',
    "{}",
    "{state: {rule: MATCH_BY_NAME}}",
)


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_move_of_another_shape_is_no_valid_request(world: World, shape: str):
    query = f'mutation {{ issueUpdate(input: {{id: "{world.here.issue.id}", move: {shape}}}) {{ revision }} }}'
    assert set(await world.member.failed(query)) == {("VALIDATION_ERROR", "")}


async def test_guests_who_are_assigned_keep_a_move_from_hiding_the_issue_from_them(world: World, target: Target):
    here = world.here
    guest, member = here.people[Role.GUEST], here.people[Role.MEMBER]
    await link(world.engine, here.issue, assignees=[guest, member])
    before = await world.rows()
    payload = await move(world, target.project)
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("CONFLICT", ["input", "move", "projectId"])
    assert guest.id in error["message"]
    assert member.id not in error["message"]
    assert await world.rows() == before
    sent = {"id": here.issue.id, "move": {"projectId": target.project.id}, "assignees": {"add": [guest.id]}}
    assert await world.member.refused("issueUpdate", sent) == conflict("move.projectId")
    payload = await move(world, target.project, assignees={"remove": [guest.id]})
    assert payload["errors"] == []
    assert [guest.id in row for row in (await world.rows())["issue_assignee"]] == [False]


async def test_guests_with_access_to_both_projects_stay_assigned(world: World, target: Target):
    here = world.here
    guest = here.people[Role.GUEST]
    await link(world.engine, here.issue, assignees=[guest])
    await world.store(ProjectMemberFactory(project=target.project, member=here.members[Role.GUEST]))
    assert (await move(world, target.project))["errors"] == []
    assert [guest.id in row for row in (await world.rows())["issue_assignee"]] == [True]


async def test_assignees_who_see_neither_project_do_not_keep_an_issue_from_moving(world: World, target: Target):
    """Users who have left the workspace stay assigned, and so do guests who lost the project."""
    here = world.here
    gone = here.people[Role.GUEST]
    await link(world.engine, here.issue, assignees=[gone])
    payload = await world.owner.mutate("projectMemberRemove", {"id": here.guest_place.id})
    assert payload["errors"] == []
    assert (await move(world, target.project))["errors"] == []
    assert [gone.id in row for row in (await world.rows())["issue_assignee"]] == [True]


async def test_new_assignees_have_to_see_the_new_project(world: World, target: Target):
    guest = world.here.people[Role.GUEST]
    sent = {"id": world.here.issue.id, "move": {"projectId": target.project.id}}
    refused = await world.member.refused("issueUpdate", sent | {"assignees": {"add": [guest.id]}})
    assert refused == missing("assignees")


async def test_archived_and_trashed_issues_move_too(world: World, target: Target):
    for name in ("issueArchive", "issueDelete"):
        await world.member.mutate(name, {"id": world.here.issue.id})
    before = await world.stored(Issue, world.here.issue.id)
    assert (await move(world, target.project))["errors"] == []
    after = await world.stored(Issue, before.id)
    assert (after.archived_at, after.trashed_at) == (before.archived_at, before.trashed_at)
    assert after.project_id == target.project.id
    assert await require_exact_counts(world.engine) > 0


async def test_a_move_and_back_gives_a_third_number(world: World, target: Target):
    await move(world, target.project)
    payload = await move(world, world.here.project)
    assert payload["issue"]["identifier"] == "ENG-2"
    assert payload["issue"]["previousIdentifiers"] == ["APP-5", "ENG-1"]
    assert payload["issue"]["milestone"] is None


async def test_guests_may_not_move_issues(world: World, target: Target):
    for projects in ((world.here.project,), (world.here.project, target.project)):
        sent = {"id": world.here.issue.id, "move": {"projectId": target.project.id}}
        refused = await seeing(world, *projects).refused("issueUpdate", sent)
        assert [(kind, code) for kind, code, _ in refused] == [("PermissionError", "PERMISSION_DENIED")]


async def test_a_move_takes_few_statements_and_other_updates_none_more(world: World, target: Target):
    here = world.here
    await link(world.engine, here.issue, assignees=[here.people[Role.MEMBER]])
    comments = [CommentFactory(issue=here.issue, author_id=here.issue.creator_id) for _ in range(20)]
    await world.store(*comments)
    with counted() as statements:
        payload = await world.member.mutate(
            "issueUpdate", {"id": here.issue.id, "move": {"projectId": target.project.id}}
        )
    assert payload["errors"] == []
    assert len(statements) <= 16, statements
    async with world.engine.connect() as connection:
        projects = await connection.scalars(select(CommentRow.project_id).where(CommentRow.issue_id == here.issue.id))
        assert set(projects) == {target.project.id}
