"""Builders that create and revise entities without listing each field."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

E = TypeVar("E", bound=Any)


def from_draft(kind: type[E], draft: Any, **given: Any) -> E:
    """An entity with the draft's values in its fields of the same names. Values in `given` take precedence.

    Pass ids of other entities in `given`, taken from entities that the actor was allowed to load.
    """
    own, drafted = names_of(kind), names_of(type(draft))
    taken = {name: getattr(draft, name) for name in drafted if name in own and name not in given}
    entity: E = kind(**taken, **given)
    return entity


def names_of(kind: Any) -> tuple[str, ...]:
    """Names of a dataclass's fields."""
    return _fields_of(kind)[0]


def values_of(entity: Any) -> tuple[Any, ...]:
    """Values of an entity's fields, in the order of `names_of`."""
    kind: Any = type(entity)
    return _fields_of(kind)[1](entity)


def differences(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """Name, old value and new value of each field that differs."""
    both = zip(names_of(type(before)), values_of(before), values_of(after), strict=True)
    return [(name, old, new) for name, old, new in both if old != new]


@cache
def _fields_of(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """Names of the fields and their getter; `dataclasses.fields` and `replace` look for them anew at each call."""
    names = tuple(field.name for field in fields(kind))
    get = attrgetter(*names)
    return names, get if len(names) > 1 else lambda entity: (get(entity),)


def with_values(entity: E, **values: Any) -> E:
    """A copy with these fields, as `dataclasses.replace` makes it, in half of the time."""
    kind: Any = type(entity)
    names, get = _fields_of(kind)
    copy: E = kind(**dict(zip(names, get(entity), strict=True)) | values)
    return copy


def revised(entity: E, *, now: datetime, **changes: Any) -> E:
    """A copy with these fields, dated now; the entity itself if nothing differs."""
    return _dated(with_values(entity, **changes), entity, now)


def rechecked(entity: E, *, now: datetime, **changes: Any) -> E:
    """The changes with the entity's rules applied, such as stripping blanks around a name."""
    copy: E = with_values(entity, **changes).checked()
    return _dated(copy, entity, now)


def _dated(copy: E, entity: E, now: datetime) -> E:
    return entity if copy == entity else with_values(copy, updated_at=now)
