"""Telling "not sent" from "sent as null"."""

from dataclasses import fields
from enum import Enum
from typing import Any


class Unset(Enum):
    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET = Unset.UNSET


def sent_fields(command: Any) -> dict[str, Any]:
    """The fields of a command (a dataclass) that the caller sent, by name."""
    pairs = ((field.name, getattr(command, field.name)) for field in fields(command))
    return {name: value for name, value in pairs if value is not UNSET}
