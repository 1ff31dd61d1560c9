"""Null in every optional field of every mutation's input: accepted, or REQUIRED in that mutation's own payload.

The fields are found in the schema, those of nested inputs too, so a new one is tested without being named here.
"""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from graphql import GraphQLInputObjectType, GraphQLInputType, GraphQLNonNull, get_named_type

from tests.root_fields import SCHEMA
from tests.tracker.api.permission_table import USES, WITHIN, Scene, Use
from tests.tracker.api.test_foreign_ids import is_filter

RULE = "null is rejected."
USE = {use.mutation: use for use in reversed(USES)}
ANSWER = "errors { __typename code message path }"
Way = tuple[str, ...]


def input_type(mutation: str) -> GraphQLInputObjectType:
    kind = get_named_type(SCHEMA.mutation_type.fields[mutation].args["input"].type)
    assert isinstance(kind, GraphQLInputObjectType)
    return kind


def optional_fields(kind: GraphQLInputType, way: Way = ()) -> Iterator[tuple[Way, bool]]:
    """The way to each field that may be null, and whether its description says that null is refused."""
    named = get_named_type(kind)
    # Null has no effect in filters, which contain themselves.
    if isinstance(named, GraphQLInputObjectType) and not is_filter(named):
        for name, field in named.fields.items():
            # The one field of a OneOf input must not be null.
            if not isinstance(field.type, GraphQLNonNull) and not named.is_one_of:
                yield (*way, name), RULE in (field.description or "")
            yield from optional_fields(field.type, (*way, name))


FIELDS = {mutation: dict(optional_fields(input_type(mutation))) for mutation in USE}

COMMON = {("clientMutationId",), ("idempotencyKey",)}
ACCEPTING = {name for name, ways in FIELDS.items() if any(not ways[way] for way in ways.keys() - COMMON)} | {
    "labelDelete"
}
"""Mutations with a field of their own that accepts null, and one for the fields that all of them share."""


def with_value(given: dict[str, Any], way: Way, value: Any) -> dict[str, Any]:
    first, *rest = way
    inner = given.get(first)
    if isinstance(inner, list) and rest:
        return given | {first: [with_value(each, tuple(rest), value) for each in inner]}
    inner = inner if isinstance(inner, dict) else {}
    return given | {first: with_value(inner, tuple(rest), value) if rest else value}


def with_null(given: dict[str, Any], way: Way) -> dict[str, Any]:
    return with_value(given, way, None)


def literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(each)}" for name, each in value.items()) + "}"
    if isinstance(value, str) and value.isupper() and value.isalpha():
        return value  # an enum's
    return orjson.dumps(value).decode()


def client_of(scene: Scene, use: Use) -> Any:
    role = next(role for role in scene.here.people if not use.refuses(role))
    return scene.client(role), use.given(scene, role)


def test_fields_that_refuse_null_are_found_and_so_are_nested_ones() -> None:
    refusing = {(mutation, way) for mutation, ways in FIELDS.items() for way, refuses in ways.items() if refuses}
    assert {("issueUpdate", ("priority",)), ("viewerUpdate", ("timeZone",))} <= refusing
    assert ("issueUpdate", ("assignees", "add")) not in refusing
    assert ("assignees", "add") in FIELDS["issueUpdate"]
    assert set(FIELDS) == set(SCHEMA.mutation_type.fields)


async def test_null_where_a_value_cannot_be_cleared_is_required(scene: Scene) -> None:
    before = await scene.world.rows()
    for mutation, ways in FIELDS.items():
        if any(ways.values()):
            await expect_required(mutation, scene)
    assert await scene.world.rows() == before


async def expect_required(mutation: str, scene: Scene) -> None:
    """Asserts that null in each field that refuses it is an error, by variable and by literal."""
    client, good = client_of(scene, USE[mutation])
    ways = [way for way, refuses in FIELDS[mutation].items() if refuses]
    variables = {f"v{number}": with_null(good, way) for number, way in enumerate(ways)}
    fields = [f"v{number}: {mutation}(input: $v{number}) {{ {ANSWER} }}" for number, _ in enumerate(ways)]
    fields += [
        f"l{number}: {mutation}(input: {literal(with_null(good, way))}) {{ {ANSWER} }}"
        for number, way in enumerate(ways)
    ]
    declared = ", ".join(f"${name}: {input_type(mutation).name}!" for name in variables)

    answers = await client.run(f"mutation ({declared}) {{ {' '.join(fields)} }}", **variables)

    for number, way in enumerate(ways):
        [by_variable] = answers[f"v{number}"]["errors"]
        assert (by_variable["__typename"], by_variable["code"]) == ("ValidationError", "REQUIRED")
        assert by_variable["path"] == ["input", *way]
        assert by_variable["message"].startswith(f"`{way[-1]}` must not be null.")
        assert answers[f"l{number}"]["errors"] == [by_variable]


@pytest.mark.parametrize("mutation", sorted(ACCEPTING))
async def test_null_is_accepted_everywhere_else(mutation: str, scene: Scene) -> None:
    """All at once, inside nested inputs as far as these stay; what is null at the top comes after what is inside it."""
    client, given = client_of(scene, USE[mutation])
    ways = sorted((way for way, refuses in FIELDS[mutation].items() if not refuses), key=len, reverse=True)
    for way in ways:
        if len(way) > 1 and way[-2] in WITHIN:
            given = with_value(given, way[:-1], WITHIN[way[-2]](scene))
    for way in ways:
        given = with_null(given, way)
    # An end that others point at needs its `replaceWith`.
    if mutation in ("milestoneDelete", "stateDelete"):
        given["replaceWith"] = USE[mutation].given(scene, None)["replaceWith"]
    payload = await client.mutate(mutation, given)
    assert payload["errors"] == []
