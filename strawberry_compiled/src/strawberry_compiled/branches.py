"""The tree of an operation's selections while functions are written for it."""

from dataclasses import dataclass, field
from typing import TypeAlias

from graphql import GraphQLObjectType

from strawberry_compiled.planning import PlannedField, Selection

Key: TypeAlias = tuple[int, str]
"""A place where objects of a type can be: the identity of the field's details, and the name of the type."""


def key_of(field_above: PlannedField, type_: GraphQLObjectType) -> Key:
    return id(field_above.details), type_.name


@dataclass(slots=True)
class Branch:
    """A selection with those below it whose type is certain, by response key."""

    selection: Selection
    above: PlannedField | None
    """The field with its objects; None for the operation itself."""
    lower: dict[str, "Branch"] = field(default_factory=dict)


@dataclass(slots=True)
class Made:
    """Additions of one compilation to a plan."""

    sources: list[str] = field(default_factory=list)
    selects: dict[Key, str] = field(default_factory=dict)
    """Names of functions for objects."""
    batches: dict[int, list[tuple[PlannedField, bool]]] = field(default_factory=dict)
    """Batch fields by the number of their selection, and whether results of equal keys are written once."""
    awaited: dict[int, list[PlannedField]] = field(default_factory=dict)
    """Fields with async functions by the number of their selection."""
