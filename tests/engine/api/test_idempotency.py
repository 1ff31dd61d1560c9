"""A mutation that is retried with its idempotency key runs once and returns the same response."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from domain.issues.model import Issue
from domain.shared.actor import Role
from tests.factories.workspaces import MemberFactory, WorkspaceFactory
from tests.refusals import assert_refused, bad_lines, conflict
from tests.tracker.api.world import World
from tests.tracker.factories.storing import link


async def keys(world: World) -> int:
    async with world.engine.connect() as connection:
        return await connection.scalar(text("SELECT count(*) FROM idempotency_key"))


async def test_32_requests_with_one_key_have_one_effect_and_one_answer(world: World):
    asked = {"projectId": world.here.project.id, "title": "Once", "idempotencyKey": "k1"}
    payloads = await asyncio.gather(
        *(
            world.member.mutate("issueCreate", asked | {"clientMutationId": str(n)}, "issue { id number title }")
            for n in range(32)
        )
    )
    assert payloads == [payloads[0]] * 32
    assert (payloads[0]["issue"]["number"], payloads[0]["revision"], payloads[0]["errors"]) == (2, 1, [])
    assert len(await world.events()) == 1
    assert len((await world.rows())["issue"]) == 3, "the world's two and the new one"


async def test_the_answer_to_a_retry_shows_the_entity_as_it_is_now(world: World):
    asked = {"projectId": world.here.project.id, "title": "First", "idempotencyKey": "k1"}
    first = await world.member.mutate("issueCreate", asked, "issue { id }")
    issue_id = first["issue"]["id"]
    await world.member.mutate("issueUpdate", {"id": issue_id, "title": "Second"})
    again = await world.member.mutate(
        "issueCreate", asked | {"clientMutationId": "c"}, "issue { id title } clientMutationId"
    )
    assert again == {
        "issue": {"id": issue_id, "title": "Second"},
        "clientMutationId": "c",
        "revision": 1,
        "errors": [],
    }


async def test_an_idempotency_key_belongs_to_one_request(world: World):
    place = world.here
    asked = {"projectId": place.project.id, "title": "Once", "idempotencyKey": "k1"}
    await world.member.mutate("issueCreate", asked)
    mismatch = conflict("idempotencyKey", "IDEMPOTENCY_MISMATCH")
    cases = {
        "another value": ({"title": "Twice"}, mismatch),
        "another field": ({"estimate": 1}, mismatch),
    }
    await assert_refused(world, world.member, "issueCreate", asked, cases)
    other = {"id": place.issue.id, "title": "Once", "idempotencyKey": "k1"}
    await assert_refused(world, world.member, "issueUpdate", other, {"another mutation": ({}, mismatch)})


async def test_keys_of_different_people_have_nothing_to_do_with_each_other(world: World):
    asked = {"projectId": world.here.project.id, "title": "Once", "idempotencyKey": "k1"}
    first = await world.member.mutate("issueCreate", asked, "issue { number }")
    second = await world.owner.mutate("issueCreate", asked, "issue { number }")
    assert (first["issue"], second["issue"]) == ({"number": 2}, {"number": 3})


async def test_a_refused_request_does_not_spend_its_key(world: World):
    asked = {"projectId": world.here.project.id, "title": "", "idempotencyKey": "k1"}
    assert (await world.member.mutate("issueCreate", asked))["errors"] != []
    assert await keys(world) == 0
    payload = await world.member.mutate("issueCreate", asked | {"title": "Right"}, "issue { title }")
    assert payload == {"issue": {"title": "Right"}, "revision": 1, "errors": []}


async def test_a_change_of_nothing_is_remembered_too(world: World):
    asked = {"id": world.here.issue.id, "title": world.here.issue.title, "idempotencyKey": "k1"}
    first = await world.member.mutate("issueUpdate", asked, "issue { id }")
    assert first == {"issue": {"id": world.here.issue.id}, "revision": None, "errors": []}
    await world.member.mutate("issueUpdate", {"id": world.here.issue.id, "title": "Later"})
    assert await world.member.mutate("issueUpdate", asked, "issue { id }") == first
    assert (await world.stored(Issue, world.here.issue.id)).title == "Later"


async def test_bad_keys_are_refused(world: World):
    good = {"projectId": world.here.project.id, "title": "Once"}
    await assert_refused(world, world.member, "issueCreate", good, bad_lines("idempotencyKey", longest=255))


@pytest.mark.parametrize(
    ("mutation", "field"),
    [
        ("issuePurge", "deletedIssueId"),
        ("labelDelete", "deletedLabelId detachedCount"),
        ("memberRemove", "deletedMemberId"),
        ("projectDelete", "deletedProjectId"),
        ("stateDelete", "deletedStateId"),
        ("workspaceDelete", "deletedWorkspaceId"),
    ],
)
async def test_the_retry_of_a_deletion_names_what_is_gone(world: World, mutation: str, field: str):
    place, client = world.here, world.owner
    await link(world.engine, place.issue, labels=[place.label])
    subjects: dict[str, Any] = {
        "issuePurge": place.issue.id,
        "labelDelete": place.label.id,
        "memberRemove": place.members[Role.GUEST].id,
        "stateDelete": place.done.id,
    }
    if mutation == "issuePurge":
        await client.mutate("issueDelete", {"id": place.issue.id})
    if mutation == "projectDelete":
        created = {"workspaceId": place.workspace.id, "key": "GONE", "name": "Gone"}
        subjects[mutation] = (await client.mutate("projectCreate", created, "project { id }"))["project"]["id"]
    if mutation == "workspaceDelete":
        workspace = WorkspaceFactory()
        await world.store(workspace, MemberFactory(workspace=workspace, user_id=client.actor.user_id, role=Role.OWNER))
        client, subjects[mutation] = client.as_role(Role.OWNER, workspace.id), workspace.id
    asked = {"id": subjects[mutation], "idempotencyKey": "k1"}
    first = await client.mutate(mutation, asked, field)
    assert (first[field.split(maxsplit=1)[0]], first["errors"]) == (subjects[mutation], [])
    before = await world.rows()
    assert await client.mutate(mutation, asked, field) == first
    assert await world.rows() == before


async def test_a_workspace_created_by_32_requests_at_once_is_shown_to_each(world: World):
    asked = {"slug": "once", "name": "Once", "idempotencyKey": "k1"}
    payloads = await asyncio.gather(
        *(world.member.mutate("workspaceCreate", asked, "workspace { id slug }") for _ in range(32))
    )
    assert payloads == [payloads[0]] * 32
    assert payloads[0]["workspace"]["slug"] == "once"
    assert len((await world.rows())["workspace"]) == 3


async def test_a_retry_does_not_show_a_removed_membership_to_its_former_member(world: World):
    """The answer to a retry is read with the roles that the caller has now."""
    member = world.here.members[Role.GUEST]
    asked = {"id": member.id, "idempotencyKey": "k1"}
    guest = world.client(Role.GUEST)
    first = await guest.mutate("memberRemove", asked, "deletedMemberId")
    assert await guest.mutate("memberRemove", asked, "deletedMemberId") == first
