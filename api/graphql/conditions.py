"""Points of the conditions in filters. The database checks conditions even if nothing matches, so they stay charged.

    condition                                 1
    `text`, `contains`, `startsWith`         10
    `some`, `every`, `none`                  10, and the conditions on the items

A null is a condition of `eq` and `neq` only. `and`, `or`, `not` and the fields of a filter add up what they contain.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import ListValueNode, NullValueNode, ObjectValueNode, ValueNode, VariableNode

FILTER_ARGUMENT = "filter"
CONDITION_POINTS = 1
DEAR_POINTS = 10
DEAR = frozenset({"text", "contains", "startsWith", "some", "every", "none"})
"""Conditions that read more than one range of an ordinary index."""
COMPARED_WITH_NULL = frozenset({"eq", "neq"})
LISTS_OF_FILTERS = frozenset({"and", "or"})

Variables: TypeAlias = Mapping[str, Any]
_Place: TypeAlias = tuple[str, str]  # name of the condition, empty for a filter or an item; name of the variable


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of one filter: `fixed` points of the document, and the places that variables fill."""

    fixed: int
    places: tuple[_Place, ...]
    defaults: Variables

    def points(self, variables: Variables) -> int:
        points = self.fixed
        for name, variable in self.places:
            points += _points(name, variables.get(variable, self.defaults.get(variable)))
        return points


def conditions_of(value: ValueNode, defaults: Variables) -> Conditions:
    """The conditions of a filter in a document; `defaults` are those of the operation's variables."""
    points, places = 0, []
    for name, each in _entries(value):
        if isinstance(each, VariableNode):
            places.append((name, each.name.value))
        elif isinstance(each, ObjectValueNode):
            points += _base(name)
        elif isinstance(each, NullValueNode):
            points += CONDITION_POINTS if name in COMPARED_WITH_NULL else 0
        else:
            points += _base(name) or CONDITION_POINTS
    used = {variable: defaults[variable] for _, variable in places if defaults.get(variable) is not None}
    return Conditions(points, tuple(places), used)


def _entries(filter: ValueNode) -> Iterator[tuple[str, ValueNode]]:
    """Values in the filter with the names of their conditions. A list of values is one condition."""
    stack = [("", filter)]
    while stack:
        name, value = stack.pop()
        if isinstance(value, ObjectValueNode):
            stack += [(each.name.value, each.value) for each in value.fields]
        elif isinstance(value, ListValueNode) and name in LISTS_OF_FILTERS:
            stack += [("", each) for each in value.values]
            continue
        yield name, value


def _points(name: str, value: object) -> int:
    """Points of the value of a variable."""
    points, level = 0, [(name, value)]
    while level:
        below: list[tuple[str, object]] = []
        for name, value in level:
            if isinstance(value, dict):
                points += DEAR_POINTS if name in DEAR else 0
                below += value.items()
            elif name in LISTS_OF_FILTERS and isinstance(value, list):
                below += [("", each) for each in value]
            elif name and (value is not None or name in COMPARED_WITH_NULL):
                points += DEAR_POINTS if name in DEAR else CONDITION_POINTS
        level = below
    return points


def _base(name: str) -> int:
    """Points of a condition besides those of the filter that it contains."""
    return DEAR_POINTS if name in DEAR else 0
