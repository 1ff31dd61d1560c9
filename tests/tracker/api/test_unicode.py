"""Proves that filters find texts in any Unicode form. The filters are found in the schema."""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLInputType, get_named_type

from domain.shared.actor import Role
from tests.root_fields import SCHEMA
from tests.tracker.api.permission_table import PARENTS, Scene
from tests.tracker.api.test_foreign_ids import FilterPlace
from tests.tracker.api.world import World
from tests.tracker.factories.storing import save

COMPOSED = "Café Žižkov"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
KEYS = {"identifier", "key", "slug"}
"""Fields that hold ASCII alone, and so never match."""


def text_places(kind: GraphQLInputType, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Path to every text field of a filter, and whether the field is a comparator."""
    named = get_named_type(kind)
    if named.name in ("String", "StringComparator"):
        yield way, named.name == "StringComparator"
    elif isinstance(named, GraphQLInputObjectType) and not named.name.endswith("Comparator"):
        for name, field in named.fields.items():
            if name not in ("and", "or", "not", "every", "none"):
                yield from text_places(field.type, (*way, name))


def places() -> Iterator[tuple[FilterPlace, bool]]:
    """Text fields of each filter type, in the first list that has the filter."""
    seen = set()
    for node in SCHEMA.get_implementations(SCHEMA.type_map["Node"]).objects:
        for name, field in node.fields.items():
            kind = field.args["filter"].type if "filter" in field.args else None
            if kind is not None and str(kind) not in seen:
                seen.add(str(kind))
                for way, is_compared in text_places(kind):
                    yield FilterPlace(node.name, name, str(kind), way), is_compared


def comparisons(asked: str) -> list[dict[str, Any]]:
    return [
        {"eq": asked},
        {"in": ["x", asked]},
        {"contains": asked[1:]},
        {"startsWith": asked},
        {"neq": asked},
        {"notIn": [asked]},
    ]


@pytest.fixture
async def scene(scene: Scene) -> Scene:
    """Scene with composed names and a composed issue title; the issue's description and a comment are decomposed."""
    here = scene.here
    renamed = [here.label, here.milestone, here.project, here.todo, *here.people.values()]
    changed = [
        *((each, replace(each, name=COMPOSED)) for each in renamed),
        (here.issue, replace(here.issue, title=COMPOSED, description=DECOMPOSED)),
        (here.comment, replace(here.comment, body=DECOMPOSED)),
    ]
    async with scene.world.engine.begin() as connection:
        for before, after in changed:
            await save(connection, before, after)
    return scene


async def found(scene: Scene, place: FilterPlace, filters: list[dict[str, Any]]) -> list[list[str]]:
    """The ids in the list under each filter."""
    named = {f"f{number}": each for number, each in enumerate(filters)}
    data = await scene.client(Role.MEMBER).run(place.query(named), id=PARENTS[place.owner](scene).id, **named)
    return [[node["id"] for node in data["node"][name]["nodes"]] for name in named]


def test_texts_are_found_in_the_schema() -> None:
    names = {place.name for place, _ in places()}
    assert {"Issue.comments body", "Label.issues labels.some.name"} & names
    assert len(names) > 15


async def test_every_text_is_found_in_either_form(scene: Scene) -> None:
    for place, is_compared in places():
        composed, decomposed = [
            await found(scene, place, [place.filter(each) for each in comparisons(form)])
            if is_compared
            else await found(scene, place, [place.filter(form), place.filter(form.split()[0])])
            for form in (COMPOSED, DECOMPOSED)
        ]
        assert composed == decomposed, place.name
        if place.way[-1] not in KEYS:
            assert all(composed[:4] if is_compared else composed), (place.name, composed)


async def test_the_text_of_a_comment_comes_back_as_it_was_sent(world: World) -> None:
    sent = {"issueId": world.here.issue.id, "body": DECOMPOSED}
    assert (await world.owner.mutate("commentCreate", sent, "comment { body }"))["comment"]["body"] == DECOMPOSED
