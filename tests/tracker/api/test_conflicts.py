"""Every update that expects a revision refuses to overwrite what changed meanwhile, and merges other fields."""

import pytest

from api.graphql.runner import graphql_schema
from api.schema import schema
from domain.shared.actor import Role
from tests import updates as expected
from tests.tracker.api.test_updates import MUTATIONS, updates
from tests.tracker.api.world import World
from tests.tracker.factories.storing import link
from tests.updates import DETAILS, Tried, Update

OF_PLATFORM = {"memberUpdate", "workspaceUpdate"}
"""Updates that `tests/engine/api/test_conflicts.py` tries."""
ALL = [*(name for name in MUTATIONS if name not in OF_PLATFORM), "statesReorder"]
WITH_SEVERAL_FIELDS = [name for name in ALL if name not in ("commentUpdate", "statesReorder")]
OF_THEIR_OWN_KIND = ("issueBatchUpdate", "statesReorder")
"""Updates of several objects."""


def tried(world: World, mutation: str) -> Tried:
    """The mutation with an ID, and a new value for each field."""
    place = world.here
    order = Update(
        "Project",
        {"stateIds": [place.done.id, place.todo.id]},
        {"stateIds": "states { id }"},
        id_field="projectId",
        orders=frozenset({"stateIds"}),
    )
    subject, update = (updates(world) | {"statesReorder": (place.project.id, order)})[mutation]
    client = world.member if mutation == "commentUpdate" else world.owner
    return Tried(world=world, client=client, mutation=mutation, subject=subject, update=update)


def test_every_update_is_tried_with_an_expected_revision() -> None:
    mutations = graphql_schema(schema).mutation_type
    assert mutations is not None
    inputs = {name: field.args["input"].type for name, field in mutations.fields.items()}
    taking = {name for name, kind in inputs.items() if "expectedRevision" in kind.of_type.fields}
    assert taking == {*ALL, *OF_PLATFORM}


@pytest.mark.parametrize("mutation", ALL)
async def test_a_field_that_changed_meanwhile_is_not_overwritten(world: World, mutation: str) -> None:
    await link(world.engine, world.here.issue, labels=[world.here.label])
    await expected.expect_nothing_overwritten(tried(world, mutation))


@pytest.mark.parametrize("mutation", WITH_SEVERAL_FIELDS)
async def test_changes_of_other_fields_are_merged(world: World, mutation: str) -> None:
    await expected.expect_merged(tried(world, mutation))


@pytest.mark.parametrize("mutation", OF_THEIR_OWN_KIND)
async def test_an_update_of_several_objects_follows_the_rules_of_one(world: World, mutation: str) -> None:
    await expected.expect_no_conflict_of_equal_values(tried(world, mutation))


@pytest.mark.parametrize("mutation", OF_THEIR_OWN_KIND)
async def test_an_expected_revision_takes_one_statement_for_several_objects(world: World, mutation: str) -> None:
    await expected.expect_one_statement_more(tried(world, mutation))


@pytest.mark.parametrize("mutation", OF_THEIR_OWN_KIND)
async def test_an_update_of_several_objects_refuses_revisions_outside_of_the_log(world: World, mutation: str) -> None:
    await expected.expect_revisions_of_the_log_only(tried(world, mutation))


@pytest.mark.parametrize("mutation", OF_THEIR_OWN_KIND)
async def test_a_retry_of_an_update_of_several_objects_is_no_conflict(world: World, mutation: str) -> None:
    await expected.expect_no_conflict_of_a_retry(tried(world, mutation))


async def test_a_guest_is_told_of_conflicts_in_its_own_comments(world: World) -> None:
    guest = world.client(Role.GUEST)
    written = {"issueId": world.here.issue.id, "body": "First"}
    comment = (await guest.mutate("commentCreate", written, "comment { id }"))["comment"]
    await guest.mutate("commentUpdate", {"id": comment["id"], "body": "Second"})
    mine = {"id": comment["id"], "body": "Third", "expectedRevision": 1}
    [error] = (await guest.mutate("commentUpdate", mine, DETAILS))["errors"]
    [shown] = error["conflicts"]
    assert (shown["base"], shown["current"], shown["changedBy"]) == (["First"], ["Second"], {"id": guest.actor.user_id})
