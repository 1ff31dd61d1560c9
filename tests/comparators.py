"""The comparators in the filters of a schema, and what null and empty lists mean in each of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLInputType, GraphQLSchema, get_named_type

from tests.client import Client
from tests.factories.accounts import IDS


@dataclass(frozen=True)
class Place:
    """A comparator in a filter."""

    filter_type: str
    name: str
    comparator: GraphQLInputObjectType

    def filter(self, way: str, condition: dict[str, Any] | None) -> dict[str, Any]:
        """Filter of a list, with the condition in the filter that `way` leads to."""
        inner: Any = condition
        for step in reversed((*way.split(), self.name)):
            inner = {step: inner}
        return dict(inner)


def _comparators(kind: GraphQLInputType, seen: set[str]) -> Iterator[Place]:
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
            yield from _comparators(inner, seen)


def places(schema: GraphQLSchema) -> list[Place]:
    seen: set[str] = set()
    kinds = (kind for kind in schema.type_map.values() if hasattr(kind, "interfaces"))
    fields = (field for kind in kinds for field in kind.fields.values() if "filter" in field.args)
    found = [place for field in fields for place in _comparators(field.args["filter"].type, seen)]
    return [place for place in found if place.filter_type != "ListFilter"]


@dataclass(frozen=True, kw_only=True)
class FilteredList:
    """A list, and comparators in its filter by the way that leads to their filter."""

    field: str
    owner: str = "Workspace"
    """Type that has the field."""
    ways: Mapping[str, str]
    """Type of a filter in the list's filter -> the way to it."""
    schema: GraphQLSchema

    @property
    def places(self) -> list[Place]:
        return [place for place in places(self.schema) if place.filter_type in self.ways]

    def filter(self, place: Place, condition: dict[str, Any] | None) -> dict[str, Any]:
        return place.filter(self.ways[place.filter_type], condition)

    @property
    def kind(self) -> str:
        """Type of the argument."""
        owner: Any = self.schema.type_map[self.owner]
        return str(owner.fields[self.field].args["filter"].type)

    async def ids_by(self, client: Client, owner_id: str, filters: dict[str, Any]) -> dict[str, list[str]]:
        """IDs in the list under each of the filters, by the name of the filter."""
        found: dict[str, list[str]] = {}
        names = list(filters)
        for start in range(0, len(names), 20):
            part = {name: filters[name] for name in names[start : start + 20]}
            declared = ", ".join(f"${name}: {self.kind}" for name in part)
            fields = " ".join(f"{name}: {self.field}(filter: ${name}) {{ nodes {{ id }} }}" for name in part)
            query = f"query ($id: ID!, {declared}) {{ node(id: $id) {{ ... on {self.owner} {{ {fields} }} }} }}"
            node = (await client.run(query, id=owner_id, **part))["node"]
            found |= {name: [each["id"] for each in node[name]["nodes"]] for name in part}
        return found


async def expect_one_meaning_of_null(listed: FilteredList, client: Client, owner_id: str) -> None:
    """Asserts that null and empty lists mean the same in every comparator of the list's filter."""
    kinds = {f"p{number}": place.comparator for number, place in enumerate(listed.places)}
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
    filters = {
        f"p{number}_{meaning}": listed.filter(place, condition(f"p{number}"))
        for number, place in enumerate(listed.places)
        for meaning, condition in meanings.items()
    }
    found = await listed.ids_by(client, owner_id, filters | {"all": {}})
    for number, place in enumerate(listed.places):
        each = {meaning: found[f"p{number}_{meaning}"] for meaning in meanings}
        assert each["eqNull"] == each["isNull"], place
        assert each["neqNull"] == each["isNotNull"], place
        assert sorted(each["eqNull"] + each["neqNull"]) == sorted(found["all"]), place
        assert each["inNothing"] == [], place
        for meaning in ("notInNothing", "nothing", "absent", "othersNull"):
            assert each[meaning] == found["all"], place


async def expect_paths_of_wrong_ids(listed: FilteredList, client: Client, owner_id: str) -> None:
    """Asserts that an ID of another kind is named by its path, in every comparator of IDs of the list's filter."""
    fields = f"{listed.field}(filter: $filter) {{ nodes {{ id }} }}"
    query = f"query ($id: ID!, $filter: {listed.kind}) {{ node(id: $id) {{ ... on {listed.owner} {{ {fields} }} }} }}"
    for place in listed.places:
        if place.comparator.name != "IdComparator":
            continue
        way = ".".join((*listed.ways[place.filter_type].split(), place.name))
        for operator, value, end in (
            ("eq", "junk", ""),
            ("neq", IDS.new("job"), ""),
            ("in", [IDS.new("wsp")], ".0"),
            ("notIn", [""], ".0"),
        ):
            refused = await client.failed(query, id=owner_id, filter=listed.filter(place, {operator: value}))
            assert refused == [("INVALID_ID", f"filter.{way}.{operator}{end}")]
