"""Proves that messages for GraphQL clients name every field as the schema does, for each wrong input."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from api.graphql.masking import format_errors
from domain.shared.actor import Role
from tests.factories.accounts import IDS
from tests.root_fields import SCHEMA
from tests.tracker.api.permission_table import USES, Scene, build_scene
from tests.tracker.api.test_foreign_ids import is_filter
from tests.tracker.api.world import World

SNAKE_CASE = re.compile(r"(?<![\w'])[a-z]+(?:_[a-z]+)+(?!\w)")
LIST_SIZE = 60  # more than an issue can have of anything
WRONG: dict[str, tuple[Any, ...]] = {
    "String": ("", "x" * 300, "a\u2028b", "www.example.org"),
    "ID": ("junk", IDS.new("zzz"), IDS.new("iss")),
    "Int": (-1, 2**31 - 1),
    "Boolean": (True,),
    "Date": ("2026-02-30", "9999-12-31"),
    "DateTime": ("yesterday",),
    "Revision": (-1, 2**31 - 1),
}
"""Values that break rules, by scalar."""


def wrong_values(kind: GraphQLInputType) -> Iterator[Any]:
    yield None
    named = get_named_type(kind)
    if is_list_type(get_nullable_type(kind)):
        yield []
        yield from ([value] * LIST_SIZE for value in WRONG.get(named.name, ()))
        if isinstance(named, GraphQLInputObjectType):
            yield from ([value] for value in wrong_values(named))
    elif isinstance(named, GraphQLInputObjectType) and is_filter(named):
        yield {"text": "\0"}  # filters contain themselves
    elif isinstance(named, GraphQLInputObjectType):
        for name, field in named.fields.items():
            yield from ({name: value} for value in wrong_values(field.type))
        yield {name: [] for name in named.fields}
    elif isinstance(named, GraphQLEnumType):
        yield "NO_SUCH_VALUE"
    else:
        yield from WRONG[named.name]


def mutations() -> Iterator[tuple[str, GraphQLInputObjectType]]:
    assert SCHEMA.mutation_type is not None
    for name, field in SCHEMA.mutation_type.fields.items():
        kind = get_named_type(field.args["input"].type)
        assert isinstance(kind, GraphQLInputObjectType)
        yield name, kind


async def refusals(
    scene: Scene, mutation: str, kind: GraphQLInputObjectType, *, is_whole: bool
) -> list[tuple[str, list[str]]]:
    """Message and path of everything that is refused of the mutation, one wrong value at a time."""
    client = scene.client(Role.OWNER)
    given = next(use for use in USES if use.mutation == mutation).given(scene, Role.OWNER)
    query = f"mutation ($input: {kind.name}!) {{ {mutation}(input: $input) {{ errors {{ message path }} }} }}"
    found = []
    for name, field in kind.fields.items():
        values = list(wrong_values(field.type))
        for value in values if is_whole else values[1:2]:
            data, errors = await client.execute(query, input=given | {name: value})
            found += [(each["message"], []) for each in format_errors(errors)]
            found += [(each["message"], each["path"]) for each in data[mutation]["errors"]] if data else []
    return found


@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.verify)], ids=["one each", "all"])
async def test_every_message_names_fields_as_the_schema_does(world: World, is_whole: bool) -> None:
    scene = await build_scene(world)
    found = [each for name, kind in mutations() for each in await refusals(scene, name, kind, is_whole=is_whole)]
    assert [message for message, _ in found if SNAKE_CASE.search(message)] == []
    named = [(re.findall(r"`(\w+)`", message), path) for message, path in found if path]
    assert [(names, path) for names, path in named if names and names[0] != path[-1]] == []
    assert {"expiresInDays", "idempotencyKey", "title", "timeZone"} <= {names[0] for names, _ in named if names}
