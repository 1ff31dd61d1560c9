"""From rows to entities."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from infra.db.base import Base

Build = Callable[[Sequence[Any]], Any]


def columns_of(table: type[Base], entity: type[Any]) -> list[Any]:
    """The table's columns in the order of the entity's fields."""
    return [getattr(table, field.name) for field in fields(entity)]


def builder_of(entity: type[Any], *, start: int = 0) -> Build:
    """Makes an entity of a row that has `columns_of` it from `start` on; other columns are ignored.

    A frozen dataclass sets each field by a call, 22 of them in 4 µs, and lists have hundreds of entities. So an
    object of a class with the same slots is filled by plain assignments, in 0.5 µs, and then declared an entity,
    which Python allows to classes of equal layout. `entity` must be a dataclass with slots and without a base.
    """
    names = [field.name for field in fields(entity)]
    lines = [
        "class Entity:",
        f"    __slots__ = {entity.__slots__!r}",
        "    def __init__(self, row):",
        *(f"        self.{name} = row[{place}]" for place, name in enumerate(names, start)),
        "        self.__class__ = entity",
    ]
    namespace: dict[str, Any] = {"entity": entity}
    exec("\n".join(lines), namespace)  # noqa: S102  the names of our own fields
    build: Build = namespace["Entity"]
    build([None] * (start + len(names)))  # fails here and now if the layouts differ
    return build
