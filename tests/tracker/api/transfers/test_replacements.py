"""Imports while batch runs delete the states, milestones and labels that the files name."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select

from infra.batches.tables import BatchRunRow
from infra.jobs.in_process import run_now
from infra.jobs.leases import SqlLeases
from tests.tracker.api.transfers.conftest import Import
from tests.tracker.api.transfers.exports import issue, lines
from tests.tracker.api.world import World

QUERY = """query ($slug: String!) { workspace(slug: $slug) { labels { nodes { id name } } project(key: "AC") {
  states { id name } milestones { nodes { id name } } issues(sort: [{number: {}}]) { nodes {
    state { name } milestone { name } labels { name } } } } } }"""
OPEN = {"status": {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new"}}}
CLOSED = {"status": {"id": "2", "name": "Closed", "statusCategory": {"id": 3, "key": "done"}}}
FIRST = {"fixVersions": [{"id": "1", "name": "1.0"}]}
SECOND = {"fixVersions": [{"id": "2", "name": "2.0"}]}
BUGS = {"labels": ["bugs"]}
DEFECTS = {"labels": ["defects"]}
PAIRS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "state": (OPEN, CLOSED),
    "milestone": (FIRST, SECOND),
    "label": (BUGS, DEFECTS),
}
"""Fields of an issue with the replaced object and of one with its replacement, by kind."""


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each issue takes a run."""
    monkeypatch.setattr("domain.shared.replacements.MOST_AT_ONCE", 0)


async def found(world: World, kind: str) -> tuple[dict[str, str], list[Any]]:
    """IDs of the objects by name, and what each issue has."""
    workspace = (await world.owner.run(QUERY, slug=world.here.workspace.slug))["workspace"]
    project = workspace["project"]
    nodes = {
        "state": project["states"],
        "milestone": project["milestones"]["nodes"],
        "label": workspace["labels"]["nodes"],
    }
    field = "labels" if kind == "label" else kind
    return {node["name"]: node["id"] for node in nodes[kind]}, [each[field] for each in project["issues"]["nodes"]]


async def begun(world: World, mutation: str, given: Mapping[str, Any]) -> None:
    payload = await world.owner.mutate(mutation, given, "batchRun { id }")
    assert payload["errors"] == []
    assert payload["batchRun"] is not None


async def work(world: World, leases: SqlLeases) -> None:
    async with world.engine.connect() as connection:
        job_id = await connection.scalar(select(BatchRunRow.job_id))
    assert await run_now(world.app, leases, str(job_id), seconds=30)


@pytest.mark.parametrize("kind", PAIRS)
async def test_what_is_being_replaced_gives_way_to_its_replacement(
    world: World, leases: SqlLeases, imported: Import, kind: str
):
    replaced, replacement = PAIRS[kind]
    await imported(lines(issue(1, **replaced), issue(2, **replacement)))
    ids, [old, new] = await found(world, kind)
    old_name, new_name = [(each[0] if kind == "label" else each)["name"] for each in (old, new)]
    await begun(world, f"{kind}Delete", {"id": ids[old_name], "replaceWith": ids[new_name]})

    run = await imported(lines(issue(3, **replaced), issue(2, **replaced), issue(4, **replacement)))

    assert run.loss_count == 0
    assert await found(world, kind) == (ids, [old, new, new, new])
    await work(world, leases)
    del ids[old_name]
    assert await found(world, kind) == (ids, [new] * 4)
    await imported(lines(issue(5, **replaced)))
    assert await found(world, kind) == (ids, [new] * 5)


async def test_what_another_site_names_like_a_replaced_object_gives_way_too(world: World, imported: Import):
    await imported(lines(issue(1, **DEFECTS)))
    made = {"workspaceId": world.here.workspace.id, "name": "bugs", "color": "#000000"}
    label = (await world.owner.mutate("labelCreate", made, "label { id }"))["label"]
    ids, [defects] = await found(world, "label")
    await world.owner.mutate("issueUpdate", {"id": world.here.issue.id, "labels": {"add": [label["id"]]}})
    await begun(world, "labelDelete", {"id": label["id"], "replaceWith": ids["defects"]})

    await imported(lines(issue(2, **BUGS)))

    assert await found(world, "label") == (ids, [defects] * 2)


async def test_a_label_that_is_being_deleted_is_left_out_and_reported(world: World, imported: Import):
    await imported(lines(issue(1, **BUGS)))
    ids, _ = await found(world, "label")
    await begun(world, "labelDelete", {"id": ids["bugs"]})

    run = await imported(lines(issue(2, labels=["bugs", "defects"])))

    _, issues = await found(world, "label")
    names = [{label["name"] for label in labels} for labels in issues]
    assert names == [{"bugs", "type: Bug"}, {"defects", "type: Bug"}]
    assert run.loss_count == 1
    losses = "query ($id: ID!) { node(id: $id) { ... on ImportRun { losses { nodes { field code reason } } } } }"
    [loss] = (await world.owner.run(losses, id=run.id))["node"]["losses"]["nodes"]
    assert loss == {"field": "labels", "code": "NOT_KEPT", "reason": "A label that is being deleted is left out."}
