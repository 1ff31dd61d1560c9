"""Meaning of null, empty lists and wrong IDs in every comparator of every filter that the schema has."""

from typing import Any

import pytest

from api.graphql.runner import graphql_schema
from domain.shared.actor import Role
from tests.comparators import FilteredList, expect_one_meaning_of_null, expect_paths_of_wrong_ids, places
from tests.factories.moments import MADE
from tests.sample.application import SCHEMA
from tests.sample.domain.conditions import Condition
from tests.sample.factories import BookFactory
from tests.sample.world import LibraryWorld

WAYS = {
    "authors": {"AuthorFilter": ""},
    "books": {"BookFilter": ""},
    "members": {"MemberFilter": "", "UserFilter": "user"},
    "shelves": {"ShelfFilter": ""},
    "tags": {"TagFilter": ""},
}
"""List of workspaces -> each filter in the list's filter that is tried there, with the way to it."""
OPTIONAL = ("authorId", "parentId", "condition", "pages", "publishedOn", "lentOn", "dueOn")


def listed(field: str) -> FilteredList:
    return FilteredList(field=field, ways=WAYS[field], schema=graphql_schema(SCHEMA))


@pytest.fixture
async def world(world: LibraryWorld) -> LibraryWorld:
    """Every optional value of a book is null in one and not in another."""
    here, day = world.here, MADE.date()
    full = BookFactory(
        shelf=here.shelf,
        author_id=here.author.id,
        parent_id=here.book.id,
        condition=Condition.POOR,
        pages=3,
        published_on=day,
        lent_on=day,
        due_on=day,
    )
    await world.store(full)
    return world


async def ids_by(world: LibraryWorld, filters: dict[str, Any]) -> dict[str, list[str]]:
    return await listed("books").ids_by(world.owner, world.here.workspace.id, filters)


def test_every_kind_of_filter_is_tried() -> None:
    found = places(graphql_schema(SCHEMA))
    assert {place.filter_type for place in found} == {kind for ways in WAYS.values() for kind in ways}
    assert len(found) > 20


@pytest.mark.parametrize("field", WAYS)
async def test_null_and_empty_lists_mean_the_same_in_every_comparator(field: str, world: LibraryWorld) -> None:
    await expect_one_meaning_of_null(listed(field), world.owner, world.here.workspace.id)


async def test_optional_values_are_null_in_some_and_not_in_others(world: LibraryWorld) -> None:
    """Proves that tests of null in these fields do not merely compare empty lists."""
    filters = {f"{name}_{operator}": {name: {operator: None}} for name in OPTIONAL for operator in ("eq", "neq")}
    assert all((await ids_by(world, filters)).values())


async def test_a_related_filter_without_conditions_matches_what_has_no_such_relation(world: LibraryWorld) -> None:
    blank = {
        "author": {"author": {}},
        "deeper": {"author": {"name": {}, "and": [{}]}},
        "tags": {"tags": {}},
        "nothing": {},
    }
    named = {"named": {"author": {"name": {"neq": "None of that name"}}}}
    found = await ids_by(world, blank | named)
    assert all(found[name] == found["nothing"] for name in blank)
    assert 0 < len(found["named"]) < len(found["nothing"])


@pytest.mark.parametrize("field", WAYS)
async def test_an_id_of_another_kind_is_named_by_its_path(field: str, world: LibraryWorld) -> None:
    await expect_paths_of_wrong_ids(listed(field), world.client(Role.MEMBER), world.here.workspace.id)


async def test_ordered_enums_compare_by_their_order(world: LibraryWorld) -> None:
    data = await world.member.run(
        """query ($id: ID!) { node(id: $id) { ... on Workspace {
          above: books(filter: {condition: {gt: FAIR}}) { nodes { condition } }
          below: books(filter: {condition: {lte: FAIR}}) { nodes { condition } }
          unknown: books(filter: {condition: {isNull: true}}) { nodes { condition } }
          managers: members(filter: {role: {gte: ADMIN}}) { nodes { role } }
          others: members(filter: {role: {lt: ADMIN}}) { nodes { role } }
          none: members(filter: {role: {gt: OWNER}}) { nodes { role } }
          absent: members(filter: {role: {isNull: true}}) { nodes { role } } } } }""",
        id=world.here.workspace.id,
    )
    found = {name: {value for node in page["nodes"] for value in node.values()} for name, page in data["node"].items()}
    assert found == {
        "above": {"GOOD"},
        "below": {"POOR"},
        "unknown": {None},
        "managers": {"OWNER", "ADMIN"},
        "others": {"MEMBER", "GUEST"},
        "none": set(),
        "absent": set(),
    }
