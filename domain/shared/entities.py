from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

E = TypeVar("E", bound=Any)


def revised(entity: E, *, now: datetime, **changes: Any) -> E:
    """A copy with these fields, dated now; the entity itself if nothing differs."""
    copy = replace(entity, **changes)
    return entity if copy == entity else replace(copy, updated_at=now)
