"""`commentBatchCreate`: comments on several issues of a workspace, of which some may be invisible or in the trash."""

from typing import Any

import pytest

from domain.comments.model import Comment
from domain.issues.model import Issue
from domain.shared.actor import Role
from domain.shared.batches import MOST_AT_ONCE
from tests.client import Client
from tests.factories.moments import MADE
from tests.refusals import assert_refused, bad_ids, bad_texts, invalid, limit
from tests.statements import counted
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.list_sizes import require_exact_counts

ERRORS = "errors { __typename code path message }"
ROWS = f"""results {{ index commentId comment {{ body author {{ name }} issue {{ id }} }} {ERRORS} }}
  changedCount skippedCount"""


async def create(client: Client, world: World, *comments: tuple[str, str], **more: Any) -> Any:
    given = [{"issueId": issue_id, "body": body} for issue_id, body in comments]
    asked = {"workspaceId": world.here.workspace.id, "comments": given, **more}
    return await client.mutate("commentBatchCreate", asked, ROWS)


def issue_here(world: World, number: int, **fields: Any) -> Issue:
    place = world.here
    return IssueFactory(
        project=place.project, state=place.todo, number=number, creator_id=place.issue.creator_id, **fields
    )


def refusals(payload: Any) -> list[tuple[str, str]]:
    """Code and path of each error of a row."""
    return [(error["code"], ".".join(error["path"])) for row in payload["results"] for error in row["errors"]]


async def test_comments_are_written_in_the_order_of_their_drafts(world: World):
    first, second = world.here.issue, issue_here(world, 2)
    await world.store(second)
    bodies = [(second.id, "One"), (first.id, "Two"), (second.id, "One"), (second.id, " Three\n")]
    payload = await create(world.client(Role.GUEST), world, *bodies)
    assert (payload["errors"], payload["changedCount"], payload["skippedCount"]) == ([], 4, 0)
    assert [(row["comment"]["issue"]["id"], row["comment"]["body"]) for row in payload["results"]] == bodies
    assert {row["comment"]["author"]["name"] for row in payload["results"]} == {"Guest"}
    assert [(revision, kind, subject) for revision, kind, subject, _ in await world.events()] == [
        (revision, "comment.created", row["commentId"]) for revision, row in enumerate(payload["results"], 1)
    ]
    assert (await world.stored(Issue, second.id)).comment_count == 3
    listed = await world.member.run(
        "query ($id: ID!) { node(id: $id) { ... on Issue { comments { nodes { body } } } } }", id=second.id
    )
    assert [node["body"] for node in listed["node"]["comments"]["nodes"]] == ["One", "One", " Three\n"]
    stored = await world.stored(Comment, payload["results"][1]["commentId"])
    assert (stored.project_id, stored.issue_id) == (first.project_id, first.id)
    await require_exact_counts(world.engine)


async def test_each_row_is_refused_as_a_single_creation_is(world: World):
    place = world.here
    trashed = issue_here(world, 2, trashed_at=MADE)
    await world.store(trashed)
    cases = {
        **bad_ids("issueId", "iss", foreign=world.elsewhere.issue.id),
        "empty": ({"body": ""}, invalid("body", "REQUIRED")),
        "in the trash": ({"issueId": trashed.id}, []),
        **{name: case for name, case in bad_texts("body").items() if "too long" not in name},
    }
    good = {"issueId": place.issue.id, "body": "Hello"}
    single = [await world.member.mutate("commentCreate", good | bad) for bad, _ in cases.values()]
    before = await world.rows()
    asked = {"workspaceId": place.workspace.id, "comments": [good | bad for bad, _ in cases.values()]}
    payload = await world.member.mutate("commentBatchCreate", asked | {"onError": "SKIP"}, ROWS)
    assert (payload["errors"], payload["changedCount"], payload["skippedCount"]) == ([], 0, len(cases))
    for index, (row, alone) in enumerate(zip(payload["results"], single, strict=True)):
        assert alone["errors"]
        assert row["errors"] == [
            error | {"path": ["input", "comments", str(index), *error["path"][1:]]} for error in alone["errors"]
        ]
    assert await world.rows() == before


async def test_guests_comment_on_issues_of_their_projects_only(world: World):
    other = ProjectFactory(workspace=world.here.workspace)
    state = StateFactory(project=other)
    hidden = IssueFactory(project=other, state=state, number=1, creator_id=world.here.issue.creator_id)
    await world.store(other, state, hidden)
    comments = [(world.here.issue.id, "Seen"), (hidden.id, "Hidden")]
    before = await world.rows()
    refused = await create(world.client(Role.GUEST), world, *comments)
    assert refusals(refused) == [("NOT_FOUND", "input.comments.1.issueId")]
    assert await world.rows() == before
    payload = await create(world.client(Role.GUEST), world, *comments, onError="SKIP")
    assert (payload["changedCount"], payload["skippedCount"], payload["revision"]) == (1, 1, 1)
    assert refusals(payload) == [("NOT_FOUND", "input.comments.1.issueId")]
    assert (await create(world.member, world, *comments))["changedCount"] == 2
    await require_exact_counts(world.engine)


async def test_a_dry_run_writes_nothing_and_a_retry_once(world: World):
    comments = [(world.here.issue.id, "One"), (world.here.issue.id, "")]
    before = await world.rows()
    planned = await create(world.member, world, *comments, onError="SKIP", dryRun=True)
    assert (planned["changedCount"], planned["skippedCount"], planned["revision"]) == (1, 1, None)
    assert await world.rows() == before
    first = await create(world.member, world, *comments, onError="SKIP", idempotencyKey="k1")
    again = await create(world.member, world, *comments, onError="SKIP", idempotencyKey="k1")
    assert [row["commentId"] for row in again["results"]] == [row["commentId"] for row in first["results"]]
    assert (again["results"][0]["comment"], again["revision"]) == (first["results"][0]["comment"], first["revision"])
    assert (await world.stored(Issue, world.here.issue.id)).comment_count == 2


async def test_a_batch_needs_a_workspace_that_the_caller_sees(world: World):
    good = {
        "workspaceId": world.here.workspace.id,
        "comments": [{"issueId": world.here.issue.id, "body": "Hello"}],
    }
    cases = {
        **bad_ids("workspaceId", "wsp", foreign=world.elsewhere.workspace.id),
        "too many": ({"comments": good["comments"] * (MOST_AT_ONCE + 1)}, limit("comments")),
    }
    await assert_refused(world, world.member, "commentBatchCreate", good, cases)


@pytest.mark.parametrize("rows", [1, MOST_AT_ONCE])
async def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(world: World, rows: int):
    issues = [issue_here(world, number) for number in range(2, 2 + min(rows, 100))]
    await world.store(*issues)
    comments = [{"issueId": issues[number % len(issues)].id, "body": "Hello"} for number in range(rows)]
    asked = {"workspaceId": world.here.workspace.id, "comments": comments}
    with counted() as taken:
        payload = await world.member.mutate("commentBatchCreate", asked, "changedCount")
    assert (payload["errors"], payload["changedCount"]) == ([], rows)
    assert len(taken) <= 6, taken
