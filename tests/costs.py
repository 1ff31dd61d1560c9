"""What operations cost under a schema, and what of the schema their price depends on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_leaf_type,
)

from api.graphql.batch_rows import batch_fields
from api.graphql.conditions import DEAR, FILTER_ARGUMENT, LISTS_OF_FILTERS
from api.graphql.cost import CostFormula
from api.graphql.documents import DocumentCache
from api.shared.list_sizes import is_read_with_parent, rows_of, size_of
from tests import api_defaults

LIMITS = api_defaults.limits()
PRICED = LISTS_OF_FILTERS | DEAR | {"not", "eq", "neq", "in", "notIn", "lt", "lte", "gt", "gte", "isNull"}


def here(selection: str, arguments: str = "") -> str:
    """A document that selects something of a workspace."""
    return f'query{arguments} {{ workspace(slug: "acme") {{ {selection} }} }}'


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs under one schema."""

    schema: GraphQLSchema

    def formula(self, text: str) -> CostFormula:
        return DocumentCache(self.schema, LIMITS).prepare(text).operation(None).cost

    def points(self, text: str, **variables: Any) -> int:
        return self.formula(text).points(variables)

    def lists(self) -> Iterator[tuple[str, GraphQLField]]:
        """Lists of objects that are no connections, by `Type.field`."""
        for kind in self._objects():
            for name, field in kind.fields.items():
                is_list = isinstance(get_nullable_type(field.type), GraphQLList)
                is_page = kind.name.endswith("Connection") and name in ("edges", "nodes")
                if is_list and not is_page and is_composite_type(get_named_type(field.type)):
                    yield f"{kind.name}.{name}", field

    def read_with_parent(self) -> set[str]:
        return {name for name, kind in self.schema.type_map.items() if is_read_with_parent(kind)}

    def require_sizes(self) -> set[str]:
        """Asserts that each list has a size and tells it; returns the lists other than `errors`."""
        sizes = {place: size_of(field) for place, field in self.lists()}
        assert [place for place, size in sizes.items() if size is None] == [], "Say `at_most`, or WITH_PARENT."
        sized = [(place, field, size.at_most) for place, field in self.lists() if (size := sizes[place]) is not None]
        silent = [
            place
            for place, field, most in sized
            if most and f"at most {most}" not in str(field.description).lower().replace(",", "")
        ]
        assert silent == [], "Say in the description how many items the list has at most."
        return {place for place in sizes if not place.endswith(".errors")}

    def require_priced_filters(self) -> None:
        """Asserts that no condition is free because its argument or operator has another name."""
        arguments = [
            (name, get_named_type(argument.type).name)
            for kind in self._objects()
            for field in kind.fields.values()
            for name, argument in field.args.items()
        ]
        assert {name for name, kind in arguments if kind.endswith("Filter")} == {FILTER_ARGUMENT}
        kinds: Any = self.schema.type_map
        comparators = [kind for name, kind in kinds.items() if name.endswith(("Comparator", "ListFilter"))]
        assert {name for kind in comparators for name in kind.fields} <= PRICED
        filters = [kinds[kind] for name, kind in arguments if name == FILTER_ARGUMENT]
        fields = [pair for kind in filters for pair in kind.fields.items()]
        assert {name for name, field in fields if is_leaf_type(get_named_type(field.type))} <= PRICED

    def require_priced_batches(self) -> frozenset[str]:
        """Asserts that each mutation of many objects costs a point for each of them; returns their names."""
        mutations = self.schema.mutation_type
        assert mutations is not None
        names = batch_fields(self.schema)
        assert names == {name for name in mutations.fields if "Batch" in name and name != "batchRunCancel"}
        for name in names:
            *_, listed = rows_of(mutations.fields[name]) or ("",)
            kind = f"{name[0].upper()}{name[1:]}Input!"
            text = f"mutation ($input: {kind}) {{ {name}(input: $input) {{ results {{ index }} }} }}"
            rows: dict[str, Any] = {listed: ["a"] * 5}
            assert self.points(text, input={"select": rows} if listed == "ids" else rows) == 10 + 5, name
        return names

    def _objects(self) -> list[GraphQLObjectType]:
        kinds = self.schema.type_map.values()
        return [kind for kind in kinds if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")]
