"""Builders that create and revise entities without listing each field."""

from collections.abc import Hashable
from dataclasses import fields, replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

E = TypeVar("E", bound=Any)


def from_draft(kind: type[E], draft: Any, **given: Any) -> E:
    """An entity with the draft's values in its fields of the same names. Values in `given` take precedence.

    Pass ids of other entities in `given`, taken from entities that the actor was allowed to load.
    """
    own, drafted = _names(cast("Hashable", kind)), _names(cast("Hashable", type(draft)))
    taken = {name: getattr(draft, name) for name in drafted if name in own and name not in given}
    entity: E = kind(**taken, **given)
    return entity


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """Names of the fields; `dataclasses.fields` builds them anew at each call."""
    return tuple(field.name for field in fields(kind))


def with_values(entity: E, **values: Any) -> E:
    """A copy with these fields."""
    copy: E = replace(entity, **values)
    return copy


def revised(entity: E, *, now: datetime, **changes: Any) -> E:
    """A copy with these fields, dated now; the entity itself if nothing differs."""
    return _dated(replace(entity, **changes), entity, now)


def rechecked(entity: E, *, now: datetime, **changes: Any) -> E:
    """The changes with the entity's rules applied, such as stripping blanks around a name."""
    copy: E = replace(entity, **changes).checked()
    return _dated(copy, entity, now)


def _dated(copy: E, entity: E, now: datetime) -> E:
    return entity if copy == entity else replace(copy, updated_at=now)
