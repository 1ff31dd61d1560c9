"""Claims of placeholders: each changed issue and comment has its own event, also if a batch run changes them."""

from typing import Any

import pytest
from sqlalchemy import select

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.shared.actor import Role
from infra.audit.tables import EventRow
from infra.batches.tables import BatchRunRow
from infra.issues.tables import IssueAssigneeRow
from infra.jobs.in_process import run_now
from infra.jobs.leases import SqlLeases
from tests.factories.accounts import UserFactory
from tests.factories.workspaces import MemberFactory
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.storing import link

PAYLOAD = "member { id } batchRun { id kind subjectId targetId }"


class Work:
    """Issues and a comment of a placeholder, and an issue and a comment of others."""

    def __init__(self, world: World) -> None:
        place = world.here
        self.user = UserFactory(is_placeholder=True, email=None)
        self.placeholder = MemberFactory(workspace=place.workspace, user_id=self.user.id, role=Role.GUEST)
        there = {"project": place.project, "state": place.todo}
        self.created = IssueFactory(**there, number=11, creator_id=self.user.id)
        self.assigned = IssueFactory(**there, number=12, creator_id=place.issue.creator_id)
        self.both = IssueFactory(**there, number=13, creator_id=self.user.id)
        self.comment = CommentFactory(issue=place.issue, author_id=self.user.id)
        self.others_comment = CommentFactory(issue=place.issue, author_id=place.issue.creator_id)

    async def store(self, world: World) -> None:
        stored = (self.created, self.assigned, self.both, self.comment, self.others_comment)
        await world.store(self.user, self.placeholder, *stored)
        member = world.here.people[Role.MEMBER]
        await link(world.engine, self.assigned, assignees=[self.user])
        await link(world.engine, self.both, assignees=[self.user, member])


@pytest.fixture
async def given(world: World) -> Work:
    work = Work(world)
    await work.store(world)
    return work


async def claim(world: World, given: Work) -> Any:
    member = world.here.members[Role.MEMBER]
    asked = {"placeholderId": given.placeholder.id, "memberId": member.id}
    payload = await world.client(Role.ADMIN).mutate("memberClaim", asked, PAYLOAD)
    assert payload["errors"] == []
    assert payload["member"] == {"id": member.id}
    return payload["batchRun"]


async def require_handed_over(world: World, given: Work) -> None:
    member, placeholder = world.here.people[Role.MEMBER].id, given.user.id
    expected = {
        given.created.id: {"creator_id": [placeholder, member]},
        given.assigned.id: {"assignees": [[placeholder], [member]]},
        given.both.id: {
            "creator_id": [placeholder, member],
            "assignees": [sorted((placeholder, member)), [member]],
        },
        given.comment.id: {"author_id": [placeholder, member]},
    }
    events = select(EventRow.subject_id, EventRow.changes, EventRow.occurred_at)
    links = select(IssueAssigneeRow.issue_id, IssueAssigneeRow.user_id)
    async with world.engine.connect() as connection:
        told = (await connection.execute(events.where(EventRow.type.in_(("issue.updated", "comment.updated"))))).all()
        assigned = {tuple(row) for row in await connection.execute(links)}
    assert len(told) == len(expected)
    assert {subject: changes for subject, changes, _ in told} == expected
    times = {subject: occurred_at for subject, _, occurred_at in told}
    for issue in (given.created, given.assigned, given.both):
        stored = await world.stored(Issue, issue.id)
        assert stored.updated_at == times[issue.id]
        assert stored.creator_id == (issue.creator_id if issue is given.assigned else member)
    comment = await world.stored(Comment, given.comment.id)
    assert (comment.author_id, comment.updated_at) == (member, times[comment.id])
    assert assigned == {(given.assigned.id, member), (given.both.id, member)}
    assert await world.stored(Comment, given.others_comment.id) == given.others_comment
    assert (await world.stored(Issue, world.here.issue.id)).updated_at == world.here.issue.updated_at
    kinds = [kind for _, kind, _, _ in await world.events()]
    assert (kinds.count("member.claimed"), kinds[-1]) == (1, "member.removed")


async def test_each_issue_and_comment_of_a_placeholder_has_an_event_with_both_users(world: World, given: Work) -> None:
    assert await claim(world, given) is None
    await require_handed_over(world, given)


async def test_much_work_is_handed_over_by_a_run(
    world: World, given: Work, leases: SqlLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.transfers.placeholder_service.MOST_AT_ONCE", 3)
    monkeypatch.setattr("infra.batches.repository.BATCH_SIZE", 2)
    run = await claim(world, given)
    member = world.here.members[Role.MEMBER]
    assert run == {
        "id": run["id"],
        "kind": "MEMBER_CLAIM",
        "subjectId": given.placeholder.id,
        "targetId": member.id,
    }
    assert await world.stored(Issue, given.created.id) == given.created
    again = {"placeholderId": given.placeholder.id, "memberId": member.id}
    refused = (await world.client(Role.ADMIN).mutate("memberClaim", again))["errors"]
    assert [(error["code"], error["path"]) for error in refused] == [("CONFLICT", ["input", "placeholderId"])]
    async with world.engine.connect() as connection:
        job_id = await connection.scalar(select(BatchRunRow.job_id))
    assert await run_now(world.app, leases, str(job_id), seconds=30)
    await require_handed_over(world, given)
