from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

E = TypeVar("E", bound=Any)


def revised(entity: E, *, now: datetime, **changes: Any) -> E:
    """A copy with these fields, dated now; the entity itself if nothing differs."""
    return _dated(replace(entity, **changes), entity, now)


def rechecked(entity: E, *, now: datetime, **changes: Any) -> E:
    """The same, with the entity's rules applied: blanks around a name, say, make no difference."""
    copy: E = replace(entity, **changes).checked()
    return _dated(copy, entity, now)


def _dated(copy: E, entity: E, now: datetime) -> E:
    return entity if copy == entity else replace(copy, updated_at=now)
