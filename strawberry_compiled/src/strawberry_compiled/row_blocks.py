"""Objects that wait for their batch fields: entries of objects one by one, and blocks of objects made from records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter, itemgetter
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, overload

from graphql.pyutils import Path

from strawberry_compiled.field_errors import Position, as_path
from strawberry_compiled.rows import ListsOfRows, Record, RowLists, Rows, RowSource

MOST_VIEW_CLASSES = 1_024  # a class takes 2 KiB, and many plans have records of the same columns

Entry: TypeAlias = tuple[dict[str, Any], Any, Position | None]
"""(data, parent, position) of an object whose batch fields have to be written."""


Viewer: TypeAlias = Callable[[Sequence[Record]], list[Any]]
"""Makes an object of each record."""


class Positioned(Protocol):
    """Objects at known positions of the response."""

    def at(self, index: int) -> Position | None:
        """The position of the object with that index."""

    def positions(self) -> Sequence[Position | None]:
        """The positions of all objects."""


class Place:
    """Positions of objects in a field of other objects, computed only when an error or `info` needs them.

    `slices` tell which objects are in the list of each object above; None for one object each.
    """

    __slots__ = ("_above", "_key", "_known", "_slices", "_type_name")

    def __init__(
        self,
        above: Positioned,
        key: str,
        type_name: str,
        slices: Sequence[slice] | None = None,
    ) -> None:
        self._above = above
        self._key = key
        self._type_name = type_name
        self._slices = slices
        self._known: list[Position | None] | None = None

    def at(self, index: int) -> Position | None:
        if self._slices is None:
            return self._above.at(index), self._key, self._type_name
        for number, each in enumerate(self._slices):
            if each.start <= index < each.stop:
                return (self._above.at(number), self._key, self._type_name), index - each.start, None
        raise IndexError(index)

    def positions(self) -> Sequence[Position | None]:
        if self._known is None:
            above = self._above.positions()
            fields: list[Position | None] = [(each, self._key, self._type_name) for each in above]
            if self._slices is not None:
                fields = [
                    (field, index, None)
                    for field, each in zip(fields, self._slices, strict=True)
                    for index in range(each.stop - each.start)
                ]
            self._known = fields
        return self._known


class Shape:
    """Positions in a record of the columns that belong to the objects of a row selection, by name of the attribute."""

    __slots__ = ("_viewers", "number", "positions")

    def __init__(self, number: int, positions: Mapping[str, int]) -> None:
        self.number = number
        """Number of the selection."""
        self.positions = positions
        self._viewers: dict[tuple[str, ...], Viewer] = {}

    def viewer(self, names: tuple[str, ...]) -> Viewer:
        """Makes an object with these attributes only from each record."""
        known = self._viewers.get(names)
        if known is None:
            known = self._viewers[names] = _viewer(tuple((name, self.positions[name]) for name in names))
        return known


class Keys:
    """The key of each parent; raises TypeError for keys that cannot be hashed."""

    __slots__ = ("each", "once")

    def __init__(self, each: list[Any]) -> None:
        self.each = each
        self.once = dict.fromkeys(each)
        """Each key once."""

    def some(self, indexes: Sequence[int]) -> "Keys":
        """The keys of some parents."""
        return Keys([self.each[index] for index in indexes])


class Entries:
    """Entries of one selection."""

    __slots__ = ("_entries", "_path")

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = entries
        self._path: Path | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def dicts(self) -> Sequence[dict[str, Any]]:
        """The data to write into."""
        return [data for data, _, _ in self._entries]

    def path(self) -> Path | None:
        """The path of the first object, for graphql-core."""
        if self._path is None:
            self._path = as_path(self._entries[0][2])
        return self._path

    def at(self, index: int) -> Position | None:
        return self._entries[index][2]

    def positions(self) -> Sequence[Position | None]:
        return [position for _, _, position in self._entries]

    def entries(self) -> list[Entry]:
        return self._entries

    def parents(self, names: tuple[str, ...]) -> Sequence[Any]:
        """The parents, with these attributes at least."""
        return [parent for _, parent, _ in self._entries]

    def column(self, name: str) -> list[Any]:
        """The values of an attribute."""
        return list(map(attrgetter(name), self.parents(())))


class Block:
    """Data made from records, whose batch fields have to be written."""

    __slots__ = ("_keys", "_path", "_place", "_records", "dicts", "shape")

    def __init__(
        self, shape: Shape, dicts: Sequence[dict[str, Any]], records: Sequence[Record], place: Positioned
    ) -> None:
        self.shape = shape
        self.dicts = dicts
        self._records = records
        self._place = place
        self._keys: dict[str, Keys] = {}
        self._path: Path | None = None

    def __len__(self) -> int:
        return len(self.dicts)

    def path(self) -> Path | None:
        if self._path is None:
            self._path = as_path(self._place.at(0))
        return self._path

    def at(self, index: int) -> Position | None:
        return self._place.at(index)

    def positions(self) -> Sequence[Position | None]:
        return self._place.positions()

    def entries(self) -> list[Entry]:
        """The entries that objects would have had. They have no parents, because only results are written to them."""
        return [(data, None, position) for data, position in zip(self.dicts, self.positions(), strict=True)]

    def parents(self, names: tuple[str, ...]) -> Sequence[Any]:
        return self.shape.viewer(names)(self._records)

    def column(self, name: str) -> list[Any]:
        return list(map(itemgetter(self.shape.positions[name]), self._records))

    def keys(self, name: str) -> Keys:
        """The values of an attribute as keys, which several fields can have."""
        known = self._keys.get(name)
        if known is None:
            known = self._keys[name] = Keys(self.column(name))
        return known


class Some:
    """Some of the objects of a group."""

    __slots__ = ("_group", "_indexes", "dicts")

    def __init__(self, group: "Group", indexes: Sequence[int]) -> None:
        self._group = group
        self._indexes = indexes
        dicts = group.dicts
        self.dicts: Sequence[dict[str, Any]] = [dicts[index] for index in indexes]

    def __len__(self) -> int:
        return len(self._indexes)

    def path(self) -> Path | None:
        return as_path(self.at(0))

    def at(self, index: int) -> Position | None:
        return self._group.at(self._indexes[index])

    def positions(self) -> Sequence[Position | None]:
        return self._of(self._group.positions())

    def entries(self) -> list[Entry]:
        return self._of(self._group.entries())

    def parents(self, names: tuple[str, ...]) -> Sequence[Any]:
        return self._of(self._group.parents(names))

    def column(self, name: str) -> list[Any]:
        return self._of(self._group.column(name))

    def _of(self, all_: Sequence[Any]) -> list[Any]:
        return [all_[index] for index in self._indexes]


Group: TypeAlias = Entries | Block | Some


class Parents(Sequence[Any]):
    """Parents for a batch function: objects, and views of records that have the attributes of its `needs` only."""

    __slots__ = ("_count", "_groups", "_names", "_parents")

    def __init__(self, groups: Sequence[Group], names: tuple[str, ...]) -> None:
        self._groups = groups
        self._names = names
        self._count = sum(map(len, groups))
        self._parents: list[Any] | None = None

    def column(self, name: str) -> list[Any]:
        """The values of an attribute, without an object for each record."""
        if name not in self._names:
            raise AttributeError(f"{name!r} is not among the `needs` of the batch field")
        if len(self._groups) == 1:
            return self._groups[0].column(name)
        return list(chain.from_iterable(group.column(name) for group in self._groups))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return iter(self._made())

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._made()[index]

    def _made(self) -> list[Any]:
        """All parents, each the same object whenever it is asked for."""
        if self._parents is None:
            self._parents = list(chain.from_iterable(group.parents(self._names) for group in self._groups))
        return self._parents


def parents_of(groups: Sequence[Group], needs: tuple[str, ...] | None) -> Sequence[Any]:
    """The parents of all groups, in their order."""
    if needs is not None and Block in map(type, groups):
        return Parents(groups, needs)
    return groups[0].parents(()) if len(groups) == 1 else list(chain.from_iterable(each.parents(()) for each in groups))


def shown(rows: RowSource, slices: Sequence[slice]) -> tuple[RowSource, Sequence[slice]]:
    """The rows that slices show, each once and in order, because these have positions and are parents."""
    end = 0
    for each in slices:
        start, stop = each.start, each.stop
        if start == stop and start is not None:
            continue  # an empty list, wherever it is
        if start != end or stop is None or stop < end or each.step is not None:
            return _taken(rows, slices)
        end = stop
    return (rows, slices) if end == len(rows.records) else _taken(rows, slices)


def _taken(rows: RowSource, slices: Sequence[slice]) -> tuple[RowSource, Sequence[slice]]:
    taken: list[Record] = []
    found = []
    for each in slices:
        start = len(taken)
        taken += rows.records[each]
        found.append(slice(start, len(taken)))
    lists = {
        name: ListsOfRows(inner.rows, list(chain.from_iterable(inner.slices[each] for each in slices)))
        for name, inner in rows.lists.items()
    }
    return Rows(taken, lists), found


def part_of(source: RowSource, start: int, stop: int) -> RowSource:
    """The rows from `start` to `stop`."""
    some = slice(start, stop)
    lists = {name: ListsOfRows(inner.rows, inner.slices[some]) for name, inner in source.lists.items()}
    return Rows(source.records[some], lists)


class Records:
    """A `RowSource` without lists, which is made in less time than `Rows`, a frozen dataclass."""

    __slots__ = ("records",)
    lists: Mapping[str, RowLists] = MappingProxyType({})

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records


@lru_cache(MOST_VIEW_CLASSES)
def _viewer(positions: tuple[tuple[str, int], ...]) -> Viewer:
    """Makes objects with items of a record as attributes, and those with a dotted name in further objects.

    The attributes are set in one function for all records, because a call of `__init__` costs as much as the object.
    """
    items: dict[str, str] = {}
    below: dict[str, dict[str, int]] = {}
    for name, position in positions:
        first, _, rest = name.partition(".")
        if rest:
            below.setdefault(first, {})[rest] = position
        else:
            items[name] = f"record[{position}]"
    names: dict[str, Any] = {}
    for first, inner in below.items():
        names[f"view_{first}"] = _viewer(tuple(inner.items()))
        items[first] = f"inner_{first}"
    names["Row"] = type("Row", (), {"__slots__": tuple(items)})
    variables = ["view", "record", *(f"inner_{first}" for first in below)]
    columns = ["views", "records", *(f"view_{first}(records)" for first in below)]
    lines = [
        "def make(records):",
        "    views = [Row() for _ in records]",
        f"    for {', '.join(variables)} in zip({', '.join(columns)}):",
        *(f"        view.{name} = {item}" for name, item in items.items()),
        "        pass",
        "    return views",
    ]
    exec("\n".join(lines), names)  # noqa: S102  names of attributes in the program's own code
    made: Viewer = names["make"]
    return made
