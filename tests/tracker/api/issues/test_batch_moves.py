"""Moves of many issues at once."""

import asyncio
from typing import Any

import pytest

from domain.issues.model import Issue
from domain.projects.model import Project
from domain.shared.actor import Role
from tests.factories.accounts import IDS
from tests.statements import counted
from tests.tracker.api.issues.moves import Target, stored_target
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.storing import link
from tests.tracker.list_sizes import require_exact_counts

RESULTS = """results { index issueId issue { identifier } changes { field before after } errors { code path } }
  changedCount skippedCount plannedEvents { kind subjectId changes { before after } }"""


@pytest.fixture
async def target(world: World) -> Target:
    return await stored_target(world)


async def issues_here(world: World, count: int) -> list[Issue]:
    """New issues of the project ENG, in the order of their numbers from 11."""
    here = {"project": world.here.project, "state": world.here.todo, "creator_id": world.here.issue.creator_id}
    issues = [IssueFactory(**here, number=11 + index) for index in range(count)]
    await world.store(*issues, CommentFactory(issue=issues[0], author_id=world.here.issue.creator_id))
    return issues


async def move_all(world: World, target: Project, ids: list[str], **further: Any) -> Any:
    change = {"move": {"projectId": target.id}}
    sent = {"workspaceId": world.here.workspace.id, "select": {"ids": ids}, "change": change}
    return await world.member.mutate("issueBatchUpdate", sent | further, RESULTS)


async def test_a_thousand_issues_move_with_as_many_statements_as_one(world: World, target: Target):
    issues = await issues_here(world, 1001)
    await link(world.engine, issues[0], assignees=[world.here.people[Role.MEMBER]])
    taken = []
    for some in (issues[:1], issues[1:]):
        await link(world.engine, some[-1], assignees=[world.here.people[Role.OWNER]])
        with counted() as statements:
            payload = await move_all(world, target.project, [issue.id for issue in some])
        assert (payload["errors"], payload["changedCount"]) == ([], len(some))
        taken.append(len(statements))
    # One more for the comments, which only the first issue has.
    assert taken[1] <= taken[0] <= 16, taken
    names = [result["issue"]["identifier"] for result in payload["results"]]
    assert names == [f"APP-{number}" for number in range(6, 1006)]
    assert await require_exact_counts(world.engine) > 0
    rows = await world.rows()
    assert len(rows["issue_alias"]) == 1001
    assert sum(target.project.id in row for row in rows["comment"]) == 1
    created = await world.member.mutate(
        "issueCreate", {"projectId": target.project.id, "title": "x"}, "issue { identifier }"
    )
    assert created["issue"] == {"identifier": "APP-1006"}


async def test_each_row_tells_what_the_move_changed_of_it(world: World, target: Target):
    here = world.here
    payload = await move_all(world, target.project, [target.issue.id, here.issue.id])
    assert (payload["errors"], payload["changedCount"], payload["skippedCount"]) == ([], 1, 0)
    there, moved = payload["results"]
    assert (there["issue"], there["changes"], there["errors"]) == ({"identifier": "APP-4"}, [], [])
    assert moved["issue"] == {"identifier": "APP-5"}
    changes = {each["field"]: (each["before"], each["after"]) for each in moved["changes"]}
    assert changes == {
        "projectId": ([here.project.id], [target.project.id]),
        "number": (["1"], ["5"]),
        "stateId": ([here.todo.id], [target.todo.id]),
        "milestoneId": ([here.milestone.id], None),
    }


async def test_rows_that_may_not_move_are_skipped_or_keep_all_from_moving(world: World, target: Target):
    here = world.here
    [free] = await issues_here(world, 1)
    await link(world.engine, here.issue, assignees=[here.people[Role.GUEST]])
    ids = [here.issue.id, free.id, IDS.new_in(here.workspace.id, Issue.prefix)]
    refusals = [
        [{"code": "CONFLICT", "path": ["input", "change", "move", "projectId"]}],
        [],
        [{"code": "NOT_FOUND", "path": ["input", "select", "ids", "2"]}],
    ]
    before = await world.rows()
    payload = await move_all(world, target.project, ids)
    assert [result["errors"] for result in payload["results"]] == refusals
    assert (payload["changedCount"], payload["revision"]) == (0, None)
    assert await world.rows() == before
    payload = await move_all(world, target.project, ids, onError="SKIP")
    assert [result["errors"] for result in payload["results"]] == refusals
    assert (payload["errors"], payload["changedCount"], payload["skippedCount"]) == ([], 1, 2)
    assert (await world.stored(Issue, free.id)).project_id == target.project.id
    assert (await world.stored(Issue, here.issue.id)).project_id == here.project.id


async def test_a_batch_does_not_overwrite_a_later_move(world: World, target: Target):
    here = world.here
    [other] = await issues_here(world, 1)
    await move_all(world, target.project, [here.issue.id])
    ids = [here.issue.id, other.id]
    payload = await move_all(world, here.project, ids, expectedRevision=0, onError="SKIP")
    moved, there = payload["results"]
    assert moved["errors"] == [{"code": "CONFLICT", "path": ["input", "change", "move"]}]
    assert (there["errors"], there["changes"]) == ([], [])
    assert (await world.stored(Issue, here.issue.id)).project_id == target.project.id


@pytest.mark.parametrize("on_error", ["ALL_OR_NOTHING", "SKIP"])
async def test_a_wrong_project_is_an_error_of_each_row(world: World, on_error: str):
    issues = await issues_here(world, 2)
    before = await world.rows()
    missing = ProjectFactory(workspace=world.here.workspace)
    payload = await move_all(world, missing, [issue.id for issue in issues], onError=on_error)
    for result in payload["results"]:
        [error] = result["errors"]
        assert error == {"code": "NOT_FOUND", "path": ["input", "change", "move", "projectId"]}
    assert payload["changedCount"] == 0
    assert await world.rows() == before


async def test_a_dry_run_moves_nothing_and_gives_no_number_away(world: World, target: Target):
    issues = await issues_here(world, 2)
    before = await world.rows()
    payload = await move_all(world, target.project, [issue.id for issue in issues], dryRun=True)
    assert (payload["errors"], payload["changedCount"], payload["revision"]) == ([], 2, None)
    assert [result["issue"]["identifier"] for result in payload["results"]] == ["ENG-11", "ENG-12"]
    numbers = [
        each["after"] for result in payload["results"] for each in result["changes"] if each["field"] == "number"
    ]
    assert numbers == [["5"], ["6"]]
    planned = payload["plannedEvents"]
    kinds = ("ISSUE_MOVED", "ISSUE_UPDATED")
    assert [(event["kind"], event["subjectId"]) for event in planned] == [
        (k, issue.id) for issue in issues for k in kinds
    ]
    # What the issue leaves, and what it gets.
    for event, side in zip(planned, ("after", "before") * 2, strict=True):
        assert {change[side] for change in event["changes"]} == {None}
    assert await world.rows() == before


async def test_batches_in_all_directions_at_once_do_not_block_each_other(world: World, target: Target):
    web = ProjectFactory(workspace=world.here.workspace, key="WEB")
    state = StateFactory(project=web)
    places = [(world.here.project, world.here.todo), (target.project, target.todo), (web, state)]
    by = {"creator_id": world.here.issue.creator_id}
    await world.store(web, state)
    issues = [
        IssueFactory(project=project, state=state, number=n, **by) for n in range(11, 23) for project, state in places
    ]
    await world.store(*issues)
    batches = [
        move_all(world, project, [issue.id for issue in issues[start::4]][:: 1 if start % 2 else -1])
        for start, (project, _) in enumerate([*places, places[1]])
    ]
    payloads = await asyncio.gather(*batches)
    assert [payload["errors"] for payload in payloads] == [[]] * 4
    assert await require_exact_counts(world.engine) > 0
    for start, payload in enumerate(payloads):
        key = ["ENG", "APP", "WEB", "APP"][start]
        assert {result["issue"]["identifier"].partition("-")[0] for result in payload["results"]} == {key}
