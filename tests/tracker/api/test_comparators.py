"""Meaning of null, empty lists and wrong IDs in every comparator of every filter that the schema has."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLInputType, get_named_type

from domain.shared.actor import Role
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.root_fields import SCHEMA
from tests.tracker.api.permission_table import PARENTS, Scene
from tests.tracker.api.world import World
from tests.tracker.factories.issues import IssueFactory

LISTS = {
    "IssueFilter": "Workspace.issues",
    "CommentFilter": "Issue.comments",
    "MemberFilter": "Workspace.members",
    "ProjectFilter": "Workspace.projects",
    "ProjectMemberFilter": "Project.members",
    "MilestoneFilter": "Project.milestones",
    "LabelFilter": "Workspace.labels",
    "StateFilter": "Workspace.issues state",
    "UserFilter": "Workspace.issues creator",
}
"""The list in which each kind of filter is tried, and the way to it if it is a part of the list's own."""


@dataclass(frozen=True)
class Place:
    """A comparator in a filter."""

    filter_type: str
    name: str
    comparator: GraphQLInputObjectType

    @property
    def list_name(self) -> str:
        return LISTS[self.filter_type].split()[0]

    @property
    def way(self) -> tuple[str, ...]:
        return (*LISTS[self.filter_type].split()[1:], self.name)

    def filter(self, condition: dict[str, Any] | None) -> dict[str, Any]:
        inner: Any = condition
        for step in reversed(self.way):
            inner = {step: inner}
        return dict(inner)


def comparators(kind: GraphQLInputType, seen: set[str]) -> Iterator[Place]:
    named = get_named_type(kind)
    if not isinstance(named, GraphQLInputObjectType) or named.name in seen:
        return
    seen.add(named.name)
    for name, field in named.fields.items():
        inner = get_named_type(field.type)
        if not isinstance(inner, GraphQLInputObjectType):
            continue
        if "eq" in inner.fields:
            yield Place(named.name, name, inner)
        else:
            yield from comparators(inner, seen)


def places() -> list[Place]:
    seen: set[str] = set()
    kinds = (kind for kind in SCHEMA.type_map.values() if hasattr(kind, "interfaces"))
    fields = (field for kind in kinds for field in kind.fields.values() if "filter" in field.args)
    found = [place for field in fields for place in comparators(field.args["filter"].type, seen)]
    return [place for place in found if place.filter_type != "ListFilter"]


PLACES = places()


@pytest.fixture
async def scene(scene: Scene) -> Scene:
    """Every optional value of an issue is null in one and not in another."""
    place = scene.here
    full = IssueFactory(
        project=place.project,
        state=place.todo,
        number=7,
        creator_id=place.issue.creator_id,
        parent_id=place.issue.id,
        milestone_id=scene.next_milestone.id,
        start_date=MADE.date(),
        due_date=MADE.date(),
        estimate=3,
        completed_at=MADE,
    )
    await scene.world.store(full)
    return scene


async def ids_by(scene: Scene, list_name: str, filters: dict[str, Any]) -> dict[str, list[str]]:
    """IDs in the list under each of the filters, by the name of the filter."""
    owner, _, field = list_name.partition(".")
    kind = SCHEMA.type_map[owner].fields[field].args["filter"].type
    client = scene.client(Role.OWNER)
    found: dict[str, list[str]] = {}
    names = list(filters)
    for start in range(0, len(names), 20):
        part = {name: filters[name] for name in names[start : start + 20]}
        declared = ", ".join(f"${name}: {kind}" for name in part)
        fields = " ".join(f"{name}: {field}(filter: ${name}) {{ nodes {{ id }} }}" for name in part)
        query = f"query ($id: ID!, {declared}) {{ node(id: $id) {{ ... on {owner} {{ {fields} }} }} }}"
        node = (await client.run(query, id=PARENTS[owner](scene).id, **part))["node"]
        found |= {name: [each["id"] for each in node[name]["nodes"]] for name in part}
    return found


def test_every_kind_of_filter_is_tried():
    assert {place.filter_type for place in PLACES} == set(LISTS)
    assert len(PLACES) > 30


LARGEST = "Workspace.issues"  # a third of all comparators: for `make verify`


@pytest.mark.parametrize(
    "list_name",
    [
        pytest.param(name, marks=pytest.mark.verify) if name == LARGEST else name
        for name in sorted({place.list_name for place in PLACES})
    ],
)
async def test_null_and_empty_lists_mean_the_same_in_every_comparator(list_name: str, scene: Scene):
    meanings: dict[str, Callable[[str], dict[str, Any] | None]] = {
        "eqNull": lambda _: {"eq": None},
        "isNull": lambda name: {"isNull": True} if "isNull" in kinds[name].fields else {"eq": None},
        "neqNull": lambda _: {"neq": None},
        "isNotNull": lambda name: {"isNull": False} if "isNull" in kinds[name].fields else {"neq": None},
        "inNothing": lambda _: {"in": []},
        "notInNothing": lambda _: {"notIn": []},
        "nothing": lambda _: {},
        "absent": lambda _: None,
        "othersNull": lambda name: dict.fromkeys(set(kinds[name].fields) - {"eq", "neq"}),
    }
    here = [place for place in PLACES if place.list_name == list_name]
    kinds = {f"p{number}": place.comparator for number, place in enumerate(here)}
    filters = {
        f"p{number}_{meaning}": place.filter(condition(f"p{number}"))
        for number, place in enumerate(here)
        for meaning, condition in meanings.items()
    }
    found = await ids_by(scene, list_name, filters | {"all": {}})

    for number, place in enumerate(here):
        each = {meaning: found[f"p{number}_{meaning}"] for meaning in meanings}
        assert each["eqNull"] == each["isNull"], place
        assert each["neqNull"] == each["isNotNull"], place
        assert sorted(each["eqNull"] + each["neqNull"]) == sorted(found["all"]), place
        assert each["inNothing"] == [], place
        for meaning in ("notInNothing", "nothing", "absent", "othersNull"):
            assert each[meaning] == found["all"], place


async def test_optional_values_are_null_in_some_and_not_in_others(scene: Scene):
    """Proves that tests of null in these fields do not merely compare empty lists."""
    names = ("milestoneId", "parentId", "startDate", "dueDate", "estimate", "completedAt")
    filters = {f"{name}_{operator}": {name: {operator: None}} for name in names for operator in ("eq", "neq")}
    assert all((await ids_by(scene, "Workspace.issues", filters)).values())


async def test_a_related_filter_without_conditions_matches_what_has_no_such_relation(scene: Scene):
    blank = {
        "milestone": {"milestone": {}},
        "deeper": {"milestone": {"name": {}, "and": [{}]}},
        "labels": {"labels": {}},
        "nothing": {},
    }
    named = {"named": {"milestone": {"name": {"neq": "None of that name"}}}}
    found = await ids_by(scene, "Workspace.issues", blank | named)
    assert all(found[name] == found["nothing"] for name in blank)
    assert 0 < len(found["named"]) < len(found["nothing"])


OF_IDS = [place for place in PLACES if place.comparator.name == "IdComparator"]


@pytest.mark.parametrize("list_name", sorted({place.list_name for place in OF_IDS}))
async def test_an_id_of_another_kind_is_named_by_its_path(list_name: str, scene: Scene):
    owner, _, field = list_name.partition(".")
    kind = SCHEMA.type_map[owner].fields[field].args["filter"].type
    listed = f"{field}(filter: $filter) {{ nodes {{ id }} }}"
    query = f"query ($id: ID!, $filter: {kind}) {{ node(id: $id) {{ ... on {owner} {{ {listed} }} }} }}"
    client, parent_id = scene.client(Role.MEMBER), PARENTS[owner](scene).id
    for place in OF_IDS:
        if place.list_name != list_name:
            continue
        for operator, value, end in (
            ("eq", "junk", ""),
            ("neq", IDS.new("job"), ""),
            ("in", [IDS.new("wsp")], ".0"),
            ("notIn", [""], ".0"),
        ):
            refused = await client.failed(query, id=parent_id, filter=place.filter({operator: value}))
            assert refused == [("INVALID_ID", f"filter.{'.'.join(place.way)}.{operator}{end}")]


async def test_ordered_enums_compare_by_their_order(world: World):
    place = world.here
    urgent, low = [
        IssueFactory(project=place.project, state=place.todo, number=n, creator_id=place.issue.creator_id, priority=p)
        for n, p in ((2, 4), (3, 1))
    ]
    await world.store(urgent, low)
    data = await world.member.run(
        """query ($id: ID!) { node(id: $id) { ... on Workspace {
          above: issues(filter: {priority: {gt: LOW}}) { nodes { number } }
          below: issues(filter: {priority: {lte: LOW}}) { nodes { number } }
          managers: members(filter: {role: {gte: ADMIN}}) { nodes { role } }
          others: members(filter: {role: {lt: ADMIN}}) { nodes { role } }
          none: members(filter: {role: {gt: OWNER}}) { nodes { role } }
          absent: members(filter: {role: {isNull: true}}) { nodes { role } } } } }""",
        id=place.workspace.id,
    )
    found = {name: {value for node in page["nodes"] for value in node.values()} for name, page in data["node"].items()}
    assert found == {
        "above": {2},
        "below": {1, 3},
        "managers": {"OWNER", "ADMIN"},
        "others": {"MEMBER", "GUEST"},
        "none": set(),
        "absent": set(),
    }
