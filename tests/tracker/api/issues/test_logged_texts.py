"""Texts of issues and comments in the change log, and their removal with what they belong to."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from infra.audit.tables import EventRow, EventTextRow
from infra.jobs.log_cleaning import forget_deleted_texts
from tests.tracker.api.world import World

LONG = "long" * 2000


async def texts(world: World) -> list[tuple[int, str, int]]:
    """Revision, field and side of all long texts."""
    columns = (EventTextRow.revision, EventTextRow.field, EventTextRow.side)
    async with world.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(*columns))]


async def commented(world: World, body: str) -> str:
    made = await world.member.mutate("commentCreate", {"issueId": world.here.issue.id, "body": body}, "comment { id }")
    comment_id: str = made["comment"]["id"]
    return comment_id


async def test_purging_removes_the_texts_of_the_issue_and_its_comments(world: World) -> None:
    issue = world.here.issue
    await world.member.mutate("issueUpdate", {"id": issue.id, "title": "Secret", "description": LONG})
    comment_id = await commented(world, "Secret")
    await world.member.mutate("commentUpdate", {"id": comment_id, "body": LONG})
    other = {"projectId": world.here.project.id, "title": "Kept", "description": LONG}
    assert (await world.member.mutate("issueCreate", other))["revision"] == 4
    await world.owner.mutate("issueDelete", {"id": issue.id})
    assert await texts(world) == [(1, "description", 1), (3, "body", 1), (4, "description", 1)]

    await world.owner.mutate("issuePurge", {"id": issue.id})

    told = {revision: changes for revision, _, _, changes in await world.events()}
    assert "Secret" not in str(told)
    assert told[1] == {}
    assert told[2].keys() == {"issue_id", "author_id"}
    assert told[3].keys() == {"edited_at"}
    assert told[4]["title"] == [None, "Kept"]
    assert await texts(world) == [(4, "description", 1)]


async def test_the_texts_of_a_deleted_project_are_removed(world: World) -> None:
    await world.member.mutate("issueUpdate", {"id": world.here.issue.id, "title": "Secret", "description": LONG})
    await commented(world, LONG)
    await world.owner.mutate("projectDelete", {"id": world.here.project.id, "cascade": True})
    assert "Secret" not in str(await world.events())
    assert await texts(world) == []


async def test_the_text_of_a_deleted_comment_is_removed_after_30_days(world: World) -> None:
    old, young = await commented(world, LONG), await commented(world, "Young")
    for comment_id in (old, young):
        await world.member.mutate("commentDelete", {"id": comment_id})
    async with world.engine.begin() as connection:
        deletion = (EventRow.subject_id == old) & (EventRow.type == "comment.deleted")
        earlier = EventRow.occurred_at - timedelta(days=30)
        await connection.execute(update(EventRow).where(deletion).values(occurred_at=earlier))
    before = await world.events()
    assert await texts(world) == [(1, "body", 1), (3, "body", 0)]

    async with world.engine.begin() as connection:
        assert await forget_deleted_texts(connection)
        assert not await forget_deleted_texts(connection)

    after = await world.events()
    assert [event for event in after if event[2] == young] == [event for event in before if event[2] == young]
    assert [sorted(event[3]) for event in after if event[2] == old] == [["author_id", "issue_id"], ["deleted_at"]]
    assert await texts(world) == []


async def test_the_text_of_a_comment_that_came_back_is_kept(world: World) -> None:
    comment_id = await commented(world, LONG)
    deleted = await world.member.mutate("commentDelete", {"id": comment_id})
    given = {"workspaceId": world.here.workspace.id, "changeSet": deleted["revision"]}
    restored = await world.member.mutate("changeSetUndo", given)
    assert restored["errors"] == []
    before = await aged(world)
    async with world.engine.begin() as connection:
        assert not await forget_deleted_texts(connection)
    assert await world.events() == before

    again = await world.owner.mutate("changeSetUndo", given | {"changeSet": restored["revision"]})
    assert again["errors"] == []
    await aged(world)
    async with world.engine.begin() as connection:
        assert await forget_deleted_texts(connection)
        assert not await forget_deleted_texts(connection)
    assert "body" not in str([event[3] for event in await world.events() if event[2] == comment_id])
    assert await texts(world) == []


async def aged(world: World) -> Any:
    """All events, which are 30 days older than before."""
    async with world.engine.begin() as connection:
        await connection.execute(update(EventRow).values(occurred_at=EventRow.occurred_at - timedelta(days=30)))
    return await world.events()
