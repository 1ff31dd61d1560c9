"""Moves of issues beside other changes, at the same time and later: nothing is lost, overwritten or torn."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.projects.model import Project
from tests.tracker.api.issues.moves import Target, move, stored_target
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.list_sizes import require_exact_counts


@pytest.fixture
async def target(world: World) -> Target:
    return await stored_target(world)


async def conflicts(world: World, sent: dict[str, Any], expected: int) -> dict[str, Any]:
    """Values of the conflicting fields, by name: at the expected revision, now, and as sent."""
    details = """errors { ... on ConflictError { conflictingFields currentRevision
      conflicts { field base current yours } } }"""
    sent = {"id": world.here.issue.id, "expectedRevision": expected} | sent
    payload = await world.member.mutate("issueUpdate", sent, details)
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("CONFLICT", ["input", "move"])
    assert (error["conflictingFields"], error["currentRevision"]) == (["move"], len(await world.events()))
    return {each["field"]: (each["base"], each["current"], each["yours"]) for each in error["conflicts"]}


async def test_a_move_does_not_overwrite_a_later_one(world: World, target: Target):
    here = world.here
    web = ProjectFactory(workspace=here.workspace, key="WEB")
    state = StateFactory(project=web)
    await world.store(web, state)
    await move(world, target.project, title="Theirs")
    before = await world.rows()
    sent = {"move": {"projectId": web.id}, "estimate": 3}
    assert await conflicts(world, sent, 0) == {"projectId": ([here.project.id], [target.project.id], [web.id])}
    assert await world.rows() == before
    payload = await move(world, target.project, expectedRevision=0)
    assert (payload["errors"], payload["revision"]) == ([], None)
    payload = await move(world, web, expectedRevision=2)
    assert (payload["errors"], payload["issue"]["identifier"]) == ([], "WEB-1")


async def test_a_move_merges_with_later_changes_of_other_fields(world: World, target: Target):
    here = world.here
    await world.member.mutate("issueUpdate", {"id": here.issue.id, "title": "Theirs", "stateId": here.done.id})
    payload = await move(world, target.project, expectedRevision=0, priority="HIGH")
    assert payload["errors"] == []
    # Chosen by the present state.
    assert payload["issue"]["state"] == {"id": target.shipped.id}
    sent = {"id": here.issue.id, "estimate": 3, "expectedRevision": 1}
    assert (await world.member.mutate("issueUpdate", sent))["errors"] == []
    stored = await world.stored(Issue, here.issue.id)
    assert (stored.title, stored.priority.name, stored.estimate) == ("Theirs", "HIGH", 3)


async def test_the_state_of_a_move_does_not_overwrite_a_later_one(world: World, target: Target):
    here = world.here
    await world.member.mutate("issueUpdate", {"id": here.issue.id, "stateId": here.done.id})
    sent = {"move": {"projectId": target.project.id, "state": {"id": target.ideas.id}}}
    assert await conflicts(world, sent, 0) == {"stateId": ([here.todo.id], [here.done.id], [target.ideas.id])}


def issues_of(world: World, target: Target, count: int) -> tuple[list[Issue], list[Issue]]:
    """New issues of both projects."""
    by = {"creator_id": world.here.issue.creator_id}
    here = {"project": world.here.project, "state": world.here.todo} | by
    there = {"project": target.project, "state": target.todo} | by
    numbers = range(10, 10 + count)
    return [IssueFactory(**here, number=number) for number in numbers], [
        IssueFactory(**there, number=number) for number in numbers
    ]


async def test_two_moves_of_one_issue_at_once_follow_each_other(world: World, target: Target):
    web = ProjectFactory(workspace=world.here.workspace, key="WEB")
    await world.store(web, StateFactory(project=web))
    payloads = await asyncio.gather(*(move(world, project) for project in (target.project, web)))
    assert [payload["errors"] for payload in payloads] == [[], []]
    events = [event for _, _, _, event in await world.events()]
    ways = [
        (left["project_id"][0], entered["project_id"][1])
        for left, entered in zip(events[::2], events[1::2], strict=True)
    ]
    assert ways[0][1] == ways[1][0]
    assert (ways[0][0], {ways[0][1], ways[1][1]}) == (world.here.project.id, {target.project.id, web.id})
    stored = await world.stored(Issue, world.here.issue.id)
    assert stored.project_id == ways[1][1]
    assert (await world.stored(Comment, world.here.comment.id)).project_id == stored.project_id
    assert len((await world.rows())["issue_alias"]) == 2
    assert await require_exact_counts(world.engine) > 0


async def test_moves_in_both_directions_at_once_do_not_block_each_other(world: World, target: Target):
    here, there = issues_of(world, target, 12)
    await world.store(*here, *there)
    moves = [(target.project, issue) for issue in here] + [(world.here.project, issue) for issue in there]
    payloads = await asyncio.gather(*(move(world, *each) for each in moves[::2] + moves[1::2]))
    assert [payload["errors"] for payload in payloads] == [[]] * 24
    identifiers = [payload["issue"]["identifier"] for payload in payloads]
    assert sorted(identifiers) == sorted(f"{key}-{number}" for key in ("APP", "ENG") for number in range(22, 34))
    assert len((await world.rows())["issue_alias"]) == 24
    assert await require_exact_counts(world.engine) > 0


async def test_comments_that_are_written_during_a_move_come_along(world: World, target: Target):
    issue = world.here.issue
    comments = [world.member.mutate("commentCreate", {"issueId": issue.id, "body": str(n)}) for n in range(8)]
    payloads = await asyncio.gather(*comments[:4], move(world, target.project), *comments[4:])
    assert [payload["errors"] for payload in payloads] == [[]] * 9
    async with world.engine.connect() as connection:
        found = await connection.execute(text("SELECT project_id FROM comment WHERE issue_id = :id"), {"id": issue.id})
        assert [row.project_id for row in found] == [target.project.id] * 9
    assert await require_exact_counts(world.engine) > 0


@pytest.mark.parametrize("change", ["archived_at", "deleting_since"])
async def test_a_project_that_is_closed_during_a_move_takes_no_issue(world: World, target: Target, change: str):
    before = await world.stored(Issue, world.here.issue.id)
    async with world.engine.connect() as connection:
        closed = text(f"UPDATE project SET {change} = now() WHERE id = :id")
        await connection.execute(closed, {"id": target.project.id})
        moving = asyncio.create_task(move(world, target.project))
        await world.until_blocked(moving)
        await connection.commit()
    [error] = (await moving)["errors"]
    assert (error["code"], error["path"]) == ("CONFLICT", ["input", "move", "projectId"])
    assert await world.stored(Issue, before.id) == before
    assert await world.events() == []


async def test_a_state_that_is_deleted_during_a_move_takes_no_issue(world: World, target: Target):
    before = await world.rows()
    async with world.engine.connect() as connection:
        await connection.execute(text("DELETE FROM state WHERE id = :id"), {"id": target.todo.id})
        moving = asyncio.create_task(move(world, target.project))
        await world.until_blocked(moving)
        await connection.commit()
    [error] = (await moving)["errors"]
    assert (error["code"], error["path"]) == ("CONFLICT", ["input"])
    assert await world.rows() == before | {"state": (await world.rows())["state"]}
    assert (await move(world, target.project))["issue"]["state"] == {"id": target.ideas.id}


@pytest.mark.parametrize("is_target", [True, False])
async def test_a_project_is_deleted_while_issues_are_moved(world: World, target: Target, is_target: bool):
    """Each issue is either moved and told so, or deleted with the project."""
    here, _ = issues_of(world, target, 8)
    await world.store(*here)
    doomed: Project = target.project if is_target else world.here.project
    deletion = world.owner.mutate("projectDelete", {"id": doomed.id, "cascade": True}, "deletedProjectId")
    moves = [move(world, target.project, issue) for issue in here]
    *results, deleted = await asyncio.gather(*moves[:4], *moves[4:], deletion)
    assert (deleted["errors"], deleted["deletedProjectId"]) == ([], doomed.id)
    for issue, payload in zip(here, results, strict=True):
        stored = await world.stored(Issue, issue.id)
        codes = {(error["code"], ".".join(error["path"])) for error in payload["errors"]}
        if is_target:
            assert stored is None if not codes else stored == issue
            assert codes <= {("NOT_FOUND", "input.move.projectId"), ("NOT_FOUND", "input.id")}
        else:
            assert (stored is None) is bool(codes)
            assert codes <= {("NOT_FOUND", "input.id")}
    assert await world.stored(Project, doomed.id) is None
    assert await require_exact_counts(world.engine) > 0
