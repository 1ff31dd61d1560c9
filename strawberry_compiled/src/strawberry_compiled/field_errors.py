"""Positions of errors in the response, and the positions that they null (GraphQL specification, section 6.4.4)."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from graphql import located_error
from graphql.execution.executor import CollectedErrors
from graphql.language import FieldNode
from graphql.pyutils import Path

Position: TypeAlias = tuple[Any, str | int, str | None]
"""(position above or None, key, type name): graphql-core's `Path` as a plain tuple, built in a tenth of the time."""

_new = tuple.__new__


def as_path(position: Position | None) -> Path | None:
    """The position as graphql-core's `Path`, for resolvers and errors."""
    # without the `__new__` of named tuples, which is a Python function
    return None if position is None else _new(Path, (as_path(position[0]), position[1], position[2]))


def keys_of(position: Position | None) -> list[str | int]:
    """Response names and list indices from the root to the position."""
    keys: list[str | int] = []
    while position is not None:
        keys.append(position[1])
        position = position[0]
    keys.reverse()
    return keys


class LateErrors:
    """Errors of fields in completed objects, whose nulls are written at the end."""

    def __init__(self, collected: CollectedErrors) -> None:
        self._collected = collected
        self._nulled: list[Position | None] = []

    @property
    def leaves_nothing(self) -> bool:
        """Whether `data` as a whole is null."""
        return None in self._nulled

    def add(self, error: Exception, nodes: Sequence[FieldNode], position: Position, levels_up: int | None) -> None:
        """Registers an error that nulls the position `levels_up` above its own, or `data` for None."""
        located = located_error(error, nodes, keys_of(position))
        if levels_up == 0:
            self._collected.add(located, as_path(position))
            return
        above = _above(position, levels_up)
        self._collected.add(located, as_path(above))
        self._nulled.append(above)

    def applied_to(self, data: dict[str, Any]) -> dict[str, Any] | None:
        if self.leaves_nothing:
            return None
        for position in self._nulled:
            _write_null(data, keys_of(position))
        return data


def _above(position: Position, levels: int | None) -> Position | None:
    found: Position | None = position
    if levels is None:
        return None
    for _ in range(levels):
        assert found is not None
        found = found[0]
    return found


def _write_null(data: Any, keys: Sequence[str | int]) -> None:
    *way, last = keys
    for key in way:
        data = data[key]
        if data is None:  # already null because of another error
            return
    data[last] = None
