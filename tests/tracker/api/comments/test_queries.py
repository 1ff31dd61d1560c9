from datetime import timedelta
from typing import Any

import pytest

from domain.shared.actor import Role
from tests.factories.moments import MADE
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory

LIST = """query ($id: ID!, $filter: CommentFilter) { node(id: $id) { ... on Issue {
  comments(filter: $filter) { totalCount nodes { body } } } } }"""


@pytest.mark.parametrize(
    ("filter", "bodies"),
    [
        (None, ["First", "Second word", ""]),
        ({"body": {"contains": "WORD"}}, ["Second word"]),
        ({"body": {"neq": ""}}, ["First", "Second word"]),
        ({"author": {"name": {"eq": "Guest"}}}, ["Second word"]),
        ({"not": {"author": {"name": {"eq": "Guest"}}}}, ["First", ""]),
        ({"createdAt": {"gt": "2026-01-01T00:00:00Z"}}, ["Second word", ""]),
        ({"createdAt": {"lt": "2026-01-01T02:00:00+01:00"}}, ["First"]),
        ({"createdAt": {"in": ["2026-01-01T02:00:00Z"]}}, [""]),
    ],
)
async def test_filtering_comments(world: World, filter: Any, bodies: list[str]):
    issue, people = world.here.issue, world.here.people
    await world.member.mutate("commentUpdate", {"id": world.here.comment.id, "body": "First"})
    second = CommentFactory(
        issue=issue, author_id=people[Role.GUEST].id, body="Second word", created_at=MADE + timedelta(hours=1)
    )
    tombstone = CommentFactory(
        issue=issue,
        author_id=people[Role.OWNER].id,
        body="",
        deleted_at=MADE,
        created_at=MADE + timedelta(hours=2),
    )
    await world.store(second, tombstone)
    data = await world.member.run(LIST, id=issue.id, filter=filter)
    assert data["node"]["comments"] == {"totalCount": len(bodies), "nodes": [{"body": body} for body in bodies]}
