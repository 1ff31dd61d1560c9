"""Selections whose data can be made from records: where the value of each response key is."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from strawberry_compiled.leaves import Proof


class Hole(Enum):
    """A value that is not in the record."""

    BATCH = auto()
    """Of a batch field, which is written later."""
    TYPE_NAME = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """A leaf whose column needs a step."""

    name: str
    proof: Proof


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    """An object with columns of the same record, or a list with rows of its own."""

    name: str
    rows: "RowSelection"
    is_list: bool


Value: TypeAlias = str | Converted | Inner | Hole
"""The source of a value; a text is the name of a column whose values stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowSelection:
    """A selection whose data can be made from records."""

    number: int
    """Number of the selection."""
    type_name: str
    keys: tuple[str, ...]
    """Response keys, in their order."""
    values: tuple[Value, ...]
    """The value of each key."""
    has_holes: bool
    """Whether batch fields of the selection, or below it in the same record or its lists, are written later."""
