"""Builders that create and revise entities without listing each field."""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any, TypeVar

E = TypeVar("E", bound=Any)


def from_draft(kind: type[E], draft: Any, **given: Any) -> E:
    """An entity with the draft's values in its fields of the same names. Values in `given` take precedence.

    Pass ids of other entities in `given`, taken from entities that the actor was allowed to load.
    """
    own = {field.name for field in fields(kind)} - given.keys()
    taken = {field.name: getattr(draft, field.name) for field in fields(draft) if field.name in own}
    entity: E = kind(**taken, **given)
    return entity


def revised(entity: E, *, now: datetime, **changes: Any) -> E:
    """A copy with these fields, dated now; the entity itself if nothing differs."""
    return _dated(replace(entity, **changes), entity, now)


def rechecked(entity: E, *, now: datetime, **changes: Any) -> E:
    """The changes with the entity's rules applied, such as stripping blanks around a name."""
    copy: E = replace(entity, **changes).checked()
    return _dated(copy, entity, now)


def _dated(copy: E, entity: E, now: datetime) -> E:
    return entity if copy == entity else replace(copy, updated_at=now)
