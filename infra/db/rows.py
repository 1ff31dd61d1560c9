"""Rows in place of objects, for callers that read certain attributes only.

The containers have the records of the driver, for callers that make a response of them in one pass. As sequences and
mappings they have objects with the wanted attributes, which are made when they are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, SimpleNamespace
from typing import Any, overload

from infra.db.statements import Row

NO_ROWS = slice(0, 0)
NO_LISTS: Mapping[str, "ListsOfRows"] = MappingProxyType({})


class Rows(Sequence[Any]):
    """Objects of one kind as records, which begin with the values of `names`; further values may follow.

    `lists` has the items of the attributes with a list, one slice of the list's rows per record.
    """

    __slots__ = ("lists", "names", "records")

    def __init__(
        self, names: tuple[str, ...], records: Sequence[Row], lists: Mapping[str, "ListsOfRows"] = NO_LISTS
    ) -> None:
        self.names = names
        self.records = records
        self.lists = lists

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._object(place) for place in range(*index.indices(len(self.records)))]
        return self._object(range(len(self.records))[index])

    def _object(self, place: int) -> Any:
        found = SimpleNamespace(**{name: each[place] for name, each in self.lists.items()})
        for name, value in zip(self.names, self.records[place], strict=False):
            *objects, last = name.split(".")
            owner = found
            for each in objects:
                owner = owner.__dict__.setdefault(each, SimpleNamespace())
            setattr(owner, last, value)
        return found


class ListsOfRows(Sequence[Sequence[Any]]):
    """One list for each parent: the slices of `rows`."""

    __slots__ = ("rows", "slices")

    def __init__(self, rows: Rows, slices: Sequence[slice]) -> None:
        self.rows = rows
        self.slices = slices

    def __len__(self) -> int:
        return len(self.slices)

    @overload
    def __getitem__(self, index: int) -> list[Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[Any]]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self.rows[each] for each in self.slices[index]]
        return self.rows[self.slices[index]]


class KeyedRows(Mapping[Any, Any]):
    """Objects by their keys; `row_keys` has the key of each record."""

    __slots__ = ("row_keys", "rows")

    @classmethod
    def of(cls, names: tuple[str, ...], records: Sequence[Row]) -> "KeyedRows":
        """The rows of records that end with their key."""
        return cls(Rows(names, records), [record[-1] for record in records])

    def __init__(self, rows: Rows, row_keys: Sequence[str]) -> None:
        self.rows = rows
        self.row_keys = row_keys

    def __len__(self) -> int:
        return len(self.row_keys)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.row_keys)

    def __getitem__(self, key: Any) -> Any:
        try:
            return self.rows[self.row_keys.index(key)]
        except ValueError as error:
            raise KeyError(key) from error


def runs_of(rows: Sequence[Row]) -> dict[str, slice]:
    """The slice of each parent, whose rows are neighbors and end with its ID."""
    parents = [row[-1] for row in rows]
    runs, start, most = dict[str, slice](), 0, len(parents)
    while start < most:
        parent, end = parents[start], start + 1
        while end < most and parents[end] == parent:
            end += 1
        runs[parent] = slice(start, end)
        start = end
    return runs
