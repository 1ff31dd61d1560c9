"""The retry of a mutation that deletes names what is gone."""

from typing import Any

import pytest

from tests.tracker.api.world import World
from tests.tracker.factories.storing import link


@pytest.mark.parametrize(
    ("mutation", "field"),
    [
        ("issuePurge", "deletedIssueId"),
        ("labelDelete", "deletedLabelId detachedCount"),
        ("projectDelete", "deletedProjectId"),
        ("stateDelete", "deletedStateId"),
    ],
)
async def test_the_retry_of_a_deletion_names_what_is_gone(world: World, mutation: str, field: str):
    place, client = world.here, world.owner
    await link(world.engine, place.issue, labels=[place.label])
    subjects: dict[str, Any] = {
        "issuePurge": place.issue.id,
        "labelDelete": place.label.id,
        "stateDelete": place.done.id,
    }
    if mutation == "issuePurge":
        await client.mutate("issueDelete", {"id": place.issue.id})
    if mutation == "projectDelete":
        created = {"workspaceId": place.workspace.id, "key": "GONE", "name": "Gone"}
        subjects[mutation] = (await client.mutate("projectCreate", created, "project { id }"))["project"]["id"]
    asked = {"id": subjects[mutation], "idempotencyKey": "k1"}
    first = await client.mutate(mutation, asked, field)
    assert (first[field.split(maxsplit=1)[0]], first["errors"]) == (subjects[mutation], [])
    before = await world.rows()
    assert await client.mutate(mutation, asked, field) == first
    assert await world.rows() == before
