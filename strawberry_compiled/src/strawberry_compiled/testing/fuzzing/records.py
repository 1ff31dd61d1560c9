"""Values of generated objects as records have them, and rows made of such records."""

import datetime as dt
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from strawberry_compiled import Column, ListsOfRows, Projection, Rows, RowsByKey, RowType, below, columns_of
from strawberry_compiled.testing.fuzzing.behavior import Answers, How, Items, Mark, answers_of
from strawberry_compiled.testing.fuzzing.shapes import MARK, TypeRef

LISTS = (list, tuple)


class NotRowable(Exception):
    """A value that no record can have, because a column promises other values."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads attributes of objects as if they were rows, without calling anything."""

    row_types: Mapping[str, RowType]
    attribute_types: Mapping[str, Mapping[str, str]]
    """The type of each attribute with an object or a list, by type and attribute."""

    def value(self, type_name: str, thing: Any, name: str) -> Any:
        """Value of a column; raises NotRowable."""
        check_made_as(type_name, thing)
        first, _, rest = name.partition(".")
        found = attribute(thing, first)
        if rest:
            return self.value(self.attribute_types[type_name][first], found, rest)
        return _stored(found, self.row_types[type_name].columns[first])

    def needed_text(self, type_name: str, thing: Any, needs: Sequence[str]) -> str:
        """The attributes that a function needs, as it sees them in an object or in the row of the object."""
        if not needs:
            return ""
        if type(getattr(thing, MARK, None)) is not Mark:
            return "?"
        is_object = hasattr(thing, "answers")
        return " ".join(
            self._text_of_object(type_name, thing, name) if is_object else _text_of_row(thing, name) for name in needs
        )

    def _text_of_object(self, type_name: str, thing: Any, name: str) -> str:
        if name == MARK:
            return answers_of(thing).identity
        try:
            return repr(self.value(type_name, thing, name))
        except NotRowable:
            return "?"


def _text_of_row(row: Any, name: str) -> str:
    value = row
    for part in name.split("."):
        value = getattr(value, part)
    return str(value) if name == MARK else repr(value)


def attribute(thing: Any, name: str) -> Any:
    answers: Answers = thing.answers
    if name not in answers.by_field:
        try:
            return getattr(thing, name)
        except AttributeError as error:
            raise NotRowable from error
    answer = answers.by_field[name]
    if answer.fault is not None or answer.how is not How.AT_ONCE or isinstance(answer.values[0], Items):
        raise NotRowable
    return answer.values[0]


def check_made_as(type_name: str, thing: Any) -> None:
    if getattr(getattr(thing, "answers", None), "made_as", None) != (type_name, type_name):
        raise NotRowable


def _stored(value: Any, column: Column) -> Any:
    if value is None and column.is_nullable:
        return None
    if column.members is not None:
        for stored, member in column.members.items():
            if member is value:
                return stored
        raise NotRowable
    if type(value) is not column.type:
        raise NotRowable
    if (type(value) is int and abs(value) >= 2**31) or (isinstance(value, dt.datetime) and value.tzinfo is not dt.UTC):
        raise NotRowable
    return value


class Record(Sequence[Any]):
    """A record as drivers make them: neither a list nor a tuple."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)


@dataclass(slots=True)
class DriverRows:
    """A `RowSource` that is not of the library's class."""

    records: Sequence[Any]
    lists: Mapping[str, Any]


@dataclass(slots=True)
class DriverLists:
    rows: Any
    slices: Sequence[slice]


class DriverRowsByKey:
    def __init__(self, rows: Any, keys: Sequence[Any]) -> None:
        self._rows, self._keys = rows, keys

    @property
    def rows(self) -> Any:
        return self._rows

    @property
    def row_keys(self) -> Sequence[Any]:
        return self._keys


class RowWriter:
    """Writes one answer as rows, and raises NotRowable if it has objects that cannot be rows."""

    def __init__(self, reader: Reader, chance: random.Random, needed: Mapping[str, Collection[str]]) -> None:
        """`needed` are the attributes that the operation can need, by type."""
        self._reader = reader
        self._random = chance
        self._needed = needed
        self._sound: set[tuple[str, int]] = set()
        self._library = chance.random() < 0.6
        self._record_class: Any = chance.choice([tuple, tuple, list, Record])
        self._has_more = chance.random() < 0.5

    def answer(self, ref: TypeRef, results: Sequence[Any], projection: Projection) -> Any:
        """One row, or one list of rows, for each result of a batch function."""
        if ref.item is None:
            return self._source(ref.name, results, projection)
        if not all(type(each) in LISTS for each in results):
            raise NotRowable
        return self._lists(ref.item.name, results, projection)

    def by_key(self, type_name: str, found: Mapping[Any, Any], projection: Projection) -> Any:
        """Rows of the entities that were found."""
        known = [(key, each) for key, each in found.items() if each is not None]
        self._random.shuffle(known)
        keys, things = [key for key, _ in known], [each for _, each in known]
        if things and self._random.random() < 0.3:
            keys, things = [*keys, "not asked for"], [*things, things[0]]
        rows = self._source(type_name, things, projection)
        return RowsByKey(rows, keys) if self._library else DriverRowsByKey(rows, keys)

    def _lists(self, type_name: str, lists: Sequence[Sequence[Any]], projection: Projection) -> Any:
        r = self._random
        things: list[Any] = []
        slices = [slice(0, 0)] * len(lists)
        known: dict[tuple[int, ...], slice] = {}
        spare = [each for items in lists for each in items] if r.random() < 0.5 else []
        shares, order = r.random() < 0.5, list(range(len(lists)))
        if r.random() < 0.3:
            r.shuffle(order)
        for index in order:
            items = lists[index]
            place = known.get(tuple(map(id, items))) if shares else None
            if place is None:
                if spare and r.random() < 0.4:
                    things.append(r.choice(spare))  # outside of all slices
                place = slice(len(things), len(things) + len(items))
                things += items
                # Lists that begin or end another one are parts of its slice.
                known |= {tuple(map(id, items[at:])): slice(place.start + at, place.stop) for at in range(len(items))}
                known |= {tuple(map(id, items[:to])): slice(place.start, place.start + to) for to in range(len(items))}
                known[tuple(map(id, items))] = place
            slices[index] = place
        if spare:
            things.append(r.choice(spare))
        rows = self._source(type_name, things, projection)
        return ListsOfRows(rows, slices) if self._library else DriverLists(rows, slices)

    def _source(self, type_name: str, things: Sequence[Any], projection: Projection) -> Any:
        for thing in things:
            self._check(type_name, thing)
        lists = self._list_names(type_name, projection)
        columns = columns_of(projection, frozenset(lists))
        value = self._reader.value
        records: Any = [self._record([value(type_name, thing, name) for name in columns]) for thing in things]
        if self._random.random() < 0.1:
            records = tuple(records)
        below_lists = {
            name: self._lists(item, [self._items(thing, name) for thing in things], below(projection, name))
            for name, item in lists.items()
        }
        return Rows(records, below_lists) if self._library else DriverRows(records, below_lists)

    def _record(self, values: list[Any]) -> Any:
        return self._record_class([*values, "more", None] if self._has_more else values)

    def _items(self, thing: Any, name: str) -> Sequence[Any]:
        for part in name.split("."):
            thing = attribute(thing, part)
        if type(thing) not in LISTS:
            raise NotRowable
        items: Sequence[Any] = thing
        return items

    def _check(self, type_name: str, thing: Any) -> None:
        """Raises NotRowable unless the object has its type, and so have all objects in its attributes."""
        if (type_name, id(thing)) in self._sound:
            return
        check_made_as(type_name, thing)
        self._sound.add((type_name, id(thing)))
        # An object that is shown without any of its columns is not in the projection.
        for name in self._reader.row_types[type_name].objects:
            if name in self._needed[type_name]:
                self._check(self._reader.attribute_types[type_name][name], attribute(thing, name))

    def _list_names(self, type_name: str, projection: Projection) -> dict[str, str]:
        """Dotted names of the projected lists, with the type of their items."""
        found: dict[str, str] = {}
        row_type, types = self._reader.row_types[type_name], self._reader.attribute_types[type_name]
        for first in sorted({name.partition(".")[0] for name in projection if "." in name}):
            if first in row_type.lists:
                found[first] = types[first]
            else:
                inner = self._list_names(types[first], below(projection, first))
                found |= {f"{first}.{name}": item for name, item in inner.items()}
        return found
