"""Many callers at once: nothing is lost, doubled or torn."""

import asyncio

from sqlalchemy import text

from domain.issues.model import Issue
from domain.issues.priorities import Priority
from domain.shared.actor import Role
from infra.comments.repository import SqlCommentRepository
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory


async def test_64_issues_created_at_once_get_64_numbers_and_none_is_lost(world: World):
    place = world.here
    asked = {"projectId": place.project.id}
    payloads = await asyncio.gather(
        *(
            world.member.mutate("issueCreate", asked | {"title": f"Issue {n}"}, "issue { id number title }")
            for n in range(64)
        )
    )
    assert [payload["errors"] for payload in payloads] == [[]] * 64
    assert sorted(payload["issue"]["number"] for payload in payloads) == list(range(2, 66))
    assert [payload["issue"]["title"] for payload in payloads] == [f"Issue {n}" for n in range(64)]
    assert sorted(payload["revision"] for payload in payloads) == list(range(1, 65))
    events = await world.events()
    assert [revision for revision, *_ in events] == list(range(1, 65))
    by_revision = {payload["revision"]: payload["issue"]["id"] for payload in payloads}
    assert [(revision, subject) for revision, _, subject, _ in events] == sorted(by_revision.items())
    async with world.engine.connect() as connection:
        stored = await connection.execute(
            text("SELECT number FROM issue WHERE project_id = :id ORDER BY number"),
            {"id": place.project.id},
        )
        assert [row[0] for row in stored] == list(range(1, 66))


async def test_edits_of_different_fields_both_survive(world: World):
    issue, guest = world.here.issue, world.here.people[Role.GUEST]
    changes = [
        {"title": "New title"},
        {"description": "New text"},
        {"priority": "HIGH"},
        {"estimate": 3},
        {"dueDate": "2026-05-01"},
        {"stateId": world.here.done.id},
        {"assignees": {"add": [guest.id]}},
        {"labels": {"add": [world.here.label.id]}},
    ]
    payloads = await asyncio.gather(
        *(world.member.mutate("issueUpdate", {"id": issue.id, **change}) for change in changes)
    )
    assert [payload["errors"] for payload in payloads] == [[]] * len(changes)
    stored = await world.stored(Issue, issue.id)
    assert (stored.title, stored.description, stored.priority, stored.estimate) == (
        "New title",
        "New text",
        Priority.HIGH,
        3,
    )
    assert (str(stored.due_date), stored.state_id) == ("2026-05-01", world.here.done.id)
    rows = await world.rows()
    assert (len(rows["issue_assignee"]), len(rows["issue_label"])) == (1, 1)
    events = await world.events()
    assert [revision for revision, *_ in events] == list(range(1, 9))
    logged = [name for *_, change in events for name in change]
    assert sorted(logged) == sorted(
        ["title", "description", "priority", "estimate", "due_date", "state_id", "completed_at", "assignees", "labels"]
    )


async def test_32_edits_of_one_field_form_one_chain(world: World):
    issue = world.here.issue
    titles = [f"Title {n}" for n in range(32)]
    await asyncio.gather(*(world.member.mutate("issueUpdate", {"id": issue.id, "title": title}) for title in titles))
    steps = [changes["title"] for *_, changes in await world.events()]
    assert sorted(after for _, after in steps) == sorted(titles)
    assert [before for before, _ in steps] == [issue.title, *(after for _, after in steps[:-1])]
    assert (await world.stored(Issue, issue.id)).title == steps[-1][1]


async def test_of_two_moves_that_would_close_a_ring_one_wins(world: World):
    place = world.here
    others = [
        IssueFactory(project=place.project, state=place.todo, number=number, creator_id=place.issue.creator_id)
        for number in range(2, 12)
    ]
    await world.store(*others)
    for one, other in zip(others[::2], others[1::2], strict=True):
        payloads = await asyncio.gather(
            world.member.mutate("issueUpdate", {"id": one.id, "parentId": other.id}),
            world.member.mutate("issueUpdate", {"id": other.id, "parentId": one.id}),
        )
        codes = sorted(tuple(error["code"] for error in payload["errors"]) for payload in payloads)
        assert codes == [(), ("PARENT_CYCLE",)]
        parents = [(await world.stored(Issue, issue.id)).parent_id for issue in (one, other)]
        assert parents in ([other.id, None], [None, one.id])


async def test_of_three_moves_that_would_close_a_ring_two_win(world: World):
    place = world.here
    ring = [
        IssueFactory(project=place.project, state=place.todo, number=number, creator_id=place.issue.creator_id)
        for number in range(2, 5)
    ]
    await world.store(*ring)
    payloads = await asyncio.gather(
        *(
            world.member.mutate("issueUpdate", {"id": issue.id, "parentId": above.id})
            for issue, above in zip(ring, [*ring[1:], ring[0]], strict=True)
        )
    )
    codes = sorted(tuple(error["code"] for error in payload["errors"]) for payload in payloads)
    assert codes == [(), (), ("PARENT_CYCLE",)]
    assert len(await world.events()) == 2


async def test_an_issue_purged_while_it_is_commented_on_leaves_nothing_behind(world: World):
    place = world.here
    await world.owner.mutate("issueDelete", {"id": place.issue.id})
    async with world.engine.connect() as connection:
        # The lock that `commentCreate` takes first.
        await connection.execute(text("SELECT FROM issue WHERE id = :id FOR NO KEY UPDATE"), {"id": place.issue.id})
        purge = asyncio.create_task(world.owner.mutate("issuePurge", {"id": place.issue.id}))
        await world.until_blocked(purge)
        late = CommentFactory(issue=place.issue, author_id=place.comment.author_id)
        await SqlCommentRepository(connection).add(late)
        await connection.commit()
    payload = await purge
    assert payload["errors"] == []
    assert await world.stored(Issue, place.issue.id) is None
    assert [place.issue.id in row for row in (await world.rows())["comment"]] == [False]


async def test_16_comments_created_at_once_are_all_counted(world: World):
    issue_id = world.here.issue.id
    await asyncio.gather(
        *(world.member.mutate("commentCreate", {"issueId": issue_id, "body": f"Comment {n}"}) for n in range(16))
    )
    assert (await world.stored(Issue, issue_id)).comment_count == 17
