"""Telling "not sent" from "sent as null"."""

from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from domain.shared.entities import names_of, values_of


class Unset(Enum):
    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Base of the changes of each entity in a workspace.

    With `expected_revision`, they are refused if a later revision changed a field that they change too.
    """

    expected_revision: int | None = None


class PartOfChanges:
    """Base of what one field of changes sets: fields of the entity with other names than its own."""

    __slots__ = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it sets to values of the caller's choice."""
        raise NotImplementedError


_ABOUT_CHANGES = frozenset(field.name for field in fields(Changes))


def sent_fields(command: Any) -> dict[str, Any]:
    """The fields of a command (a dataclass) that the caller sent, by name."""
    pairs = zip(names_of(type(command)), values_of(command), strict=True)
    return {name: value for name, value in pairs if value is not UNSET and name not in _ABOUT_CHANGES}
