"""Updates of the issues that a filter selects: at once, and by batch runs."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from domain.issues.model import Issue
from domain.issues.priorities import Priority
from domain.shared.actor import Actor, Role
from infra.batches.tables import BatchRunRow
from infra.issues.tables import IssueRow
from infra.jobs.leases import SqlLeases
from infra.workspaces.tables import MemberRow
from tests.factories.moments import MADE
from tests.statements import counted
from tests.tracker.api.batches.runs import job_of, node, work
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.labels import LabelFactory
from tests.tracker.factories.projects import ProjectFactory, StateFactory
from tests.tracker.factories.storing import link

MOST_AT_ONCE_STATEMENTS = 16
MOST_STATEMENTS = 24  # of one batch of a run, of which some read and write the run and its job
RUN = "job { id kind state subjectId targetId changeSet progress { done total } startedBy { id } }"
RESULT = (
    f"results {{ index issueId issue {{ priority }} errors {{ code path }} }} changedCount skippedCount {RUN} "
    "plannedEvents { kind }"
)
COUNTS = "BatchRun { state failure changedCount skippedCount progress { done total } }"
SKIPPED = """BatchRun { skippedCount skipped { nodes { index subjectId errors {
    __typename code path ... on ConflictError { conflictingFields } } } } }"""
OPEN = {"state": {"category": {"eq": "UNSTARTED"}}}


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter that finds more than two issues needs `expectedCount`; more than three are changed by a run."""
    monkeypatch.setattr("domain.issues.selecting.MOST_AT_ONCE", 3)
    monkeypatch.setattr("domain.issues.selecting.MOST_UNCONFIRMED", 2)


def order(world: World, filter: Any = None, **given: Any) -> dict[str, Any]:
    """Input that sets a high priority on the issues that match the filter, by default on all five."""
    return {
        "workspaceId": world.here.workspace.id,
        "select": {"filter": filter or {}},
        "change": {"priority": "HIGH"},
        "onError": "SKIP",
    } | given


async def begun(world: World, **given: Any) -> dict[str, Any]:
    payload = await world.member.mutate("issueBatchUpdate", order(world, **({"expectedCount": 5} | given)), RESULT)
    assert payload["errors"] == []
    run: dict[str, Any] = payload["job"]
    return run


async def priorities(world: World, issues: list[Issue]) -> list[Priority]:
    return [(await world.stored(Issue, issue.id)).priority for issue in issues]


async def first_step(world: World, leases: SqlLeases, run_id: str) -> None:
    """Works on the first batch of two issues, and loses the job."""
    lost = await leases.acquire(most=1, job_id=await job_of(world, run_id))
    job = Actor.system(lost[0].job)
    acting = job.continuing(started_by_id=world.here.people[Role.MEMBER].id, change_set=1)
    assert await world.app.batches._step(acting, run_id)
    await leases.release(lost)


async def test_the_issues_that_a_filter_finds_are_changed_at_once_in_the_order_of_their_ids(
    world: World, issues: list[Issue]
) -> None:
    wanted = {"number": {"in": [issues[3].number, issues[1].number]}}
    payload = await world.member.mutate("issueBatchUpdate", order(world, wanted), RESULT)
    assert payload["results"] == [
        {"index": index, "issueId": issue.id, "issue": {"priority": "HIGH"}, "errors": []}
        for index, issue in enumerate((issues[1], issues[3]))
    ]
    assert (payload["changedCount"], payload["skippedCount"], payload["job"]) == (2, 0, None)
    assert await priorities(world, issues) == [
        Priority.HIGH if issue in (issues[1], issues[3]) else issue.priority for issue in issues
    ]


async def test_a_filter_finds_neither_archived_nor_trashed_issues_nor_those_of_other_workspaces(
    world: World, issues: list[Issue]
) -> None:
    there = {"project": world.here.project, "state": world.here.todo, "creator_id": world.here.issue.creator_id}
    archived = IssueFactory(**there, number=20, archived_at=MADE)
    trashed = IssueFactory(**there, number=21, trashed_at=MADE)
    await world.store(archived, trashed)
    numbers = {"number": {"in": [issues[1].number, 20, 21]}}
    payload = await world.member.mutate("issueBatchUpdate", order(world, numbers), RESULT)
    assert [result["issueId"] for result in payload["results"]] == [issues[1].id]
    assert await priorities(world, [archived, trashed]) == [archived.priority, trashed.priority]
    assert (await world.stored(Issue, world.elsewhere.issue.id)) == world.elsewhere.issue


async def test_a_filter_that_finds_nothing_changes_nothing(world: World, issues: list[Issue]) -> None:
    payload = await world.member.mutate(
        "issueBatchUpdate", order(world, {"number": {"lt": 0}}, expectedCount=0), RESULT
    )
    assert payload["results"] == []
    assert (payload["changedCount"], payload["skippedCount"], payload["revision"]) == (0, 0, None)


async def test_a_batch_of_invisible_issues_changes_nothing(world: World) -> None:
    given = order(world, select={"ids": [world.elsewhere.issue.id]})
    payload = await world.member.mutate("issueBatchUpdate", given, RESULT)
    assert [result["errors"] for result in payload["results"]] == [
        [{"code": "NOT_FOUND", "path": ["input", "select", "ids", "0"]}]
    ]
    assert (payload["changedCount"], payload["skippedCount"], payload["revision"]) == (0, 1, None)


async def test_an_expected_count_that_differs_is_a_conflict_with_the_number_found(
    world: World, issues: list[Issue]
) -> None:
    before = await world.rows()
    for numbers, expected in ((3, 2), (3, 4), (5, 6), (5, 0)):
        given = order(world, {"number": {"lte": issues[numbers - 1].number}}, expectedCount=expected)
        payload = await world.member.mutate("issueBatchUpdate", given, RESULT)
        [error] = payload["errors"]
        assert (error["__typename"], error["code"], error["path"]) == (
            "ConflictError",
            "CONFLICT",
            ["input", "expectedCount"],
        )
        assert f"finds {numbers} issues" in error["message"]
        assert (payload["results"], payload["changedCount"], payload["job"], payload["revision"]) == ([], 0, None, None)
    assert await world.rows() == before


async def test_a_filter_that_finds_many_issues_needs_the_expected_count(world: World, issues: list[Issue]) -> None:
    wanted = {"number": {"lte": issues[2].number}}
    before = await world.rows()
    payload = await world.member.mutate("issueBatchUpdate", order(world, wanted), RESULT)
    [error] = payload["errors"]
    assert (error["__typename"], error["code"]) == ("ValidationError", "REQUIRED")
    assert error["path"] == ["input", "expectedCount"]
    assert "finds 3 issues" in error["message"]
    assert await world.rows() == before
    payload = await world.member.mutate("issueBatchUpdate", order(world, wanted, expectedCount=3), RESULT)
    assert (payload["errors"], payload["changedCount"]) == ([], 3)


async def test_an_expected_count_is_of_a_filter_only(world: World, issues: list[Issue]) -> None:
    given = order(world, expectedCount=1) | {"select": {"ids": [issues[0].id]}}
    refusal = ("ValidationError", "INVALID_INPUT", "input.expectedCount")
    assert await world.member.refused("issueBatchUpdate", given) == [refusal]


async def test_all_or_nothing_is_refused_for_more_issues_than_are_changed_at_once(
    world: World, issues: list[Issue]
) -> None:
    before = await world.rows()
    limit = ("LimitError", "LIMIT_EXCEEDED", "input.onError")
    given = order(world, onError="ALL_OR_NOTHING")
    assert await world.member.refused("issueBatchUpdate", given | {"expectedCount": 5}) == [limit]
    required = ("ValidationError", "REQUIRED", "input.expectedCount")
    assert await world.member.refused("issueBatchUpdate", given) == [required, limit]
    assert await world.rows() == before


@pytest.mark.parametrize(
    ("select", "refusal"),
    [
        ({"filter": {"id": {"eq": "prj_1"}}}, ("ValidationError", "INVALID_ID", "input.select.filter.id.eq")),
        ({"filter": {"text": "\0"}}, ("ValidationError", "INVALID_INPUT", "input.select.filter.text")),
        (
            {"filter": {"title": {"contains": "x" * 1001}}},
            ("ValidationError", "TOO_LONG", "input.select.filter.title.contains"),
        ),
        ({"filter": {"or": [{}] * 65}}, ("ValidationError", "LIMIT_EXCEEDED", "input.select.filter")),
    ],
)
async def test_wrong_filters_are_refused_with_the_path_of_their_value(
    world: World, select: Any, refusal: tuple[str, str, str]
) -> None:
    assert await world.member.refused("issueBatchUpdate", order(world) | {"select": select}) == [refusal]


async def test_those_who_may_not_change_issues_select_none(world: World, issues: list[Issue]) -> None:
    refused = {
        Role.GUEST: ("PermissionError", "PERMISSION_DENIED", "input"),
        None: ("NotFoundError", "NOT_FOUND", "input.workspaceId"),
    }
    for role, refusal in refused.items():
        assert await world.client(role).refused("issueBatchUpdate", order(world)) == [refusal]


async def test_more_issues_are_changed_by_a_run(world: World, leases: SqlLeases, issues: list[Issue]) -> None:
    place = world.here
    change = {"priority": "HIGH", "description": "Secret.", "labels": {"add": [place.label.id]}}
    given = order(world, expectedCount=5, change=change)
    payload = await world.member.mutate("issueBatchUpdate", given, RESULT)
    run = payload["job"]
    assert payload == {
        "results": [],
        "changedCount": None,
        "skippedCount": None,
        "plannedEvents": [],
        "errors": [],
        "revision": 1,
        "job": {
            "id": run["id"],
            "kind": "ISSUE_UPDATE",
            "state": "WAITING",
            "subjectId": place.workspace.id,
            "targetId": None,
            "changeSet": 1,
            "progress": {"done": 0, "total": 5},
            "startedBy": {"id": place.people[Role.MEMBER].id},
        },
    }
    [(_, kind, subject_id, changes)] = await world.events()
    assert (kind, subject_id) == ("batch.started", run["id"])
    assert changes == {
        "kind": [None, "ISSUE_UPDATE"],
        "subject_id": [None, place.workspace.id],
        "priority": [None, "HIGH"],
        "labels": [[], [place.label.id]],
    }
    await work(world, leases, run["id"])
    ended = {
        "state": "DONE",
        "failure": None,
        "changedCount": 5,
        "skippedCount": 0,
        "progress": {"done": 5, "total": 5},
    }
    assert await node(world.member, run["id"], COUNTS) == ended
    assert await priorities(world, issues) == [Priority.HIGH] * 5
    [_, *updates] = await world.events()
    assert [event[:3] for event in updates] == [
        (revision, "issue.updated", issue.id) for revision, issue in enumerate(issues, 2)
    ]
    async with world.engine.connect() as connection:
        assert await connection.scalar(select(BatchRunRow.options)) is None


async def test_a_run_changes_the_issues_that_matched_when_it_was_started(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    run = await begun(world)
    late = IssueFactory(project=world.here.project, state=world.here.todo, number=20, creator_id=issues[0].creator_id)
    await world.store(late)
    await work(world, leases, run["id"])
    assert await priorities(world, [*issues, late]) == [*[Priority.HIGH] * 5, late.priority]


async def test_a_run_skips_issues_that_cannot_be_changed_any_more(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    place = world.here
    project = ProjectFactory(workspace=place.workspace)
    state = StateFactory(project=project)
    other = IssueFactory(project=project, state=state, number=1, creator_id=issues[0].creator_id)
    await world.store(project, state, other)
    unchanged = {"estimate": {"isNull": True}}
    run = await begun(
        world, filter=unchanged, expectedCount=6, change={"milestoneId": place.milestone.id, "priority": "HIGH"}
    )
    trashed, edited, gone = issues[1], issues[2], issues[3]
    async with world.engine.begin() as connection:
        await connection.execute(update(IssueRow).where(IssueRow.id == trashed.id).values(trashed_at=MADE))
        await connection.execute(update(IssueRow).where(IssueRow.id == edited.id).values(estimate=3))
        await connection.execute(delete(IssueRow).where(IssueRow.id == gone.id))
    await work(world, leases, run["id"])
    found = await node(world.member, run["id"], SKIPPED)
    rows = sorted([*(each.id for each in issues), other.id])

    def skip(issue: Issue, kind: str, code: str, *path: str) -> dict[str, Any]:
        error: dict[str, Any] = {"__typename": kind, "code": code, "path": ["input", *path]}
        if kind == "ConflictError":
            error["conflictingFields"] = ["filter"]
        return {"index": rows.index(issue.id), "subjectId": issue.id, "errors": [error]}

    skips = [
        skip(trashed, "ConflictError", "CONFLICT", "select", "filter"),
        skip(edited, "ConflictError", "CONFLICT", "select", "filter"),
        skip(gone, "NotFoundError", "NOT_FOUND", "select", "filter"),
        skip(other, "ValidationError", "INVALID_INPUT", "change", "milestoneId"),
    ]
    assert found["skipped"]["nodes"] == sorted(skips, key=lambda each: each["index"])
    assert found["skippedCount"] == 4
    counts = await node(world.member, run["id"], COUNTS)
    assert (counts["state"], counts["changedCount"], counts["progress"]) == ("DONE", 2, {"done": 6, "total": 6})
    assert await priorities(world, [issues[0], issues[4]]) == [Priority.HIGH] * 2


async def test_a_run_that_no_issue_would_accept_is_not_started(world: World, issues: list[Issue]) -> None:
    before = await world.rows()
    given = order(world, expectedCount=5, change={"title": ""})
    assert await world.member.refused("issueBatchUpdate", given) == [
        ("ValidationError", "REQUIRED", "input.change.title")
    ]
    given = order(world, expectedCount=5, change={"stateId": world.elsewhere.todo.id})
    assert await world.member.refused("issueBatchUpdate", given) == [
        ("NotFoundError", "NOT_FOUND", "input.change.stateId")
    ]
    assert await world.rows() == before


@pytest.mark.parametrize("role", [None, Role.GUEST])
async def test_a_run_fails_if_who_started_it_may_not_change_issues_any_more(
    world: World, leases: SqlLeases, issues: list[Issue], role: Role | None
) -> None:
    run = await begun(world)
    await first_step(world, leases, run["id"])
    own = MemberRow.user_id == world.here.people[Role.MEMBER].id
    lost = delete(MemberRow).where(own) if role is None else update(MemberRow).where(own).values(role=role)
    async with world.engine.begin() as connection:
        await connection.execute(lost)
    await work(world, leases, run["id"])
    shown = await node(world.owner, run["id"], COUNTS)
    reason = "no longer a member" if role is None else "no longer has a role"
    assert reason in shown.pop("failure")
    assert shown == {"state": "FAILED", "changedCount": 2, "skippedCount": 0, "progress": {"done": 2, "total": 5}}
    assert (await priorities(world, issues)).count(Priority.HIGH) == 2


async def test_a_run_that_was_interrupted_goes_on_and_changes_each_issue_once(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    run = await begun(world)
    await first_step(world, leases, run["id"])
    assert (await priorities(world, issues)).count(Priority.HIGH) == 2
    await work(world, leases, run["id"])
    assert await priorities(world, issues) == [Priority.HIGH] * 5
    updated = [subject_id for _, kind, subject_id, _ in await world.events() if kind == "issue.updated"]
    assert sorted(updated) == sorted(issue.id for issue in issues)


async def test_a_canceled_run_stops(world: World, leases: SqlLeases, issues: list[Issue]) -> None:
    run = await begun(world)
    await first_step(world, leases, run["id"])
    canceled = await world.member.mutate("batchRunCancel", {"id": run["id"]}, "batchRun { state changedCount }")
    assert canceled["batchRun"] == {"state": "CANCELED", "changedCount": 2}
    await work(world, leases, run["id"])
    assert (await priorities(world, issues)).count(Priority.HIGH) == 2
    async with world.engine.connect() as connection:
        assert await connection.scalar(select(BatchRunRow.options)) is None


async def test_a_run_skips_issues_that_changed_after_the_expected_revision(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    first = await world.member.mutate("issueUpdate", {"id": issues[0].id, "title": "Known"})
    await world.member.mutate("issueUpdate", {"id": issues[1].id, "priority": "LOW", "title": "Other"})
    run = await begun(world, expectedRevision=first["revision"])
    await world.member.mutate("issueUpdate", {"id": issues[4].id, "priority": "URGENT"})
    await work(world, leases, run["id"])
    found = await node(world.member, run["id"], SKIPPED)
    skips = [(skip["subjectId"], skip["errors"][0]["conflictingFields"]) for skip in found["skipped"]["nodes"]]
    assert skips == [(issues[1].id, ["priority"]), (issues[4].id, ["priority"])]
    high, low, urgent = Priority.HIGH, Priority.LOW, Priority.URGENT
    assert await priorities(world, issues) == [high, low, high, high, urgent]


async def test_a_revision_that_does_not_exist_yet_starts_no_run(world: World, issues: list[Issue]) -> None:
    given = order(world, expectedCount=5, expectedRevision=1_000)
    refusal = ("ValidationError", "OUT_OF_RANGE", "input.expectedRevision")
    assert await world.member.refused("issueBatchUpdate", given) == [refusal]


async def test_a_retry_gets_the_run_of_the_first_attempt(world: World, leases: SqlLeases, issues: list[Issue]) -> None:
    given = order(world, {"priority": {"eq": "NONE"}}, expectedCount=5, idempotencyKey="once")
    first = await world.member.mutate("issueBatchUpdate", given, RESULT)
    await work(world, leases, first["job"]["id"])
    again = await world.member.mutate(
        "issueBatchUpdate", given, "results { index } changedCount skippedCount job { id }"
    )
    assert again["job"] == {"id": first["job"]["id"]}
    assert (again["results"], again["changedCount"], again["errors"]) == ([], None, [])
    assert again["revision"] == first["revision"]


async def test_a_dry_run_of_many_issues_counts_and_starts_no_run(world: World, issues: list[Issue]) -> None:
    await world.member.mutate("issueUpdate", {"id": issues[2].id, "priority": "HIGH"})
    before = await world.rows()
    payload = await world.member.mutate("issueBatchUpdate", order(world, expectedCount=5, dryRun=True), RESULT)
    assert payload == {
        "results": [],
        "changedCount": 4,
        "skippedCount": 0,
        "job": None,
        "plannedEvents": [],
        "errors": [],
        "revision": None,
    }
    assert await world.rows() == before


async def test_a_dry_run_counts_a_limited_number_of_issues(
    world: World, issues: list[Issue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.issues.update_runs.MOST_COUNTED", 4)
    given = order(world, expectedCount=5, dryRun=True)
    assert await world.member.refused("issueBatchUpdate", given) == [("LimitError", "LIMIT_EXCEEDED", "input.dryRun")]


async def test_several_runs_of_a_workspace_work_beside_each_other_up_to_a_limit(
    world: World, leases: SqlLeases, issues: list[Issue], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.issues.update_runs.MOST_RUNS", 2)
    changes = ({"priority": "HIGH"}, {"estimate": 3})
    runs = [await begun(world, change=change) for change in changes]
    given = order(world, expectedCount=5)
    assert await world.member.refused("issueBatchUpdate", given) == [("LimitError", "LIMIT_EXCEEDED", "input")]
    await asyncio.gather(*(work(world, leases, run["id"]) for run in runs))
    stored = [await world.stored(Issue, issue.id) for issue in issues]
    assert {(issue.priority, issue.estimate) for issue in stored} == {(Priority.HIGH, 3)}
    assert (await world.member.mutate("issueBatchUpdate", given, RESULT))["job"] is not None


async def test_an_issue_with_too_many_labels_is_skipped(world: World, leases: SqlLeases, issues: list[Issue]) -> None:
    labels = LabelFactory.build_batch(50, workspace=world.here.workspace)
    await world.store(*labels)
    await link(world.engine, issues[0], labels=labels)
    run = await begun(world, change={"labels": {"add": [world.here.label.id]}})
    await work(world, leases, run["id"])
    found = await node(world.member, run["id"], SKIPPED)
    [skip] = found["skipped"]["nodes"]
    assert (skip["index"], skip["subjectId"]) == (0, issues[0].id)
    assert [(error["code"], error["path"]) for error in skip["errors"]] == [
        ("LIMIT_EXCEEDED", ["input", "change", "labels"])
    ]


async def test_a_filter_takes_as_many_statements_for_1_issue_as_for_3(world: World, issues: list[Issue]) -> None:
    taken = []
    for first, last in ((0, 0), (1, 3)):
        numbers = {"number": {"gte": issues[first].number, "lte": issues[last].number}}
        change = {"title": "Alike", "stateId": world.here.done.id, "labels": {"add": [world.here.label.id]}}
        given = order(world, numbers, expectedCount=last - first + 1, change=change)
        with counted() as statements:
            payload = await world.member.mutate("issueBatchUpdate", given, "changedCount")
        assert payload["changedCount"] == last - first + 1
        taken.append(len(statements))
    assert taken[0] == taken[1] <= MOST_AT_ONCE_STATEMENTS, taken


async def test_a_batch_takes_as_many_statements_for_2_issues_as_for_40(
    world: World, leases: SqlLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = world.here
    there = {"project": place.project, "state": place.todo, "creator_id": place.issue.creator_id}
    await world.store(*IssueFactory.build_batch(80, **there))
    everyone = [place.people[role].id for role in (Role.OWNER, Role.ADMIN)]
    change = {
        "stateId": place.done.id,
        "milestoneId": place.milestone.id,
        "parentId": None,
        "title": "Alike",
        "dueDate": "2026-12-01",
        "assignees": {"add": everyone},
        "labels": {"add": [place.label.id]},
    }
    taken = {}
    for size in (2, 40):
        monkeypatch.setattr("infra.batches.repository.BATCH_SIZE", size)
        run = await begun(world, change=change, filter={"title": {"neq": "Alike"}}, expectedCount=81 - sum(taken))
        lost = await leases.acquire(most=1, job_id=await job_of(world, run["id"]))
        with counted() as statements:
            assert await world.app.batches._step(Actor.system(lost[0].job), run["id"])
        assert (await node(world.owner, run["id"], COUNTS))["changedCount"] == size
        await leases.release(lost)
        await world.member.mutate("batchRunCancel", {"id": run["id"]})
        taken[size] = len(statements)
    assert taken[2] == taken[40] <= MOST_STATEMENTS, taken
