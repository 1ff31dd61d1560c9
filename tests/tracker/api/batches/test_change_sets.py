"""The change set of a batch run: the commit that started it, and all that it changes later."""

from typing import Any

from domain.issues.model import Issue
from domain.shared.actor import Role
from infra.jobs.leases import SqlLeases
from tests.tracker.api.batches.runs import work
from tests.tracker.api.world import World

READ = """query ($slug: String!, $id: Revision!, $first: Int!, $after: String) { workspace(slug: $slug) {
  changeSet(id: $id) { revision eventCount isUndoable reasons { code } actor { name }
    events(first: $first, after: $after) { totalCount nodes { revision kind } pageInfo { endCursor } } } } }"""


async def read(world: World, revision: int, role: Role = Role.MEMBER, *, first: int = 100, after: str = "") -> Any:
    asked = {"slug": world.here.workspace.slug, "id": revision, "first": first, "after": after or None}
    return (await world.client(role).run(READ, **asked))["workspace"]["changeSet"]


async def test_a_run_belongs_to_the_change_set_that_started_it(
    world: World, leases: SqlLeases, issues: list[Issue]
) -> None:
    place = world.here
    given = {"id": place.todo.id, "replaceWith": place.done.id}
    payload = await world.member.mutate("stateDelete", given, "batchRun { id }")
    started = await read(world, payload["revision"])
    assert [event["kind"] for event in started["events"]["nodes"]] == ["STATE_UPDATED", "BATCH_STARTED"]
    assert (started["isUndoable"], started["reasons"]) == (False, [{"code": "UNFINISHED"}])
    between = await world.member.mutate("labelUpdate", {"id": place.label.id, "name": "between"})

    await work(world, leases, payload["batchRun"]["id"])
    assert (await read(world, between["revision"]))["eventCount"] == 1
    found = await read(world, payload["revision"])
    assert (found["eventCount"], found["events"]["totalCount"]) == (9, 9)
    assert (found["isUndoable"], found["actor"]) == (True, {"name": "Member"})
    kinds = ["STATE_UPDATED", "BATCH_STARTED", *["ISSUE_UPDATED"] * len(issues), "STATE_DELETED", "STATE_UPDATED"]
    assert [event["kind"] for event in found["events"]["nodes"]] == kinds
    revisions = [event["revision"] for event in found["events"]["nodes"]]
    assert revisions == sorted(revisions)
    assert between["revision"] not in revisions
    for job_revision in revisions[2:]:
        assert await read(world, job_revision) is None

    first = await read(world, payload["revision"], first=4)
    cursor = first["events"]["pageInfo"]["endCursor"]
    rest = await read(world, payload["revision"], first=100, after=cursor)
    pages = first["events"]["nodes"] + rest["events"]["nodes"]
    assert [event["revision"] for event in pages] == revisions
    seen = await read(world, payload["revision"], Role.GUEST)
    assert [event["kind"] for event in seen["events"]["nodes"]] == [kind for kind in kinds if kind != "BATCH_STARTED"]
