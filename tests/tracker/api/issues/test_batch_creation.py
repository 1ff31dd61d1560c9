"""`issueBatchCreate`: each row is refused as `issueCreate` refuses it, and the created issues are those it creates."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain.issues.model import Issue
from domain.shared.actor import Role
from domain.shared.batches import MOST_AT_ONCE
from tests import api_defaults
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.refusals import assert_refused, bad_ids, conflict, limit, missing
from tests.served import served
from tests.statements import counted
from tests.tracker.api.issues.test_mutations import bad_issue_fields
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.list_sizes import require_exact_counts

ERRORS = "errors { __typename code path message }"
ROWS = f"""results {{ index issueId issue {{ id number title }} changes {{ field before after }} {ERRORS} }}
  changedCount skippedCount"""
PLANNED = "plannedEvents { kind subjectId changes { field before after } }"


def drafts(*titles: str) -> list[dict[str, Any]]:
    return [{"title": title} for title in titles]


def whole_draft(world: World) -> dict[str, Any]:
    """A draft with a value in every field."""
    here = world.here
    return {
        "title": "Everything",
        "description": "x" * 5_000,
        "stateId": here.done.id,
        "priority": "HIGH",
        "startDate": "2026-01-02",
        "dueDate": "2026-03-04",
        "estimate": 5,
        "milestoneId": here.milestone.id,
        "parentId": here.issue.id,
        "assigneeIds": [here.people[Role.ADMIN].id, here.people[Role.GUEST].id],
        "labelIds": [here.label.id],
    }


async def create(world: World, issues: list[dict[str, Any]], select: str = ROWS, **more: Any) -> Any:
    asked = {"projectId": world.here.project.id, "issues": issues, **more}
    return await world.member.mutate("issueBatchCreate", asked, select)


async def test_issues_are_created_in_the_order_of_their_drafts(world: World):
    payload = await create(world, drafts("Third", " First ", "First"))
    assert payload["errors"] == []
    assert (payload["changedCount"], payload["skippedCount"], payload["revision"]) == (3, 0, 3)
    results = payload["results"]
    assert [(row["index"], row["issue"]["number"], row["issue"]["title"]) for row in results] == [
        (0, 2, "Third"),
        (1, 3, "First"),
        (2, 4, "First"),
    ]
    assert [row["issueId"] for row in results] == [row["issue"]["id"] for row in results]
    assert [row["errors"] for row in results] == [[], [], []]
    assert [(revision, kind, subject) for revision, kind, subject, _ in await world.events()] == [
        (revision, "issue.created", row["issueId"]) for revision, row in enumerate(results, 1)
    ]
    await require_exact_counts(world.engine)


async def test_a_batch_stores_and_logs_what_single_creations_do(world: World):
    draft = whole_draft(world)
    single = await world.member.mutate("issueCreate", draft | {"projectId": world.here.project.id}, "issue { id }")
    batch = await create(world, [draft, draft])
    assert batch["errors"] == []
    ids = [single["issue"]["id"], *(row["issueId"] for row in batch["results"])]
    stored = [await world.stored(Issue, issue_id) for issue_id in ids]
    first = stored[0]
    for number, issue in enumerate(stored):
        alike = {"id": first.id, "number": first.number, "created_at": first.created_at, "updated_at": first.updated_at}
        assert replace(issue, **alike, completed_at=first.completed_at) == first
        assert (issue.number, issue.completed_at) == (first.number + number, issue.created_at)
    shown = '{ node(id: "%s") { ... on Issue { assignees { id } labels { id } description } } }'
    nodes = [(await world.member.run(shown % issue_id))["node"] for issue_id in ids]
    assert nodes == [nodes[0]] * 3
    logged = [changes for _, _, _, changes in await world.events()]
    for issue, changes in zip(stored, logged, strict=True):
        assert changes["number"] == [None, issue.number]
        assert changes.keys() == logged[0].keys()
        same = changes.keys() - {"number", "completed_at"}
        assert {name: changes[name] for name in same} == {name: logged[0][name] for name in same}
    [row, _] = batch["results"]
    told = {change["field"] for change in row["changes"]}
    assert {"title", "description", "stateId", "assignees", "labels", "number"} <= told
    await require_exact_counts(world.engine)


async def test_each_row_is_refused_as_a_single_creation_is(world: World):
    place, theirs = world.here, world.elsewhere
    other = ProjectFactory(workspace=place.workspace)
    state = StateFactory(project=other)
    replaced = LabelFactory(workspace=place.workspace, deleting_since=MADE)
    await world.store(other, state, replaced)
    cases = {
        **bad_issue_fields(world, state.id),
        **bad_ids("milestoneId", "mst", foreign=theirs.milestone.id),
        **bad_ids("assigneeIds", "usr", foreign=theirs.people[Role.OWNER].id, listed=True),
        **bad_ids("labelIds", "lab", foreign=theirs.label.id, listed=True),
        "label that is being deleted": ({"labelIds": [replaced.id]}, conflict("labelIds")),
        "21 assignees": ({"assigneeIds": [IDS.new("usr") for _ in range(21)]}, limit("assigneeIds")),
        "51 labels": ({"labelIds": [IDS.new("lab") for _ in range(51)]}, limit("labelIds")),
        "two at once": ({"title": "", "estimate": -1}, [("", "REQUIRED", ""), ("", "OUT_OF_RANGE", "")]),
    }
    project = {"projectId": place.project.id}
    single = [await world.member.mutate("issueCreate", project | {"title": "New"} | bad) for bad, _ in cases.values()]
    before = await world.rows()
    payload = await create(world, [{"title": "New"} | bad for bad, _ in cases.values()], onError="SKIP")
    assert (payload["errors"], payload["changedCount"], payload["skippedCount"]) == ([], 0, len(cases))
    for index, (row, alone) in enumerate(zip(payload["results"], single, strict=True)):
        expected = [error | {"path": ["input", "issues", str(index), *error["path"][1:]]} for error in alone["errors"]]
        assert alone["errors"]
        assert (row["index"], row["issueId"], row["issue"], row["errors"]) == (index, None, None, expected)
    assert await world.rows() == before


async def test_one_bad_row_refuses_all_unless_rows_are_skipped(world: World):
    issues = [{"title": "Good"}, {"title": ""}, {"title": "Good too"}, {"title": "Bad", "estimate": -1}]
    before = await world.rows()
    refused = await create(world, issues)
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [
        ("REQUIRED", ["input", "issues", "1", "title"]),
        ("OUT_OF_RANGE", ["input", "issues", "3", "estimate"]),
    ]
    assert [[error["code"] for error in row["errors"]] for row in refused["results"]] == [
        [],
        ["REQUIRED"],
        [],
        ["OUT_OF_RANGE"],
    ]
    assert [row["issueId"] for row in refused["results"]] == [None] * 4
    assert (refused["changedCount"], refused["revision"]) == (0, None)
    assert await world.rows() == before

    created = await create(world, issues, onError="SKIP")
    assert (created["errors"], created["changedCount"], created["skippedCount"]) == ([], 2, 2)
    assert [row["issue"] and row["issue"]["number"] for row in created["results"]] == [2, None, 3, None]
    assert created["revision"] == 2
    await require_exact_counts(world.engine)


async def test_a_dry_run_shows_what_would_be_written_and_spends_nothing(world: World):
    issues = [whole_draft(world), {"title": ""}, {"title": "Plain"}]
    before = await world.rows()
    selected = f"{ROWS} {PLANNED}"
    planned = await create(world, issues, selected, onError="SKIP", dryRun=True, idempotencyKey="k1")
    assert await world.rows() == before
    assert (planned["errors"], planned["revision"]) == ([], None)
    created = await create(world, issues, selected, onError="SKIP", idempotencyKey="k1")
    assert created["plannedEvents"] == []
    assert (planned["changedCount"], planned["skippedCount"]) == (created["changedCount"], created["skippedCount"])
    for would, did in zip(planned["results"], created["results"], strict=True):
        assert (would["issueId"], would["issue"], would["errors"]) == (None, None, did["errors"])
        differ = {"completedAt"}
        assert [each for each in would["changes"] if each["field"] not in differ] == [
            each for each in did["changes"] if each["field"] not in differ
        ]
    assert [event["kind"] for event in planned["plannedEvents"]] == ["ISSUE_CREATED", "ISSUE_CREATED"]
    refused = await create(world, issues, selected, dryRun=True)
    assert ([error["code"] for error in refused["errors"]], refused["plannedEvents"]) == (["REQUIRED"], [])


async def test_a_retry_returns_the_first_result(world: World):
    issues = [{"title": "Good"}, {"title": ""}, {"title": "Good too"}]
    first = await create(world, issues, onError="SKIP", idempotencyKey="k1")
    before = await world.rows()
    again = await create(world, issues, onError="SKIP", idempotencyKey="k1")
    assert again == first | {"results": again["results"]}
    for once, twice in zip(first["results"], again["results"], strict=True):
        assert (twice["index"], twice["issueId"], twice["issue"]) == (once["index"], once["issueId"], once["issue"])
        assert [error["code"] for error in twice["errors"]] == [error["code"] for error in once["errors"]]
    assert await world.rows() == before
    mismatch = await create(world, [*issues, {"title": "More"}], onError="SKIP", idempotencyKey="k1")
    assert [error["code"] for error in mismatch["errors"]] == ["IDEMPOTENCY_MISMATCH"]


async def test_a_batch_goes_where_a_single_creation_may_go(world: World):
    place = world.here
    archived = ProjectFactory(workspace=place.workspace, archived_at=MADE)
    deleted = ProjectFactory(workspace=place.workspace, deleting_since=MADE)
    await world.store(archived, deleted)
    good = {"projectId": place.project.id, "issues": drafts("New")}
    cases = {
        **bad_ids("projectId", "prj", foreign=world.elsewhere.project.id),
        "archived": ({"projectId": archived.id}, conflict("projectId")),
        "being deleted": ({"projectId": deleted.id}, conflict("projectId")),
        "too many": ({"issues": drafts("New") * (MOST_AT_ONCE + 1)}, limit("issues")),
    }
    await assert_refused(world, world.member, "issueBatchCreate", good, cases)
    guest = await world.client(Role.GUEST).refused("issueBatchCreate", good)
    assert guest == [("PermissionError", "PERMISSION_DENIED", "input")]
    stranger = await world.client(None).refused("issueBatchCreate", good)
    assert stranger == missing("projectId")


async def test_concurrent_batches_of_a_project_get_consecutive_numbers(world: World):
    payloads = await asyncio.gather(*(create(world, drafts(*[f"Batch {n}"] * 20)) for n in range(8)))
    numbers = [[row["issue"]["number"] for row in payload["results"]] for payload in payloads]
    assert all(found == list(range(found[0], found[0] + 20)) for found in numbers)
    assert sorted(number for found in numbers for number in found) == list(range(2, 162))
    assert sorted(payload["revision"] for payload in payloads) == list(range(20, 161, 20))


@pytest.mark.parametrize("rows", [1, MOST_AT_ONCE])
async def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(world: World, rows: int):
    other = ProjectFactory(workspace=world.here.workspace)
    state = StateFactory(project=other)
    parent = IssueFactory(project=other, state=state, number=1, creator_id=world.here.issue.creator_id)
    await world.store(other, state, parent)
    draft = whole_draft(world) | {"parentId": parent.id}
    plain = {"title": "In the first state"}
    with counted() as taken:
        payload = await create(world, [draft, *[plain] * (rows - 1)], "changedCount", idempotencyKey="k1")
    assert (payload["errors"], payload["changedCount"]) == ([], rows)
    assert len(taken) <= 16, taken


async def test_a_thousand_issues_are_one_request_over_http(world: World):
    """The limit on lists of 250 items does not bind the rows of a batch, in variables and in the document."""
    query = "mutation ($input: IssueBatchCreateInput!) { issueBatchCreate(input: $input) { changedCount } }"
    given = {"projectId": world.here.project.id, "issues": drafts("New") * MOST_AT_ONCE}
    async with served(world, api_defaults.http()) as client:
        answer = (await client.post("/graphql", json={"query": query, "variables": {"input": given}})).json()
        assert answer["data"] == {"issueBatchCreate": {"changedCount": MOST_AT_ONCE}}
        refused = given | {"issues": drafts("New") * (MOST_AT_ONCE + 1)}
        answer = (await client.post("/graphql", json={"query": query, "variables": {"input": refused}})).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["LIST_ITEMS_LIMIT"]
