"""Batch runs: workflow states and milestones with many issues are replaced in batches, by a job."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update

from domain.issues.model import Issue
from domain.milestones.model import Milestone
from domain.projects.model import State
from domain.shared.actor import Actor, Role
from domain.shared.batches import RUNS_KEPT, BatchSkip
from domain.shared.conflicts import ChangedMeanwhile
from domain.shared.errors import NotFound
from infra.batches.repository import SqlBatchRunRepository
from infra.batches.tables import BatchRowsRow, BatchRunRow
from infra.comments.tables import CommentRow
from infra.issues.tables import IssueRow
from infra.jobs.leases import SqlLeases
from infra.jobs.schedule import BATCH_RUNS
from infra.jobs.tables import JobRow
from infra.milestones.tables import MilestoneRow
from tests.client import Client
from tests.factories.batches import BatchRunFactory
from tests.tracker.api.batches.runs import job_of, node, work
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory
from tests.tracker.factories.milestones import MilestoneFactory
from tests.tracker.factories.projects import StateFactory

RUN = """batchRun {
    id state failure kind subjectId targetId changeSet progress { done total share } startedBy { id } finishedAt
}"""
DELETE = f"deletedStateId {RUN}"


async def begun(world: World, client: Client | None = None) -> dict[str, Any]:
    """A run that moves the issues of Todo to Done."""
    place = world.here
    given = {"id": place.todo.id, "replaceWith": place.done.id}
    payload = await (client or world.member).mutate("stateDelete", given, DELETE)
    assert payload["errors"] == []
    run: dict[str, Any] = payload["batchRun"]
    return run


async def change_sets(world: World) -> set[int]:
    """Change sets of all events of the workspace."""
    query = "query ($slug: String!) { workspace(slug: $slug) { changes(after: 0) { events { changeSet } } } }"
    found = await world.owner.run(query, slug=world.here.workspace.slug)
    return {event["changeSet"] for event in found["workspace"]["changes"]["events"]}


async def states(world: World, issues: list[Issue]) -> list[str]:
    return [(await world.stored(Issue, issue.id)).state_id for issue in issues]


async def test_a_state_with_many_issues_is_replaced_by_a_run(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    place = world.here
    payload = await world.member.mutate("stateDelete", {"id": place.todo.id, "replaceWith": place.done.id}, DELETE)
    run = payload["batchRun"]
    assert payload == {
        "deletedStateId": None,
        "revision": 2,
        "errors": [],
        "batchRun": {
            "id": run["id"],
            "state": "WAITING",
            "failure": None,
            "kind": "STATE_REPLACEMENT",
            "subjectId": place.todo.id,
            "targetId": place.done.id,
            "changeSet": 2,
            "progress": {"done": 0, "total": None, "share": 0.0},
            "startedBy": {"id": place.people[Role.MEMBER].id},
            "finishedAt": None,
        },
    }
    assert [event[:3] for event in await world.events()] == [
        (1, "state.updated", place.todo.id),
        (2, "batch.started", run["id"]),
    ]
    assert await states(world, issues) == [place.todo.id] * 5
    await work(world, leases, run["id"])
    moved = [await world.stored(Issue, issue.id) for issue in issues]
    assert [issue.state_id for issue in moved] == [place.done.id] * 5
    assert all(issue.completed_at is not None and issue.updated_at > place.issue.updated_at for issue in moved)
    assert await world.stored(State, place.todo.id) is None
    assert [event[:3] for event in await world.events()][2:] == [
        *((revision, "issue.updated", issue.id) for revision, issue in enumerate(issues, 3)),
        (8, "state.deleted", place.todo.id),
        (9, "state.updated", place.done.id),
    ]
    assert await change_sets(world) == {payload["revision"]}
    [*_, deleted, _] = await world.events()
    assert deleted[3]["replaced_by"] == [None, place.done.id]
    shown = "BatchRun { state finishedAt changedCount skippedCount progress { done total share } }"
    ended = await node(world.member, run["id"], shown)
    assert (ended["state"], ended["changedCount"], ended["skippedCount"]) == ("DONE", 5, 0)
    assert ended["progress"] == {"done": 5, "total": 5, "share": 1.0}
    assert ended["finishedAt"] is not None


async def test_a_milestone_with_many_issues_is_replaced_by_a_run(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    place = world.here
    target = MilestoneFactory(project=place.project, name="Second")
    await world.store(target)
    given = {"id": place.milestone.id, "replaceWith": target.id}
    payload = await world.member.mutate("milestoneDelete", given, f"deletedMilestoneId {RUN}")
    assert (payload["deletedMilestoneId"], payload["errors"]) == (None, [])
    assert payload["batchRun"]["kind"] == "MILESTONE_REPLACEMENT"
    shown = await node(world.member, place.milestone.id, "Milestone { replacedBy { id } }")
    assert shown["replacedBy"] == {"id": target.id}
    used = await world.member.mutate(
        "issueCreate", {"projectId": place.project.id, "title": "x", "milestoneId": place.milestone.id}
    )
    assert [(error["code"], error["path"]) for error in used["errors"]] == [("CONFLICT", ["input", "milestoneId"])]
    await work(world, leases, payload["batchRun"]["id"])
    assert [(await world.stored(Issue, issue.id)).milestone_id for issue in issues] == [target.id] * 5
    assert await world.stored(Milestone, place.milestone.id) is None


async def test_few_issues_move_at_once(world: World) -> None:
    place = world.here
    payload = await world.member.mutate("stateDelete", {"id": place.todo.id, "replaceWith": place.done.id}, DELETE)
    assert (payload["deletedStateId"], payload["batchRun"]) == (place.todo.id, None)


async def test_a_retry_gets_the_run_of_the_first_attempt(world: World, issues: list[Issue]) -> None:
    place = world.here
    given = {"id": place.todo.id, "replaceWith": place.done.id, "idempotencyKey": "once"}
    first, second = [await world.member.mutate("stateDelete", given, DELETE) for _ in range(2)]
    assert first["batchRun"]["id"] == second["batchRun"]["id"]
    assert first == second


async def test_a_state_that_is_being_replaced_says_so_and_takes_no_issues(world: World, issues: list[Issue]) -> None:
    place = world.here
    other = StateFactory(project=place.project, position=2)
    issue = IssueFactory(project=place.project, state=other, number=9, creator_id=place.issue.creator_id)
    await world.store(other, issue)
    await begun(world)
    shown = await node(world.member, place.todo.id, "State { replacedBy { id name } }")
    assert shown["replacedBy"] == {"id": place.done.id, "name": "Done"}
    refused = {
        "issueCreate": {"projectId": place.project.id, "title": "x", "stateId": place.todo.id},
        "issueUpdate": {"id": issue.id, "stateId": place.todo.id},
        "stateDelete": {"id": place.todo.id, "replaceWith": other.id},
    }
    for name, given in refused.items():
        payload = await world.member.mutate(name, given)
        assert [error["code"] for error in payload["errors"]] == ["CONFLICT"], name
    onto = await world.member.mutate("stateDelete", {"id": other.id, "replaceWith": place.todo.id})
    assert [(error["code"], error["path"]) for error in onto["errors"]] == [("CONFLICT", ["input", "replaceWith"])]
    target = await world.member.mutate("stateDelete", {"id": place.done.id})
    assert [error["code"] for error in target["errors"]] == ["IN_USE"]


async def test_of_two_replacements_of_a_state_at_once_one_begins(world: World, issues: list[Issue]) -> None:
    given = {"id": world.here.todo.id, "replaceWith": world.here.done.id}
    payloads = await asyncio.gather(*(world.member.mutate("stateDelete", given, DELETE) for _ in range(4)))
    refusals = sorted(tuple(error["code"] for error in payload["errors"]) for payload in payloads)
    assert refusals == [(), ("CONFLICT",), ("CONFLICT",), ("CONFLICT",)]


async def test_two_milestones_cannot_replace_each_other(world: World, issues: list[Issue]) -> None:
    place = world.here
    other = MilestoneFactory(project=place.project)
    there = {"project": place.project, "state": place.todo, "creator_id": place.issue.creator_id}
    more = [IssueFactory(**there, number=number, milestone_id=other.id) for number in range(11, 16)]
    await world.store(other, *more)
    pairs = [(place.milestone.id, other.id), (other.id, place.milestone.id)]
    mutations = [world.member.mutate("milestoneDelete", {"id": each, "replaceWith": by}) for each, by in pairs]
    payloads = await asyncio.gather(*mutations)
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1]


async def test_new_issues_skip_a_first_state_that_is_being_replaced(world: World, issues: list[Issue]) -> None:
    place = world.here
    await begun(world)
    payload = await world.member.mutate(
        "issueCreate", {"projectId": place.project.id, "title": "x"}, "issue { state { id } }"
    )
    assert payload["issue"] == {"state": {"id": place.done.id}}


async def test_a_run_that_was_interrupted_goes_on_and_changes_each_issue_once(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    run = await begun(world)
    lost = await leases.acquire(most=1, job_id=await job_of(world, run["id"]))
    steps = world.app.batches
    for _ in range(2):  # the rows are fixed, and the first batch is done
        assert await steps._step(Actor.system(lost[0].job), run["id"])
    assert sorted(await states(world, issues)).count(world.here.done.id) == 2
    changed = {issue.id: issue.updated_at for issue in [await world.stored(Issue, each.id) for each in issues]}
    await leases.release(lost)
    await work(world, leases, run["id"])
    after = [await world.stored(Issue, each.id) for each in issues]
    assert [issue.state_id for issue in after] == [world.here.done.id] * 5
    assert sum(issue.updated_at == changed[issue.id] for issue in after) == 2
    async with world.engine.connect() as connection:
        counts = await connection.execute(select(BatchRunRow.done, BatchRunRow.total))
        assert [tuple(row) for row in counts] == [(5, 5)]


async def test_issues_that_came_in_after_the_rows_were_fixed_move_too(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    run = await begun(world)
    lost = await leases.acquire(most=1, job_id=await job_of(world, run["id"]))
    assert await world.app.batches._step(Actor.system(lost[0].job), run["id"])
    late = IssueFactory(project=world.here.project, state=world.here.todo, number=9, creator_id=issues[0].creator_id)
    await world.store(late)
    await leases.release(lost)
    await work(world, leases, run["id"])
    assert await states(world, [*issues, late]) == [world.here.done.id] * 6


async def test_a_canceled_run_stops_and_releases_its_state(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    run = await begun(world)
    lost = await leases.acquire(most=1, job_id=await job_of(world, run["id"]))
    for _ in range(2):
        assert await world.app.batches._step(Actor.system(lost[0].job), run["id"])
    canceled = await world.member.mutate("batchRunCancel", {"id": run["id"]}, "batchRun { state finishedAt }")
    assert canceled["errors"] == []
    assert canceled["batchRun"]["state"] == "CANCELED"
    await leases.release(lost)
    await work(world, leases, run["id"])
    assert sorted(await states(world, issues)).count(world.here.done.id) == 2
    assert (await world.stored(State, world.here.todo.id)).replaced_by_id is None
    again = await world.member.mutate("batchRunCancel", {"id": run["id"]}, "batchRun { state }")
    assert [error["code"] for error in again["errors"]] == ["CONFLICT"]
    given = {"id": world.here.todo.id, "replaceWith": world.here.done.id}
    assert (await world.member.mutate("stateDelete", given, DELETE))["deletedStateId"] == world.here.todo.id


async def test_a_run_whose_target_is_gone_fails_and_releases_its_state(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    run = await begun(world)
    async with world.engine.begin() as connection:
        await connection.execute(text("UPDATE state SET replaced_by_id = NULL"))
        await connection.execute(text("DELETE FROM state WHERE id = :id"), {"id": world.here.done.id})
    await work(world, leases, run["id"])
    async with world.engine.connect() as connection:
        stored = await SqlBatchRunRepository(connection).by_id(run["id"])
    assert stored is not None
    assert (stored.state, stored.is_over) == ("FAILED", True)
    assert "does not exist" in (stored.failure or "")
    assert (await world.stored(State, world.here.todo.id)).replaced_by_id is None


async def test_a_run_whose_project_is_gone_fails(world: World, leases: SqlLeases, issues: list[Issue]) -> None:
    run = await begun(world)
    async with world.engine.begin() as connection:
        for table in (CommentRow, IssueRow, MilestoneRow):
            await connection.execute(delete(table))
    deleted = await world.owner.mutate("projectDelete", {"id": world.here.project.id}, "deletedProjectId")
    assert deleted["errors"] == []
    await work(world, leases, run["id"])
    shown = await node(world.member, run["id"], "BatchRun { state failure }")
    assert shown == {"state": "FAILED", "failure": "This state does not exist or is not visible to you."}


async def test_a_parked_run_shows_as_failed_and_can_be_canceled(world: World, issues: list[Issue]) -> None:
    run = await begun(world)
    async with world.engine.begin() as connection:
        await connection.execute(update(JobRow).values(state="PARKED"))
    shown = await node(world.member, run["id"], "BatchRun { state failure }")
    assert shown["state"] == "FAILED"
    assert "Cancel it" in shown["failure"]
    canceled = await world.member.mutate("batchRunCancel", {"id": run["id"]}, "batchRun { state }")
    assert canceled["batchRun"] == {"state": "CANCELED"}


async def test_runs_are_seen_by_those_who_started_them_and_by_admins(world: World, issues: list[Issue]) -> None:
    run = await begun(world)
    for role in (Role.OWNER, Role.ADMIN, Role.MEMBER):
        assert await seen(world, role) == {"totalCount": 1, "nodes": [{"id": run["id"]}]}, role
        assert await node(world.client(role), run["id"], "BatchRun { id }") == {"id": run["id"]}, role
    await give_to_admin(world)
    for role in (Role.MEMBER, Role.GUEST):
        assert await seen(world, role) == {"totalCount": 0, "nodes": []}, role
    refusals = {Role.MEMBER: "PERMISSION_DENIED", Role.GUEST: "PERMISSION_DENIED", None: "NOT_FOUND"}
    for other, code in refusals.items():
        client = world.client(other)
        assert await node(client, run["id"], "BatchRun { id }") is None
        refused = await client.mutate("batchRunCancel", {"id": run["id"]}, "batchRun { id }")
        assert [error["code"] for error in refused["errors"]] == [code]


async def seen(world: World, role: Role) -> Any:
    asked = "query Runs($slug: String!) { workspace(slug: $slug) { batchRuns { totalCount nodes { id } } } }"
    return (await world.client(role).run(asked, slug=world.here.workspace.slug))["workspace"]["batchRuns"]


async def give_to_admin(world: World) -> None:
    async with world.engine.begin() as connection:
        await connection.execute(update(BatchRunRow).values(started_by_id=world.here.people[Role.ADMIN].id))


async def test_skipped_objects_are_shown_with_typed_errors_whose_fields_have_the_names_of_inputs(world: World) -> None:
    place = world.here
    run = BatchRunFactory(workspace=place.workspace, started_by_id=place.people[Role.MEMBER].id, skipped_count=2)
    await world.store(run)
    missing = NotFound("This milestone does not exist.", path=("change", "milestone_id"))
    changed = ChangedMeanwhile(["title", "due_date"], (), expected=3, current=7)
    skips = [
        BatchSkip(index=4, subject_id=place.issue.id, errors=(missing,)),
        BatchSkip(index=0, subject_id=place.workspace.id, errors=(changed, missing)),
    ]
    async with world.engine.begin() as connection:
        await SqlBatchRunRepository(connection).add_skips(run, skips)
    errors = (
        "__typename code path message ... on ConflictError { conflictingFields currentRevision conflicts { field } }"
    )
    shown = f"BatchRun {{ skipped(first: 2) {{ totalCount nodes {{ index subjectId errors {{ {errors} }} }} }} }}"
    found = (await node(world.member, run.id, shown))["skipped"]
    not_found = {
        "__typename": "NotFoundError",
        "code": "NOT_FOUND",
        "path": ["input", "change", "milestoneId"],
        "message": "This milestone does not exist.",
    }
    first, *others = found["nodes"][0]["errors"]
    assert first.pop("message").startswith("`title` and `dueDate` were changed after revision 3.")
    assert first == {
        "__typename": "ConflictError",
        "code": "CONFLICT",
        "path": ["input", "title"],
        "conflictingFields": ["title", "dueDate"],
        "currentRevision": 7,
        "conflicts": [],
    }
    assert found["totalCount"] == 2
    assert others == [not_found]
    assert found["nodes"][1] == {"index": 4, "subjectId": place.issue.id, "errors": [not_found]}


async def test_runs_are_kept_for_seven_days_after_their_end(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    run = await begun(world)
    await work(world, leases, run["id"])
    async with world.engine.begin() as connection:
        assert await connection.scalar(select(func.count()).select_from(BatchRowsRow)) == 3
        young = func.now() - RUNS_KEPT + timedelta(minutes=1)
        await connection.execute(update(BatchRunRow).values(finished_at=young))
        await connection.execute(BATCH_RUNS.batch())
        assert await connection.scalar(select(func.count()).select_from(BatchRunRow)) == 1
        await connection.execute(update(BatchRunRow).values(finished_at=young - timedelta(minutes=2)))
        await connection.execute(BATCH_RUNS.batch())
        for table in (BatchRunRow, BatchRowsRow):
            assert await connection.scalar(select(func.count()).select_from(table)) == 0
