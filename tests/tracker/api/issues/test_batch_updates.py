"""issueBatchUpdate: one change of many issues, each of which is decided as issueUpdate decides it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from domain.issues.model import Issue
from domain.shared import many
from domain.shared.actor import Role
from domain.shared.errors import ErrorCode
from tests.client import UNCHANGED
from tests.factories.accounts import IDS, UserFactory
from tests.factories.workspaces import MemberFactory
from tests.refusals import conflict, invalid
from tests.root_fields import SCHEMA
from tests.statements import counted
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.storing import link

RESULTS = """changedCount skippedCount results { index issueId issue { id title } changes { field before after }
  errors { __typename code path } } plannedEvents { kind subjectId changes { field before after } }"""


async def issues_of(world: World, count: int, **values: Any) -> list[Issue]:
    place = world.here
    made = [
        IssueFactory(
            project=place.project, state=place.todo, number=100 + index, creator_id=place.issue.creator_id, **values
        )
        for index in range(count)
    ]
    await world.store(*made)
    return made


def given(world: World, ids: Sequence[str], change: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"workspaceId": world.here.workspace.id, "select": {"ids": list(ids)}, "change": change, **more}


async def batch(world: World, ids: Sequence[str], change: Mapping[str, Any], **more: Any) -> Any:
    return await world.member.mutate("issueBatchUpdate", given(world, ids, change, **more), RESULTS)


def errors_of(payload: Any) -> list[list[tuple[str, str]]]:
    return [[(error["code"], ".".join(error["path"])) for error in row["errors"]] for row in payload["results"]]


async def test_results_are_in_the_order_of_the_input(world: World) -> None:
    issues = await issues_of(world, 5)
    ids = [issue.id for issue in reversed(issues)]
    payload = await batch(world, ids, {"title": "New", "estimate": 3})
    assert [(row["index"], row["issueId"], row["issue"]) for row in payload["results"]] == [
        (index, id_, {"id": id_, "title": "New"}) for index, id_ in enumerate(ids)
    ]
    changes = {tuple(map(str, change.values())) for change in payload["results"][0]["changes"]}
    assert changes == {("title", str([issues[-1].title]), "['New']"), ("estimate", "None", "['3']")}
    assert (payload["changedCount"], payload["skippedCount"], payload["plannedEvents"]) == (5, 0, [])
    events = await world.events()
    assert [kind for _, kind, *_ in events] == ["issue.updated"] * 5
    assert payload["revision"] == 5


async def test_an_issue_that_has_the_values_is_neither_changed_nor_skipped(world: World) -> None:
    one, other = await issues_of(world, 2)
    payload = await batch(world, [one.id, other.id], {"title": one.title})
    assert (payload["changedCount"], payload["skippedCount"], payload["revision"]) == (1, 0, 1)
    assert [len(row["changes"]) for row in payload["results"]] == [0, 1]


async def refusals(world: World) -> dict[str, tuple[str, Mapping[str, Any], tuple[str, str]]]:
    """Case -> the ID of an issue, a change that another issue takes, and the code and path of the refusal."""
    place, foreign = world.here, world.elsewhere
    elsewhere = ProjectFactory(workspace=place.workspace, key="OTH")
    state = StateFactory(project=elsewhere)
    people = UserFactory.build_batch(20)
    members = [MemberFactory(workspace=place.workspace, user_id=person.id) for person in people]
    labels = LabelFactory.build_batch(50, workspace=place.workspace)
    parent, child = await issues_of(world, 2)
    below = replace(child, parent_id=parent.id)
    apart = IssueFactory(project=elsewhere, state=state, number=1, creator_id=place.issue.creator_id)
    milestone = MilestoneFactory(project=place.project)
    await world.store(elsewhere, state, *people, *members, *labels, apart, milestone)
    async with world.engine.begin() as connection:
        await connection.execute(text("UPDATE issue SET parent_id = :p WHERE id = :c"), {"p": parent.id, "c": below.id})
        await connection.execute(text("UPDATE issue SET due_date = '2026-01-01' WHERE id = :id"), {"id": apart.id})
    await link(world.engine, apart, assignees=people, labels=labels)
    owner = place.people[Role.OWNER].id
    missing = IDS.new_in(place.workspace.id, "iss")
    return {
        "no issue": (missing, {"title": "New"}, ("NOT_FOUND", "input.select.ids.1")),
        "an issue elsewhere": (foreign.issue.id, {"title": "New"}, ("NOT_FOUND", "input.select.ids.1")),
        "another kind": (place.label.id, {"title": "New"}, ("INVALID_ID", "input.select.ids.1")),
        "no ID": ("junk", {"title": "New"}, ("INVALID_ID", "input.select.ids.1")),
        "dates": (apart.id, {"startDate": "2026-06-01"}, ("OUT_OF_RANGE", "input.change.startDate")),
        "assignees": (apart.id, {"assignees": {"add": [owner]}}, ("LIMIT_EXCEEDED", "input.change.assignees")),
        "labels": (apart.id, {"labels": {"add": [place.label.id]}}, ("LIMIT_EXCEEDED", "input.change.labels")),
        "state": (apart.id, {"stateId": place.done.id}, ("INVALID_INPUT", "input.change.stateId")),
        "milestone": (apart.id, {"milestoneId": milestone.id}, ("INVALID_INPUT", "input.change.milestoneId")),
        "itself": (parent.id, {"parentId": parent.id}, ("PARENT_CYCLE", "input.change.parentId")),
        "an ancestor": (parent.id, {"parentId": below.id}, ("PARENT_CYCLE", "input.change.parentId")),
    }


CASES = (
    "no issue",
    "an issue elsewhere",
    "another kind",
    "no ID",
    "dates",
    "assignees",
    "labels",
    "state",
    "milestone",
    "itself",
    "an ancestor",
)


@pytest.mark.parametrize("case", CASES)
async def test_a_row_with_an_error_refuses_all_or_is_skipped(world: World, case: str) -> None:
    table = await refusals(world)
    assert table.keys() == set(CASES)
    id_, change, error = table[case]
    ids = [world.here.issue.id, id_]
    before = await world.rows()
    refused = await batch(world, ids, change)
    assert errors_of(refused) == [[], [error]]
    assert [(each["code"], ".".join(each["path"])) for each in refused["errors"]] == [error]
    assert (refused["changedCount"], refused["skippedCount"], refused["revision"]) == (0, 0, None)
    assert [row["changes"] for row in refused["results"]] == [[], []]
    assert await world.rows() == before

    skipped = await batch(world, ids, change, onError="SKIP")
    assert errors_of(skipped) == [[], [error]]
    assert (skipped["errors"], skipped["changedCount"], skipped["skippedCount"]) == ([], 1, 1)
    assert skipped["revision"] == 1
    [(_, _, subject, *_)] = await world.events()
    assert subject == world.here.issue.id


async def test_every_broken_rule_of_a_row_is_told(world: World) -> None:
    [issue] = await issues_of(world, 1)
    change = {"title": " ", "estimate": -1}
    payload = await batch(world, [issue.id], change, onError="SKIP")
    assert errors_of(payload) == [[("REQUIRED", "input.change.title"), ("OUT_OF_RANGE", "input.change.estimate")]]


async def test_errors_that_rows_share_are_repeated_once(world: World) -> None:
    ids = [issue.id for issue in await issues_of(world, 30)]
    shared = await batch(world, ids, {"title": ""})
    assert [error["code"] for error in shared["errors"]] == ["REQUIRED"]
    missing = [IDS.new_in(world.here.workspace.id, "iss") for _ in range(30)]
    payload = await batch(world, missing, {"title": "New"})
    assert len(payload["errors"]) == many.MOST_REPEATED
    assert all(len(row["errors"]) == 1 for row in payload["results"])


async def test_a_batch_as_a_whole_can_be_refused(world: World) -> None:
    place, refused = world.here, world.member.refused
    id_ = place.issue.id
    before = await world.rows()
    asked = given(world, [id_, id_], {"title": "New"})
    assert await refused("issueBatchUpdate", asked) == invalid("select.ids", "INVALID_INPUT")
    asked = given(world, [IDS.new_in(place.workspace.id, "iss") for _ in range(1_001)], {"title": "New"})
    [error] = await refused("issueBatchUpdate", asked)
    assert error == ("LimitError", "LIMIT_EXCEEDED", "input.select.ids")
    elsewhere = given(world, [id_], {"title": "New"}) | {"workspaceId": world.elsewhere.workspace.id}
    [error] = await refused("issueBatchUpdate", elsewhere)
    assert error == ("NotFoundError", "NOT_FOUND", "input.workspaceId")
    both = given(world, [id_], {"stateId": place.done.id, "move": {"projectId": place.project.id}})
    assert await refused("issueBatchUpdate", both) == invalid("change.stateId", "INVALID_INPUT")
    assert await world.rows() == before
    assert await world.member.mutate("issueBatchUpdate", given(world, [], {"title": "New"})) == UNCHANGED


def test_a_batch_changes_every_field_that_an_update_changes() -> None:
    update: Any = SCHEMA.type_map["IssueUpdateInput"]
    change: Any = SCHEMA.type_map["IssueChangeInput"]
    about = {"id", "clientMutationId", "idempotencyKey", "expectedRevision"}
    assert {name: str(field.type) for name, field in change.fields.items()} == {
        name: str(field.type) for name, field in update.fields.items() if name not in about
    }


async def test_a_retry_answers_ids_errors_and_counts_again(world: World) -> None:
    issues = await issues_of(world, 3)
    missing = IDS.new_in(world.here.workspace.id, "iss")
    ids = [issues[0].id, "junk", issues[1].id, missing, issues[2].id]
    asked = {"onError": "SKIP", "idempotencyKey": "k1"}
    first = await batch(world, ids, {"title": "New"}, **asked)
    await world.member.mutate("issueUpdate", {"id": issues[1].id, "title": "Later"})
    again = await batch(world, ids, {"title": "New"}, **asked)
    assert [len(row.pop("changes")) for row in first["results"]] == [1, 0, 1, 0, 1]
    assert [len(row.pop("changes")) for row in again["results"]] == [0] * 5
    first["results"][2]["issue"]["title"] = "Later"
    assert again == first
    other = await world.member.refused("issueBatchUpdate", given(world, ids, {"title": "Other"}, **asked))
    assert other == conflict("idempotencyKey", "IDEMPOTENCY_MISMATCH")


async def test_a_retry_of_a_refused_batch_runs_again(world: World) -> None:
    [issue] = await issues_of(world, 1)
    other = replace(issue, id=IDS.new_in(issue.workspace_id, "iss"), number=issue.number + 1)
    ids, asked = [issue.id, other.id], {"idempotencyKey": "k1"}
    assert (await batch(world, ids, {"title": "New"}, **asked))["changedCount"] == 0
    await world.store(other)
    first = await batch(world, ids, {"title": "New"}, **asked)
    assert (first["errors"], first["changedCount"], first["revision"]) == ([], 2, 2)
    assert (await batch(world, ids, {"title": "New"}, **asked))["revision"] == 2
    assert len(await world.events()) == 2


def test_what_is_kept_for_retries_fits() -> None:
    ids = [IDS.new("iss") for _ in range(1_000)]
    same = many.Rows[Any, Any](many.BatchCommand(on_error=many.OnError.SKIP))
    own = many.Rows[Any, Any](many.BatchCommand(on_error=many.OnError.SKIP))
    for index, id_ in enumerate(ids):
        with same.row(index, id_):
            raise many.InvalidInput("{field} is wrong.", path=("select", "ids", str(index)))
        with own.row(index, id_):
            raise many.InvalidInput("{field} is wrong.", path=("change", f"field{index}"))
    for rows, errors in ((same, 1_000), (own, 0)):
        kept = json.loads(json.dumps(rows.result().kept()))
        assert len(json.dumps(kept)) <= many.MOST_KEPT
        read = many.BatchResult[Any].replayed(kept, {}, ErrorCode)
        assert [row.subject_id for row in read.rows] == ids
        assert (read.changed_count, read.skipped_count) == (0, 1_000)
        assert sum(len(row.errors) for row in read.rows) == errors
    [first, *_] = same.result().rows
    assert first.errors[0].path == ("select", "ids", "0")


@pytest.mark.parametrize("on_error", ["ALL_OR_NOTHING", "SKIP"])
async def test_a_dry_run_leaves_no_trace_and_tells_the_truth(world: World, on_error: str) -> None:
    issues = await issues_of(world, 3)
    missing = [IDS.new_in(world.here.workspace.id, "iss")] if on_error == "SKIP" else []
    ids = [*(issue.id for issue in issues), *missing]
    change = {"title": "New", "estimate": 3, "labels": {"add": [world.here.label.id]}}
    before = await world.rows()
    asked = {"onError": on_error, "idempotencyKey": "k1"}
    planned = await batch(world, ids, change, dryRun=True, **asked)
    assert await world.rows() == before
    assert planned["revision"] is None
    titles = [row["issue"] and row["issue"]["title"] for row in planned["results"]]
    assert titles == [*(issue.title for issue in issues), *(None for _ in missing)]

    real = await batch(world, ids, change, **asked)
    assert real["revision"] == 3
    for row in (*planned["results"], *real["results"]):
        row.pop("issue")
    assert (planned["results"], planned["errors"]) == (real["results"], real["errors"])
    assert [planned[name] for name in ("changedCount", "skippedCount")] == [3, len(missing)]
    query = """query ($slug: String!) { workspace(slug: $slug) { changes(after: 0) { events {
      kind subjectId changes { field before after } } } } }"""
    log = await world.member.run(query, slug=world.here.workspace.slug)
    logged = log["workspace"]["changes"]["events"]
    for event in (*planned["plannedEvents"], *logged):
        event["changes"].sort(key=lambda change: str(change["field"]))
    assert planned["plannedEvents"] == logged
    assert real["plannedEvents"] == []


async def test_a_dry_run_of_a_refused_batch_plans_nothing(world: World) -> None:
    [issue] = await issues_of(world, 1)
    payload = await batch(world, [issue.id, "junk"], {"title": "New"}, dryRun=True)
    assert errors_of(payload) == [[], [("INVALID_ID", "input.select.ids.1")]]
    assert (payload["plannedEvents"], payload["changedCount"]) == ([], 0)


async def test_a_dry_run_does_not_wait_for_locks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "DRY_RUN_SECONDS", 0.1)
    [issue] = await issues_of(world, 1)
    asked = given(world, [issue.id], {"title": "New"}, dryRun=True)
    async with world.engine.connect() as connection:
        await connection.execute(text("SELECT 1 FROM issue WHERE id = :id FOR UPDATE"), {"id": issue.id})
        [error] = await world.member.refused("issueBatchUpdate", asked)
    assert error == ("LimitError", "LIMIT_EXCEEDED", "input.dryRun")
    monkeypatch.undo()
    assert (await world.member.mutate("issueBatchUpdate", asked))["errors"] == []


async def test_texts_in_changes_are_cut(world: World) -> None:
    [issue] = await issues_of(world, 1)
    payload = await batch(world, [issue.id], {"description": "x" * 5_000}, dryRun=True)
    [change] = payload["results"][0]["changes"]
    [planned] = payload["plannedEvents"]
    assert change["after"] == ["x" * 4_096 + "…"]
    assert planned["changes"] == [change]


async def test_an_issue_that_changed_meanwhile_is_a_row_with_a_conflict(world: World) -> None:
    one, other, third = await issues_of(world, 3)
    await world.member.mutate("issueUpdate", {"id": one.id, "title": "Theirs"})
    await world.member.mutate("issueUpdate", {"id": other.id, "estimate": 1})
    ids = [one.id, other.id, third.id]
    payload = await batch(world, ids, {"title": "Mine"}, expectedRevision=0, onError="SKIP")
    assert errors_of(payload) == [[("CONFLICT", "input.change.title")], [], []]
    assert (payload["changedCount"], payload["skippedCount"]) == (2, 1)
    assert payload["results"][0]["issue"]["title"] == "Theirs"


async def all_fields(world: World, issues: Sequence[Issue]) -> dict[str, Any]:
    """A change of every field but `move`, with a parent in another project."""
    place = world.here
    project = ProjectFactory(workspace=place.workspace, key="PAR")
    state = StateFactory(project=project)
    parent = IssueFactory(project=project, state=state, number=1, creator_id=place.issue.creator_id)
    labels = LabelFactory.build_batch(2, workspace=place.workspace)
    milestone = MilestoneFactory(project=place.project)
    await world.store(project, state, parent, milestone, *labels)
    await link(world.engine, issues[0], labels=[place.label], assignees=[place.people[Role.OWNER]])
    return {
        "title": "New",
        "description": "d" * 5_000,
        "stateId": place.done.id,
        "priority": "URGENT",
        "startDate": "2026-01-01",
        "dueDate": "2026-02-01",
        "estimate": 5,
        "milestoneId": milestone.id,
        "parentId": parent.id,
        "assignees": {"set": [place.people[Role.MEMBER].id]},
        "labels": {"set": [label.id for label in labels]},
    }


@pytest.mark.parametrize("is_found", [False, True])
async def test_a_description_may_be_long_or_for_many_issues(
    world: World, monkeypatch: pytest.MonkeyPatch, is_found: bool
) -> None:
    """A request with one long text would otherwise store it a thousand times."""
    monkeypatch.setattr("domain.issues.selecting.MOST_TEXT", 20)
    ids = [issue.id for issue in await issues_of(world, 3)]
    select = {"filter": {"id": {"in": ids}}} if is_found else {"ids": ids}
    asked = given(world, ids, {"description": "ä" * 4}, select=select)
    payload = await world.member.mutate("issueBatchUpdate", asked, "changedCount results { index }")
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [
        ("LIMIT_EXCEEDED", ["input", "change", "description"])
    ]
    assert (payload["changedCount"], payload["results"], payload["revision"]) == (0, [], None)
    assert (await batch(world, ids[:2], {"description": "ä" * 4}))["changedCount"] == 2
    assert (await batch(world, ids, {"title": "Any number of issues can get a title"}))["changedCount"] == 3


@pytest.mark.parametrize("count", [1, 1_000])
async def test_a_batch_takes_few_statements_whatever_it_changes(world: World, count: int) -> None:
    issues = await issues_of(world, count)
    change = await all_fields(world, issues)
    ids = [issue.id for issue in issues]
    asked = given(world, ids, change, expectedRevision=0, idempotencyKey="k1")
    with counted() as statements:
        payload = await world.member.mutate("issueBatchUpdate", asked, "changedCount")
    assert (payload["errors"], payload["changedCount"], payload["revision"]) == ([], count, count)
    assert len(statements) <= 15, [statement[:90] for statement in statements]
    assert "idempotency_key" in statements[0]
    assert "workgraph_commit" in next(each for each in reversed(statements) if not each.startswith("SELECT"))


async def test_batches_of_the_same_issues_do_not_deadlock(world: World) -> None:
    ids = [issue.id for issue in await issues_of(world, 40)]
    orders = [ids, ids[::-1], ids[20:] + ids[:20], ids[::2], ids[1::2][::-1]]
    label = {"labels": {"add": [world.here.label.id]}}
    payloads = await asyncio.gather(
        *(
            batch(world, order, {"title": f"{n}", "parentId": world.here.issue.id, **label})
            for n, order in enumerate(orders * 2)
        )
    )
    assert [payload["errors"] for payload in payloads] == [[]] * len(payloads)
    assert [payload["skippedCount"] for payload in payloads] == [0] * len(payloads)
