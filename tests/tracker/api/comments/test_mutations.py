import asyncio
from dataclasses import replace

import pytest

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.shared.actor import Role
from tests.factories.moments import MADE
from tests.refusals import Refusal, assert_refused, bad_ids, bad_texts, conflict, invalid
from tests.tracker.api.world import World
from tests.tracker.factories.comments import CommentFactory
from tests.tracker.factories.issues import IssueFactory

DENIED: list[Refusal] = [("PermissionError", "PERMISSION_DENIED", "input")]


async def test_commenting_on_an_issue(world: World):
    issue = world.here.issue
    payload = await world.client(Role.GUEST).mutate(
        "commentCreate",
        {"issueId": issue.id, "body": "  *Kept*\n as it is \n"},
        "comment { id body editedAt deletedAt author { name } issue { identifier comments { totalCount } } }",
    )
    comment_id = payload["comment"].pop("id")
    assert payload == {
        "comment": {
            "body": "  *Kept*\n as it is \n",
            "editedAt": None,
            "deletedAt": None,
            "author": {"name": "Guest"},
            "issue": {"identifier": "ENG-1", "comments": {"totalCount": 2}},
        },
        "revision": 1,
        "errors": [],
    }
    stored = await world.stored(Comment, comment_id)
    assert (stored.workspace_id, stored.project_id, stored.issue_id) == (
        issue.workspace_id,
        issue.project_id,
        issue.id,
    )
    changes = {
        "issue_id": [None, issue.id],
        "author_id": [None, stored.author_id],
        "body": [None, "  *Kept*\n as it is \n"],
    }
    assert await world.events() == [(1, "comment.created", comment_id, changes)]
    assert await world.stored(Issue, issue.id) == replace(issue, comment_count=2)


async def test_the_longest_body_is_kept_and_logged_whole(world: World):
    body = "ä" * (128 * 1024)
    payload = await world.member.mutate(
        "commentCreate", {"issueId": world.here.issue.id, "body": body}, "comment { id }"
    )
    assert (await world.stored(Comment, payload["comment"]["id"])).body == body
    [(_, _, _, changes)] = await world.events()
    assert changes["body"] == [None, None], "stored apart, so that other readers of events need not read it"
    query = """query ($slug: String!) { workspace(slug: $slug) { changes(after: 0) {
      events { changes { field before after } } } } }"""
    [event] = (await world.owner.run(query, slug=world.here.workspace.slug))["workspace"]["changes"]["events"]
    assert {"field": "body", "before": None, "after": [body]} in event["changes"]


async def test_bad_comments_are_refused(world: World):
    place = world.here
    trashed = IssueFactory(
        project=place.project, state=place.todo, number=2, creator_id=place.issue.creator_id, trashed_at=MADE
    )
    await world.store(trashed)
    cases = {
        **bad_ids("issueId", "iss", foreign=world.elsewhere.issue.id),
        **bad_texts("body"),
        "empty": ({"body": ""}, invalid("body", "REQUIRED")),
        "blank": ({"body": " \n\t"}, invalid("body", "REQUIRED")),
        "invisible": ({"body": "\u200b\n\ufeff"}, invalid("body", "REQUIRED")),
        "in the trash": ({"issueId": trashed.id}, conflict("issueId")),
    }
    await assert_refused(world, world.member, "commentCreate", {"issueId": place.issue.id, "body": "Hello"}, cases)


async def test_changing_ones_own_comment(world: World):
    comment = world.here.comment
    payload = await world.member.mutate(
        "commentUpdate", {"id": comment.id, "body": "Better"}, "comment { body editedAt deletedAt }"
    )
    stored = await world.stored(Comment, comment.id)
    edited = stored.edited_at.isoformat().replace("+00:00", "Z")
    assert payload == {
        "comment": {"body": "Better", "editedAt": edited, "deletedAt": None},
        "revision": 1,
        "errors": [],
    }
    assert stored == replace(comment, body="Better", edited_at=stored.edited_at, updated_at=stored.edited_at)
    assert stored.edited_at > comment.created_at
    changes = {"body": [comment.body, "Better"], "edited_at": [None, stored.edited_at.isoformat()]}
    assert await world.events() == [(1, "comment.updated", comment.id, changes)]


async def test_the_same_text_again_is_no_edit(world: World):
    comment = world.here.comment
    before = await world.rows()
    payload = await world.member.mutate(
        "commentUpdate", {"id": comment.id, "body": comment.body}, "comment { editedAt }"
    )
    assert payload == {"comment": {"editedAt": None}, "revision": None, "errors": []}
    assert await world.rows() == before


async def test_bad_changes_of_a_comment_are_refused(world: World):
    place = world.here
    gone = CommentFactory(issue=place.issue, author_id=place.comment.author_id, body="", deleted_at=MADE)
    others = CommentFactory(issue=place.issue, author_id=place.people[Role.GUEST].id)
    await world.store(gone, others)
    cases = {
        **bad_ids("id", "com", foreign=world.elsewhere.comment.id),
        **bad_texts("body"),
        "empty": ({"body": ""}, invalid("body", "REQUIRED")),
        "blank": ({"body": " \n\t"}, invalid("body", "REQUIRED")),
        "invisible": ({"body": "\u200b\n\ufeff"}, invalid("body", "REQUIRED")),
        "deleted": ({"id": gone.id}, conflict("id")),
        "somebody else's": ({"id": others.id}, DENIED),
    }
    await assert_refused(world, world.member, "commentUpdate", {"id": place.comment.id, "body": "New"}, cases)


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.GUEST])
async def test_no_role_can_edit_comments_of_other_users(world: World, role: Role):
    asked = {"id": world.here.comment.id, "body": "New"}
    await assert_refused(world, world.client(role), "commentUpdate", asked, {"others": ({}, DENIED)})


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ADMIN, Role.OWNER])
async def test_a_deleted_comment_leaves_a_tombstone(world: World, role: Role):
    comment = world.here.comment
    client = world.client(role)
    payload = await client.mutate("commentDelete", {"id": comment.id}, "comment { id body deletedAt author { id } }")
    stored = await world.stored(Comment, comment.id)
    tombstone = {
        "id": comment.id,
        "body": "",
        "deletedAt": stored.deleted_at.isoformat().replace("+00:00", "Z"),
        "author": {"id": comment.author_id},
    }
    assert payload == {"comment": tombstone, "revision": 1, "errors": []}
    assert stored == replace(comment, body="", deleted_at=stored.deleted_at, updated_at=stored.deleted_at)
    changes = {"body": [comment.body, ""], "deleted_at": [None, stored.deleted_at.isoformat()]}
    assert await world.events() == [(1, "comment.deleted", comment.id, changes)]
    data = await client.run(
        "query ($id: ID!) { node(id: $id) { ... on Issue { comments { totalCount nodes { id body } } } } }",
        id=comment.issue_id,
    )
    assert data["node"]["comments"] == {"totalCount": 1, "nodes": [{"id": comment.id, "body": ""}]}

    before = await world.rows()
    again = await client.mutate("commentDelete", {"id": comment.id}, "comment { deletedAt }")
    assert again == {"comment": {"deletedAt": tombstone["deletedAt"]}, "revision": None, "errors": []}
    assert await world.rows() == before


async def test_bad_deletions_are_refused(world: World):
    place = world.here
    others = CommentFactory(issue=place.issue, author_id=place.people[Role.GUEST].id)
    await world.store(others)
    cases = {
        **bad_ids("id", "com", foreign=world.elsewhere.comment.id),
        "somebody else's": ({"id": others.id}, DENIED),
    }
    await assert_refused(world, world.member, "commentDelete", {}, cases)


async def test_a_comment_deleted_by_many_at_once_is_deleted_once(world: World):
    asked = {"id": world.here.comment.id}
    payloads = await asyncio.gather(*(world.member.mutate("commentDelete", asked) for _ in range(8)))
    assert [payload["errors"] for payload in payloads] == [[]] * 8
    assert sorted(payload["revision"] or 0 for payload in payloads) == [0] * 7 + [1]
    assert [kind for _, kind, _, _ in await world.events()] == ["comment.deleted"]
