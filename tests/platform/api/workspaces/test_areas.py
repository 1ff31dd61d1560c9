"""The areas of guests have the name of the slice that defines them: here, they are the shelves of the sample."""

import pytest
from graphql import GraphQLInputObjectType

from api import slices
from api.graphql.runner import graphql_schema
from api.schema import SlicedSchema, build_schema, schema
from api.shared.slices import ApiSlice, AreaIds
from domain.shared.slices import Slice, Unregistered
from tests.refusals import assert_refused, bad_ids, invalid
from tests.sample.application import SCHEMA, SLICES_OF_SAMPLE
from tests.sample.world import LibraryWorld

COMMON = {"workspaceId", "email", "role", "idempotencyKey", "clientMutationId"}
CHANGES = """query ($slug: String!) { workspace(slug: $slug) {
  changes(after: 0) { events { kind changes { field after } } } } }"""


@pytest.mark.parametrize(
    ("built", "of_areas"),
    [(build_schema(slices.PLATFORM), set[str]()), (SCHEMA, {"shelfIds"}), (schema, {"projectIds"})],
    ids=["platform", "sample", "tracker"],
)
def test_the_slice_with_the_areas_names_the_input_field(built: SlicedSchema, of_areas: set[str]):
    given = graphql_schema(built).type_map["InvitationCreateInput"]
    assert isinstance(given, GraphQLInputObjectType)
    assert given.fields.keys() == COMMON | of_areas
    for name in of_areas:
        described = given.fields[name].description or ""
        assert ("shelves" in described, "projects" in described) == (built is SCHEMA, built is schema)


def test_a_schema_has_areas_of_one_slice():
    rooms = ApiSlice(domain=Slice(name="rooms"), area_ids=AreaIds(name="roomIds", description="IDs of rooms."))
    with pytest.raises(Unregistered, match=r"Only one slice can have `area_ids`: take it from library or rooms\."):
        build_schema([*SLICES_OF_SAMPLE, rooms])


async def test_refusals_name_the_areas_as_the_slice_does(world: LibraryWorld):
    place = world.here
    cases = {
        **bad_ids("shelfIds", "shf", foreign=world.elsewhere.shelf.id, listed=True),
        "too many": ({"shelfIds": [place.shelf.id] * 21}, invalid("shelfIds", "LIMIT_EXCEEDED")),
        "shelves of no guest": ({"role": "MEMBER", "shelfIds": [place.shelf.id]}, invalid("shelfIds")),
    }
    good = {"workspaceId": place.workspace.id, "role": "GUEST"}
    await assert_refused(world, world.owner, "invitationCreate", good, cases)
    refused = await world.owner.mutate("invitationCreate", good | {"role": "ADMIN", "shelfIds": [place.shelf.id]})
    assert [error["message"] for error in refused["errors"]] == [
        "`shelfIds` is only for the role `GUEST`. Members with other roles have access to everything."
    ]


@pytest.mark.parametrize("name", ["areaIds", "area_ids", "projectIds"])
async def test_names_of_other_schemas_are_refused(world: LibraryWorld, name: str):
    given = {"workspaceId": world.here.workspace.id, "role": "GUEST", name: [world.here.shelf.id]}
    query = "mutation ($input: InvitationCreateInput!) { invitationCreate(input: $input) { revision } }"
    _, [error] = await world.owner.execute(query, input=given)
    assert f"{name!r}" in error.message


async def test_the_log_names_the_areas_as_the_input_does(world: LibraryWorld):
    place = world.here
    given = {"workspaceId": place.workspace.id, "role": "GUEST", "shelfIds": [place.shelf.id, place.other_shelf.id]}
    assert (await world.owner.mutate("invitationCreate", given))["errors"] == []
    found = await world.owner.run(CHANGES, slug=place.workspace.slug)
    [event] = found["workspace"]["changes"]["events"]
    logged = {change["field"]: change["after"] for change in event["changes"]}
    assert sorted(logged["shelfIds"]) == sorted(given["shelfIds"])
