"""Rows of a database in place of objects: what a plan asks for, and the forms in which batch functions answer.

A plan knows which attributes of a type its selection shows. If the type has a `RowType`, the plan passes these names to
the batch function, which may then return records of its database driver instead of objects. Generated code makes the
response from the records in one pass.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Protocol, TypeAlias

Projection: TypeAlias = frozenset[str]
"""Names of the selected attributes. A dot leads into an attribute with an object or list: `page_info.end_cursor`."""
Record: TypeAlias = Sequence[Any]

PROJECTION = "strawberry_compiled_projection"
"""Attribute of `info` with the projection of its field."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values of an attribute in records: None, if nullable, or an instance of exactly `type`.

    The promise replaces the checks of each value. `members` are the members of an enum by the values in records; then
    `type` is the type of these values. An `int` must fit into 32 bits, and a `datetime` be in UTC.
    """

    type: type[Any]
    is_nullable: bool = False
    members: Mapping[Any, Any] | None = None


@dataclass(frozen=True, slots=True)
class RowType:
    """Parts of a GraphQL type that records can have: columns, attributes with an object, and attributes with a list.

    The object is never null, and its columns are columns of the same record. A list has rows of its own. Both have a
    GraphQL type that has a `RowType`, too.
    """

    columns: Mapping[str, Column] = field(default_factory=dict)
    objects: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()


class RowSource(Protocol):
    """Objects of one type, as one record each.

    The items of a record begin with the projected columns, in the order of `columns_of`. Other items may follow.
    `lists` has the rows of each projected list by its name, with one slice per record.
    """

    @property
    def records(self) -> Sequence[Record]: ...
    @property
    def lists(self) -> Mapping[str, "RowLists"]: ...


class RowLists(Protocol):
    """One list of rows for each parent: the slices of `rows`. Rows outside all slices are not shown."""

    @property
    def rows(self) -> RowSource: ...
    @property
    def slices(self) -> Sequence[slice]: ...


class KeyedRows(Protocol):
    """Rows with the key of each record, in place of a mapping from keys to objects. Each key occurs once."""

    @property
    def rows(self) -> RowSource: ...
    @property
    def row_keys(self) -> Sequence[Hashable]: ...


@dataclass(frozen=True, slots=True)
class Rows:
    """A `RowSource`."""

    records: Sequence[Record]
    lists: Mapping[str, RowLists] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListsOfRows:
    """A `RowLists`."""

    rows: RowSource
    slices: Sequence[slice]


@dataclass(frozen=True, slots=True)
class RowsByKey:
    """A `KeyedRows`."""

    rows: RowSource
    row_keys: Sequence[Hashable]


def projection_of(info: Any) -> Projection | None:
    """The attributes that the plan needs of the objects which a batch function returns; None asks for objects.

    A batch function that returns one object per parent answers with a `RowSource`, one that returns lists with
    `RowLists`, and the `load` of a related field with `KeyedRows`. Objects are a valid answer, too.
    """
    projection: Projection | None = getattr(info, PROJECTION, None)
    return projection


def values_of(parents: Sequence[Any], name: str) -> list[Any]:
    """The values of an attribute of all parents of a batch function; the fastest way to them if parents are rows."""
    column = getattr(parents, "column", None)
    return list(map(attrgetter(name), parents)) if column is None else column(name)


def columns_of(projection: Projection, lists: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Names of the columns in the order of a record. `lists` are the dotted names of attributes with a list."""
    return tuple(sorted(name for name in projection if not any(name.startswith(f"{each}.") for each in lists)))


def below(projection: Projection, name: str) -> Projection:
    """The projection of the object or list in that attribute; empty if it is not selected."""
    start = f"{name}."
    return projection and frozenset(each.removeprefix(start) for each in projection if each.startswith(start))
