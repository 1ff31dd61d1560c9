"""Undo of change sets with more than 1,000 events, by a batch run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from domain.issues.model import Issue
from domain.projects.model import State
from domain.shared.actor import Actor, Role
from infra.jobs.leases import SqlLeases
from infra.uow import SqlUow, SqlUowFactory
from tests.tracker.api.batches.runs import node, work
from tests.tracker.api.undo.taken_back import RESULTS
from tests.tracker.api.undo.test_undo import change, unchanged
from tests.tracker.api.world import World

RUN = "job { id kind state changedCount skippedCount progress { done total } subjectId changeSet }"


@pytest.fixture(autouse=True)
def small_undos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets runs undo what one request would undo, in batches of two objects."""
    monkeypatch.setattr("domain.shared.replacements.MOST_AT_ONCE", 3)
    monkeypatch.setattr("domain.undo.service.MOST_AT_ONCE", 3)
    monkeypatch.setattr("infra.batches.repository.BATCH_SIZE", 2)


async def started(world: World, change_set: int, **given: Any) -> Any:
    given = {"workspaceId": world.here.workspace.id, "changeSet": change_set, **given}
    return await world.owner.mutate("changeSetUndo", given, f"{RESULTS} {RUN}")


async def deleted_state(world: World, leases: SqlLeases) -> int:
    """Deletes the state Todo by a run, and returns its change set."""
    given = {"id": world.here.todo.id, "replaceWith": world.here.done.id}
    payload = await change(world.owner, "stateDelete", given, "batchRun { id }")
    await work(world, leases, payload["batchRun"]["id"])
    revision: int = payload["revision"]
    return revision


async def finished(world: World, leases: SqlLeases, run_id: str) -> Any:
    await work(world, leases, run_id)
    return await node(world.owner, run_id, "BatchRun { state failure changedCount skippedCount changeSet }")


async def are_back(world: World, issues: list[Issue]) -> bool:
    here = world.here
    states = [unchanged(await world.stored(State, state.id), state) for state in (here.todo, here.done)]
    return all([*states, *[unchanged(await world.stored(Issue, issue.id), issue) for issue in issues]])


async def test_a_state_that_a_run_deleted_comes_back_by_a_run(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    change_set = await deleted_state(world, leases)
    undoing = await started(world, change_set)
    assert undoing["errors"] == []
    assert (undoing["results"], undoing["changedCount"], undoing["skippedCount"]) == ([], None, None)
    assert (undoing["job"]["kind"], undoing["job"]["subjectId"]) == ("CHANGE_SET_UNDO", world.here.workspace.id)
    run = await finished(world, leases, undoing["job"]["id"])
    assert (run["state"], run["changedCount"], run["skippedCount"]) == ("DONE", 7, 0)
    assert run["changeSet"] == undoing["revision"]
    assert await are_back(world, issues)


async def test_all_events_of_a_run_are_one_change_set_that_can_be_undone(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    undoing = await started(world, await deleted_state(world, leases))
    await finished(world, leases, undoing["job"]["id"])
    query = """query ($slug: String!, $after: Revision!) { workspace(slug: $slug) {
      changes(after: $after) { events { kind cause changeSet } } } }"""
    data = await world.owner.run(query, slug=world.here.workspace.slug, after=undoing["revision"] - 1)
    events = data["workspace"]["changes"]["events"]
    assert {(event["cause"], event["changeSet"]) for event in events} == {("UNDO", undoing["revision"])}
    assert [events[0]["kind"], events[-1]["kind"]] == ["BATCH_STARTED", "CHANGE_SET_UNDONE"]
    again = await started(world, undoing["revision"])
    await finished(world, leases, again["job"]["id"])
    assert await world.stored(State, world.here.todo.id) is None
    assert (await world.stored(Issue, issues[0].id)).state_id == world.here.done.id
    last = await started(world, again["revision"])
    await finished(world, leases, last["job"]["id"])
    assert await are_back(world, issues)


async def test_a_conflict_keeps_the_run_from_being_started(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    change_set = await deleted_state(world, leases)
    given = {"projectId": world.here.project.id, "name": "New", "category": "STARTED", "color": "#112233"}
    created = await change(world.owner, "stateCreate", given, "state { id }")
    await change(world.owner, "issueUpdate", {"id": issues[1].id, "stateId": created["state"]["id"]})
    before = await world.rows()
    payload = await started(world, change_set)
    assert [error["code"] for error in payload["errors"]] == ["CONFLICT"]
    assert (payload["revision"], payload["job"]) == (None, None)
    assert [result["subjectId"] for result in payload["results"] if result["errors"]] == [issues[1].id]
    assert await world.rows() == before
    skipping = await started(world, change_set, onConflict="SKIP")
    run = await finished(world, leases, skipping["job"]["id"])
    assert (run["state"], run["changedCount"], run["skippedCount"]) == ("DONE", 6, 1)
    errors = "errors { code path ... on ConflictError { conflictingFields } }"
    skipped = f"BatchRun {{ skipped {{ nodes {{ subjectId {errors} }} }} }}"
    [skip] = (await node(world.owner, skipping["job"]["id"], skipped))["skipped"]["nodes"]
    assert skip["subjectId"] == issues[1].id
    assert skip["errors"] == [{"code": "CONFLICT", "path": ["input", "changeSet"], "conflictingFields": ["stateId"]}]


async def test_a_dry_run_of_many_counts_only(world: World, leases: SqlLeases, issues: list[Issue]) -> None:
    change_set = await deleted_state(world, leases)
    before = await world.rows()
    payload = await started(world, change_set, dryRun=True)
    assert (payload["changedCount"], payload["skippedCount"]) == (7, 0)
    assert (payload["results"], payload["job"], payload["revision"]) == ([], None, None)
    assert await world.rows() == before


@pytest.mark.parametrize("given", [{}, {"dryRun": True}])
async def test_a_large_undo_needs_one_connection_at_a_time(
    world: World, leases: SqlLeases, issues: list[Issue], monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    """Concurrent undos that each wait for a second connection would together keep all connections."""
    change_set = await deleted_state(world, leases)
    opened, most = 0, 0
    enter = SqlUowFactory.__call__

    @asynccontextmanager
    async def counted(factory: SqlUowFactory, actor: Actor) -> AsyncIterator[SqlUow]:
        nonlocal opened, most
        async with enter(factory, actor) as uow:
            opened += 1
            most = max(most, opened)
            try:
                yield uow
            finally:
                opened -= 1

    monkeypatch.setattr(SqlUowFactory, "__call__", counted)
    assert (await started(world, change_set, **given))["errors"] == []
    assert most == 1


@pytest.mark.parametrize("role", [None, "GUEST"])
async def test_a_run_ends_if_its_user_may_no_longer_change_the_objects(
    world: World, leases: SqlLeases, issues: list[Issue], role: str | None
) -> None:
    given = {"workspaceId": world.here.workspace.id, "changeSet": await deleted_state(world, leases)}
    undoing = await world.client(Role.ADMIN).mutate("changeSetUndo", given, RUN)
    member = {"id": world.here.members[Role.ADMIN].id}
    if role is None:
        await change(world.owner, "memberRemove", member)
    else:
        await change(world.owner, "memberUpdate", member | {"role": role})
    run = await finished(world, leases, undoing["job"]["id"])
    assert (run["state"], run["changedCount"]) == ("FAILED", 0)
    assert run["failure"] == "The user who started the run is no longer a member who may undo the change set."
    assert await world.stored(State, world.here.todo.id) is None


async def test_one_run_at_a_time_undoes_changes_of_a_workspace(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    change_set = await deleted_state(world, leases)
    await started(world, change_set)
    payload = await started(world, change_set)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("CONFLICT", ["input", "changeSet"])]
