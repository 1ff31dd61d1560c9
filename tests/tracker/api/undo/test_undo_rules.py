"""Who can undo which change sets, and in how many statements."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from domain.issues.model import Issue
from domain.shared.actor import Cause, Role
from infra.audit.tables import EventRow
from tests.client import Client
from tests.statements import counted
from tests.tracker.api.undo.taken_back import undo
from tests.tracker.api.undo.test_undo import change, undone
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory


async def refusals(world: World, client: Client, change_set: int) -> list[tuple[str, str]]:
    payload = await undo(client, world.here.workspace.id, change_set)
    assert payload["revision"] is None
    found = [*payload["errors"], *(error for result in payload["results"] for error in result["errors"])]
    return sorted({(error["__typename"], error["code"]) for error in found})


DENIED = [("PermissionError", "PERMISSION_DENIED")]
REFUSED = [("ConflictError", "CONFLICT")]


async def renamed(world: World, client: Client) -> int:
    payload = await change(client, "labelUpdate", {"id": world.here.label.id, "name": "Other"})
    revision: int = payload["revision"]
    return revision


async def written_as(world: World, **values: Any) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(update(EventRow).values(**values))


async def test_members_undo_their_own_change_sets_and_admins_all(world: World) -> None:
    change_set = await renamed(world, world.owner)
    assert await refusals(world, world.member, change_set) == DENIED
    await undone(world, change_set, world.client(Role.ADMIN))
    await undone(world, await renamed(world, world.member), world.member)


async def test_members_undo_change_sets_of_the_last_30_days_and_admins_all(world: World) -> None:
    change_set = await renamed(world, world.member)
    await written_as(world, occurred_at=EventRow.occurred_at - timedelta(days=31))
    assert await refusals(world, world.member, change_set) == DENIED
    await undone(world, change_set)


@pytest.mark.parametrize("cause", [Cause.IMPORT, Cause.SEED])
async def test_imports_and_demo_data_cannot_be_undone(world: World, cause: Cause) -> None:
    change_set = await renamed(world, world.owner)
    await written_as(world, cause=cause)
    assert await refusals(world, world.owner, change_set) == REFUSED


async def test_deletions_for_ever_cannot_be_undone(world: World) -> None:
    here = world.here
    await change(world.owner, "issueDelete", {"id": here.issue.id})
    purged = await change(world.owner, "issuePurge", {"id": here.issue.id})
    deleted = await change(world.owner, "projectDelete", {"id": here.project.id, "cascade": True})
    for payload in (purged, deleted):
        assert await refusals(world, world.owner, payload["revision"]) == REFUSED


async def test_changes_of_members_cannot_be_undone(world: World) -> None:
    member = world.here.members[Role.MEMBER].id
    payload = await change(world.owner, "memberUpdate", {"id": member, "role": "ADMIN"})
    assert await refusals(world, world.owner, payload["revision"]) == REFUSED


async def test_the_permissions_of_the_changes_are_needed(world: World) -> None:
    """A former admin can no longer undo what only admins can change, or delete the comments of others."""
    here = world.here
    payload = await change(world.owner, "workspaceUpdate", {"id": here.workspace.id, "name": "Other"})
    for role in (Role.MEMBER, Role.GUEST):
        client = world.owner.as_role(role, here.workspace.id)
        assert await refusals(world, client, payload["revision"]) in (DENIED, [("NotFoundError", "NOT_FOUND")])


async def test_comments_of_others_are_edited_by_nobody(world: World) -> None:
    payload = await change(
        world.client(Role.GUEST), "commentCreate", {"issueId": world.here.issue.id, "body": "new"}, "comment { id }"
    )
    edited = await change(world.client(Role.GUEST), "commentUpdate", {"id": payload["comment"]["id"], "body": "other"})
    assert await refusals(world, world.owner, edited["revision"]) == DENIED
    await undone(world, edited["revision"], world.client(Role.GUEST))
    # Moderators can delete it.
    await undone(world, payload["revision"])


async def test_guests_undo_their_comments_only(world: World) -> None:
    guest = world.client(Role.GUEST)
    payload = await change(guest, "commentCreate", {"issueId": world.here.issue.id, "body": "new"})
    await undone(world, payload["revision"], guest)
    assert await refusals(world, guest, await renamed(world, world.owner)) != []


async def test_unknown_change_sets_are_not_found(world: World) -> None:
    change_set = await renamed(world, world.owner)
    for unknown in (0, change_set + 1, 2**40):
        assert await refusals(world, world.owner, unknown) == [("NotFoundError", "NOT_FOUND")]
    assert await refusals(world, world.client(None), change_set) == [("NotFoundError", "NOT_FOUND")]


async def test_an_undone_change_set_is_undone_again_after_it_was_redone(world: World) -> None:
    change_set = await renamed(world, world.owner)
    undo_set = (await undone(world, change_set))["revision"]
    assert await refusals(world, world.owner, change_set) == REFUSED
    await undone(world, undo_set)
    await undone(world, change_set)


async def test_a_retry_with_the_same_key_returns_the_first_result(world: World) -> None:
    change_set = await renamed(world, world.owner)
    first = await undone(world, change_set, idempotencyKey="once")
    [result] = first["results"]
    again = await undone(world, change_set, idempotencyKey="once")
    assert again == first | {"results": [result | {"changes": []}]}


async def test_a_retry_repeats_the_conflicts_that_were_skipped(world: World) -> None:
    issue_id = world.here.issue.id
    mine = await change(world.owner, "issueUpdate", {"id": issue_id, "title": "Mine", "estimate": 3})
    await change(world.owner, "issueUpdate", {"id": issue_id, "title": "Theirs"})
    given = {"onConflict": "SKIP", "idempotencyKey": "once"}
    [first] = (await undone(world, mine["revision"], **given))["results"]
    [again] = (await undone(world, mine["revision"], **given))["results"]
    assert first["errors"][0]["conflictingFields"] == ["title"]
    assert again == first | {"changes": []}


@pytest.mark.parametrize("count", [1, 20])
async def test_the_number_of_statements_does_not_depend_on_that_of_the_objects(world: World, count: int) -> None:
    here = world.here
    other = MilestoneFactory(project=here.project)
    parent = IssueFactory(project=here.project, state=here.done, number=1000, creator_id=here.issue.creator_id)
    issues = [
        IssueFactory(project=here.project, state=here.todo, number=number, creator_id=here.issue.creator_id)
        for number in range(2000, 2000 + count)
    ]
    await world.store(other, parent, *issues)
    given = {"title": "Other", "description": "y" * 5000, "stateId": here.done.id, "milestoneId": other.id}
    given |= {"parentId": parent.id, "assignees": {"add": [here.people[Role.OWNER].id]}}
    given |= {"labels": {"add": [here.label.id]}}
    revisions = []
    for issue in issues:
        payload = await change(world.owner, "issueUpdate", {"id": issue.id, **given})
        revisions.append(payload["revision"])
    async with world.engine.begin() as connection:
        await connection.execute(
            update(EventRow).where(EventRow.revision >= revisions[0]).values(change_set=revisions[-1])
        )
    with counted() as statements:
        await undone(world, revisions[-1])
    assert len(statements) <= 24, statements
    assert (await world.stored(Issue, issues[-1].id)).state_id == here.todo.id
