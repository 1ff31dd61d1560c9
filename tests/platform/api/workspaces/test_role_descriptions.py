"""Roles are described by what they may do in the platform and in each slice."""

import pytest
from graphql import GraphQLEnumType

from api import slices
from api.graphql.runner import graphql_schema
from api.schema import SlicedSchema, build_schema, schema
from api.shared.slices import ApiSlice
from domain.shared.actor import Role
from domain.shared.slices import Slice
from tests.sample.application import SCHEMA

GUEST = "Sees only what the guest was given access to."
OF_TRACKER = "Has access to the projects that the guest was added to. Writes comments on issues that the guest sees."
ROOMS = ApiSlice(domain=Slice(name="rooms"), roles={Role.GUEST: "Enters rooms."})


def described(built: SlicedSchema, role: Role) -> str | None:
    enum = graphql_schema(built).type_map["Role"]
    assert isinstance(enum, GraphQLEnumType)
    return enum.values[role.name].description


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (build_schema(slices.PLATFORM), GUEST),
        (build_schema([*slices.PLATFORM, ROOMS]), f"{GUEST} Enters rooms."),
        (SCHEMA, f"{GUEST} Has access to the shelves that the guest was added to."),
        (
            schema,
            f"{GUEST} {OF_TRACKER}",
        ),
    ],
    ids=["platform", "with rooms", "sample", "tracker"],
)
def test_a_role_has_the_sentences_of_its_slices(built: SlicedSchema, text: str):
    assert described(built, Role.GUEST) == text


def test_a_role_that_no_slice_describes_has_the_text_of_the_platform():
    owner = described(build_schema(slices.PLATFORM), Role.OWNER)
    assert owner
    assert {described(built, Role.OWNER) for built in (schema, SCHEMA)} == {owner}
