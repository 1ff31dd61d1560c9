"""Facts about a workspace, written with the change that they tell of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from types import NoneType
from typing import Any, ClassVar, Self, TypeAlias, cast, get_args

Plain = str | int | bool | None | list[str]
Texts: TypeAlias = tuple[str, ...] | None
_ALREADY_PLAIN = frozenset((str, int, bool, type(None)))

TIMES = ("created_at", "updated_at")
FREE_TEXTS = ("title", "description", "body")
"""Logged fields with text of users, which leave the log with a permanently deleted object, or some time after the
deletion of an object of which a tombstone remains."""
FREE_TEXTS_KEPT = timedelta(days=30)
LONGEST_TEXT = 4096  # characters; longer text is stored apart from the event


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field's value before and after, as plain JSON values."""

    before: Plain = None
    after: Plain = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of every event: ids and changed fields, never names or addresses of people.

    Each slice's events of an entity share a base class `<Entity>Event`, whose `logged` names every stored field of the
    entity that the log keeps; `tests/architecture/test_logged_fields.py` lists the others with reasons.
    """

    type: ClassVar[str]
    logged: ClassVar[tuple[str, ...]]
    """The subject's fields whose changes the log keeps."""
    linked: ClassVar[tuple[str, ...]] = ()
    """Further changes of the subject that its events can have, such as those of its links."""
    parent: ClassVar[str] = ""
    """The subject's field with the ID of the object whose history lists the event too, such as `issue_id`."""

    workspace_id: str
    subject_id: str
    area_id: str | None = None
    """Area that the subject is in: guests see the events of their areas."""
    parent_id: str | None = None
    """Object whose history lists the event beside that of the subject."""
    changes: Mapping[str, FieldChange] = field(default_factory=dict)

    @classmethod
    def between(cls, before: Any, after: Any, **further: FieldChange) -> Self:
        """The event for a change of an entity; None means that the entity does not exist before or after.

        `created_at` and `updated_at` are part of it, and the commit leaves them out where they are its own time, as
        they are except in imports and demo data.
        """
        subject = before if after is None else after
        if further:
            known = {*cls.logged, *cls.linked}
            assert further.keys() <= known, f"enter {further.keys()} in `linked` of {cls.__name__}"
        return cls(
            workspace_id=subject.workspace_id,
            subject_id=subject.id,
            area_id=getattr(subject, "area_id", None),
            parent_id=getattr(subject, cls.parent) if cls.parent else None,
            changes=changes_between(before, after, cls.logged) | _times(before, after) | further,
        )


def changes_between(before: object | None, after: object | None, names: Iterable[str]) -> dict[str, FieldChange]:
    """Changes of the named attributes between two versions; None means that the object does not exist."""
    changes = {}
    for name in names:
        old = getattr(before, name) if before is not None else None
        new = getattr(after, name) if after is not None else None
        if old != new:
            changes[name] = FieldChange(before=plain(old), after=plain(new))
    return changes


def _times(before: Any, after: Any) -> dict[str, FieldChange]:
    """The times of a created or changed entity; `updated_at` also if it stays, because it then differs from now."""
    if after is None:
        return {}
    found = changes_between(before, after, ["created_at"])
    if hasattr(after, "updated_at"):
        then = before.updated_at if before is not None else None
        found["updated_at"] = FieldChange(before=plain(then), after=plain(after.updated_at))
    return found


def plain(value: Any) -> Plain:
    """The value as the log keeps it: enums by name, times as RFC 3339 text."""
    if type(value) in _ALREADY_PLAIN:  # as most of the thousands of values of a batch
        return cast("Plain", value)
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return str(value)
    return sorted(str(item) for item in value)


def from_plain(kind: Any, value: Plain) -> Any:
    """The value of a field from how the log keeps it. `kind` is the field's type, which is no collection."""
    if value is None:
        return None
    [kind] = [each for each in get_args(kind) if each is not NoneType] or [kind]
    kind = getattr(kind, "__supertype__", kind)  # of a NewType
    if issubclass(kind, Enum):
        return kind[str(value)]
    return kind.fromisoformat(value) if issubclass(kind, date) else value


def as_texts(value: Plain) -> Texts:
    """A logged value as text: `true` and `false`, decimal numbers, a list's items one by one."""
    if value is None:
        return None
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, Iterable):
        return tuple(str(item) for item in value)
    return (str(value),)
