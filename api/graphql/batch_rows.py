"""Number of the objects that a mutation changes, as its input gives it before the mutation runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, ListValueNode, ObjectValueNode, ValueNode, VariableNode

from api.graphql.conditions import Variables
from api.graphql.sizes import Size
from api.shared.list_sizes import rows_of
from domain.shared.batches import MOST_AT_ONCE


@dataclass(frozen=True, slots=True)
class BatchRows:
    """Points of a batch for its objects, whether they are found or not."""

    size: Size

    def points(self, variables: Variables) -> int:
        return self.size.of(variables)


def rows_size(given: ValueNode | None, path: tuple[str, ...], defaults: Mapping[str, Any]) -> Size:
    """The length of the list at the path in the input, which can be a variable at any depth; 1,000 without a list."""
    left = list(path)
    while left and isinstance(given, ObjectValueNode):
        name = left.pop(0)
        given = next((each.value for each in given.fields if each.name.value == name), None)
    found: tuple[int | str | tuple[str, ...], ...] = ()
    if isinstance(given, ListValueNode) and not left:
        found = (len(given.values),)
    elif isinstance(given, VariableNode):
        found = ((given.name.value, *left),)
    return Size(given=found, defaults=defaults, otherwise=MOST_AT_ONCE, most=MOST_AT_ONCE)


def batch_fields(schema: GraphQLSchema) -> frozenset[str]:
    """Names of the mutations of many objects."""
    mutations = schema.mutation_type.fields if schema.mutation_type is not None else {}
    return frozenset(name for name, field in mutations.items() if rows_of(field) is not None)
