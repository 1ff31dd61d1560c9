"""Sizes of lists as the arguments of their fields give them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.graphql.conditions import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Size of a list: the first of the given arguments that has a value, or else the default."""

    given: tuple[int | str | tuple[str, ...], ...] = ()
    """Numbers, names of variables, and paths into variables, which begin with the name of the variable."""
    defaults: Mapping[str, Any] = field(default_factory=dict)  # defaults of the variables
    otherwise: int = 1
    most: int = 1
    per_point: int = 1

    @property
    def is_fixed(self) -> bool:
        return all(isinstance(each, int) for each in self.given)

    def of(self, variables: Variables) -> int:
        return -(-self._items(variables) // self.per_point)

    def _items(self, variables: Variables) -> int:
        for each in self.given:
            if isinstance(each, str):
                value = variables.get(each, self.defaults.get(each))
            else:
                value = each if isinstance(each, int) else self._inside(each, variables)
            if value is None:
                continue
            if isinstance(value, list):
                value = len(value)
            elif not isinstance(value, int):
                return self.most
            # An argument out of range is refused when the field is resolved, with a better message.
            return self.most if value > self.most else max(value, 1)
        return self.otherwise

    def _inside(self, given: tuple[str, ...], variables: Variables) -> Any:
        name, *path = given
        value = variables.get(name, self.defaults.get(name))
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value
