"""Random objects for a generated schema, clean or with faults, immediate or awaitable."""

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from strawberry_compiled.testing.fuzzing.behavior import (
    Answer,
    Answers,
    AsyncIterable,
    Awaitable,
    Fault,
    How,
    Items,
    Iterable,
    Ledger,
    Odd,
    mark_of,
)
from strawberry_compiled.testing.fuzzing.schemas import GeneratedSchema, Shifting
from strawberry_compiled.testing.fuzzing.shapes import (
    PICKED,
    FieldShape,
    Kind,
    ObjectShape,
    Recognized,
    TypeRef,
    picked_ref,
)

ROOTS = ("Query", "Mutation")
LATER = (How.COROUTINE, How.FUTURE, How.AWAITABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """Probabilities of unusual values."""

    faults: float = 0.0
    """Exceptions, nulls, wrong types and values out of range."""
    waits: float = 0.0
    """Awaitables and asynchronous iterables."""
    batch_faults: float = 0.0
    """Batch functions that raise or return nonsense, and results that are exceptions."""


ENTITIES = 3
"""Maximum number of objects of each type, enough to tell objects apart."""


class Data:
    """All objects of one execution, equal for equal seeds, and created at first use."""

    def __init__(
        self, schema: GeneratedSchema, seed: str, chances: Chances, *, names: frozenset[str], ledger: Ledger
    ) -> None:
        """`names` are the GraphQL names of the requested fields; other fields get no values."""
        self._schema = schema
        self._random = random.Random(f"data {seed}")
        self._chances = chances
        self._ledger = ledger
        self._shapes = {each.name: each for each in (*schema.shape.objects, schema.shape.query, schema.shape.mutation)}
        self._known: dict[str, list[Any]] = {}
        self._made = 0
        self._loaded = {
            field.load
            for shape in self._shapes.values()
            for field in schema.shape.fields_of(shape).values()
            if field.kind is Kind.RELATED and to_camel_case(field.name) in names
        }
        """Types whose entities are loaded by key."""
        self._needed = needed = schema.shape.needed(names)
        self._fields = {
            shape.name: [
                each
                for each in schema.shape.fields_of(shape).values()
                if to_camel_case(each.name) in names or not needed[shape.name].isdisjoint((each.name, each.key))
            ]
            for shape in self._shapes.values()
        }
        rowable = [each.name for each in schema.shape.objects if each.row is not None]
        self._calm = {each for each in rowable if self._random.random() < 0.7}
        """Types whose objects can be rows, because nothing is unusual about their attributes."""
        self._calm_fields: dict[str, bool] = {}
        self._unfinished: list[tuple[Any, ObjectShape, bool, Answers]] = []

    def root(self, name: str) -> Any:
        root = self._make(name, wanted=name)
        self._finish()
        return root

    def events(self, fields: Sequence[FieldShape]) -> Mapping[str, Answer]:
        """Events of a subscription's fields."""
        found = {field.name: self._answer(field.name, partial(self._events_of, field.ref)) for field in fields}
        self._finish()
        return found

    def _events_of(self, ref: TypeRef) -> list[Answer]:
        return [self._event(ref) for _ in range(self._random.randint(0, 3))]

    def entities(self) -> Mapping[str, Mapping[Any, Any]]:
        """Entities that load functions find, by type and key."""
        return {name: self._entities(name) for name in sorted(self._loaded)}

    def _entities(self, name: str) -> dict[Any, Any]:
        found: dict[Any, Any] = {f"{name}:{number}": self._make(name, name) for number in range(ENTITIES)}
        found[f"{name}:none"] = None
        if self._happens(self._chances.batch_faults):
            found[f"{name}:0"] = self._fault().exception("entity") if self._random.random() < 0.5 else self._wrong()
        self._finish()
        return found

    def _event(self, ref: TypeRef) -> Answer:
        return Answer(where="event", values=[self._value(ref)], ticks=self._ticks())

    def _finish(self) -> None:
        while self._unfinished:
            self._fill(*self._unfinished.pop())

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance

    def _ticks(self) -> int:
        return self._random.choice([0, 0, 1, 1, 2, 3])

    def _fault(self) -> Fault:
        chosen: Fault = self._random.choice([Fault.VALUE, *Fault])
        return chosen

    # Objects.

    def _object(self, name: str, wanted: str) -> Any:
        """An object of the type, for a position of the wanted type."""
        known = self._known.setdefault(f"{name} as {wanted}", [])
        if len(known) < ENTITIES and (not known or self._random.random() < 0.6):
            known.append(self._make(name, wanted))
        return self._random.choice(known)

    def _make(self, name: str, wanted: str) -> Any:
        r, schema, shape = self._random, self._schema, self._shapes[name]
        self._made += 1
        identity = name if wanted == name in ROOTS else f"{name}#{self._made}"
        answers = Answers(self._ledger, identity, made_as=(name, wanted))
        performs = r.random() < 0.3
        made = schema.performing[name] if performs else schema.made[name]
        plain = schema.performing_plain[name] if performs else schema.plain[name]
        says_itself = shape.recognized is not Recognized.BY_STRAWBERRY
        draw = r.random()
        if wanted == name in ROOTS or draw < 0.6:
            value = cast("Any", made).__new__(made)
        elif shape.recognized is Recognized.BY_CLASS or (says_itself and draw < 0.8):
            value = plain()
        elif says_itself or (draw < 0.7 and wanted == name and not shape.interfaces):
            value, performs = Shifting(), False
            value.kind = name
        elif draw < 0.8 and not says_itself:
            value, performs = Shifting(), False
            value.kind = name
            strawberry.cast(schema.made[name], value)
        elif draw < 0.9 and schema.shape.own_default_resolver and wanted == name and not shape.interfaces:
            value, performs = Attributes(), False
        else:
            value = cast("Any", made).__new__(made)
            performs = made is schema.performing[name]
        if isinstance(value, Attributes):
            value["answers"] = answers
        value.answers = answers
        value.mark = mark_of(answers)
        self._unfinished.append((value, shape, performs, answers))
        return value

    def _fill(self, value: Any, shape: ObjectShape, performs: bool, answers: Answers) -> None:
        usual = self._chances
        if shape.name in self._calm:
            self._chances = Chances()
        for field in self._fields[shape.name]:
            if field.kind is Kind.RELATED:
                key = self._key(field)
                self._set(value, field.key, performs, answers, partial(_itself, key))
            elif field.kind is Kind.ATTRIBUTE:
                self._set(value, field.name, performs, answers, partial(self._attribute, shape, field))
        if shape.name in self._loaded:
            for name in PICKED:
                if name in self._needed[shape.name]:
                    make = partial(self._value, picked_ref(name, shape.name), waits=False)
                    self._set(value, name, performs, answers, make, picked=True)
            answers.shown = self._value(picked_ref("", shape.name), waits=False)
        self._chances = usual
        for field in self._fields[shape.name]:
            if field.kind not in (Kind.RELATED, Kind.ATTRIBUTE):
                answers.by_field[field.name] = self._method(field)
                if field.guard is not None and self._random.random() < 0.2:
                    answers.refused.add(field.name)

    def _set(
        self,
        value: Any,
        name: str,
        performs: bool,
        answers: Answers,
        make: Callable[[], Any],
        *,
        picked: bool = False,
    ) -> None:
        is_key = name.endswith("_key")
        if performs:
            answer = self._answer(name, make)
            if picked or is_key:  # these are not awaited
                answer.how = How.AT_ONCE
            answers.by_field[name] = answer
            return
        if self._happens(self._chances.faults * 0.1):
            return  # the class has no such attribute
        content = make()
        if isinstance(content, Items):
            content = AsyncIterable(content) if content.is_async else Iterable(content)
        if not (picked or is_key) and self._happens(self._chances.waits):
            content = self._awaitable(content)
        setattr(value, name, content)
        if isinstance(value, Attributes):
            value[name] = content

    def _key(self, field: FieldShape) -> Any:
        r, load = self._random, field.load
        if self._happens(self._chances.faults * 0.1):
            return r.choice([["unhashable"], 7])
        if not field.ref.nullable and not self._chances.faults:
            return f"{load}:{r.randrange(ENTITIES)}"
        return None if r.random() < 0.1 else f"{load}:{r.choice([0, 0, 1, 1, 2, 'none', 'missing'])}"

    # Values.

    def _method(self, field: FieldShape) -> Answer:
        count = 2 if field.arguments else 1
        if field.kind is not Kind.BATCH:
            return self._answer(field.name, lambda: self._value(field.ref), count=count)
        # An exception is returned, not raised, and results of a batch are not awaited again.
        make = self._calm_value if self._is_calm(field) else self._value
        values = [make(field.ref) for _ in range(count)]
        values = [each.value if isinstance(each, Awaitable) else each for each in values]
        fault = self._fault() if self._happens(self._chances.batch_faults * 0.3) else None
        return Answer(where=field.name, values=values, fault=fault)

    def _is_calm(self, field: FieldShape) -> bool:
        """Whether all results of the batch field can be rows, as far as attributes decide it."""
        item = field.ref.item or field.ref
        if item.name not in self._calm:
            return False
        if field.name not in self._calm_fields:
            self._calm_fields[field.name] = self._random.random() < 0.8
        return self._calm_fields[field.name]

    def _calm_value(self, ref: TypeRef) -> Any:
        """An object or a list of objects, none of which is null."""
        if ref.item is None:
            return self._object(ref.name, ref.name)
        name = ref.item.name
        return [self._object(name, name) for _ in range(self._random.choice([0, 1, 2, 2, 3]))]

    def _attribute(self, owner: ObjectShape, field: FieldShape) -> Any:
        if owner.row is None or owner.name not in self._calm:
            return self._value(field.ref)
        if field.name in owner.row.objects | owner.row.lists:
            return self._calm_value(field.ref)
        column = owner.row.columns.get(field.name)
        if column is None or (field.ref.nullable and not column.nullable):
            return self._value(replace(field.ref, nullable=False))
        if column.nullable and not field.ref.nullable and self._ledger.has_faults and self._random.random() < 0.3:
            return None
        values = _COLUMN_VALUES.get(column.annotation)
        if values is None or (field.ref.nullable and self._random.random() < 0.15):
            return self._value(field.ref)
        return self._random.choice(values)

    def _answer(self, where: str, make: Callable[[], Any], *, count: int = 1) -> Answer:
        fault = self._fault() if self._happens(self._chances.faults * 0.7) else None
        how = self._random.choice(LATER) if self._happens(self._chances.waits) else How.AT_ONCE
        values = [make() for _ in range(count)]
        # Results of an awaitable are not awaited again, so one level is enough.
        values = [each.value if isinstance(each, Awaitable) else each for each in values]
        return Answer(where=where, values=values, fault=fault, how=how, ticks=self._ticks())

    def _awaitable(self, content: Any) -> Awaitable:
        fault = self._fault() if self._happens(self._chances.faults) else None
        return Awaitable(content, fault, self._ticks())

    def _value(self, ref: TypeRef, *, waits: bool = True) -> Any:
        """A value for a position of the type, with faults; lists may be `Items`."""
        r, chances = self._random, self._chances
        if chances.faults:
            draw = r.random()
            if draw < chances.faults * 0.3:
                return self._fault().exception("returned")
            if draw < chances.faults * 0.6:
                return None
            if draw < chances.faults:
                return self._wrong()
        if ref.nullable and r.random() < 0.12:
            return None
        if ref.item is not None:
            return self._list(ref.item, waits=waits)
        if ref.name in self._schema.enums:
            return r.choice(list(self._schema.enums[ref.name]))
        if ref.name == "Money" and chances.faults:
            return r.choice([1, 13, 14])
        if ref.name in _SCALAR_VALUES:
            return r.choice(_SCALAR_VALUES[ref.name])
        return self._object(r.choice(self._schema.shape.possible(ref.name)), ref.name)

    def _list(self, item: TypeRef, *, waits: bool) -> Any:
        r = self._random
        items = [self._item(item, waits=waits) for _ in range(r.choice([0, 1, 1, 2, 3]))]
        if waits and self._happens(self._chances.waits):
            fault = self._fault() if self._happens(self._chances.faults) else None
            return Items(items, self._ledger, is_async=True, ticks=self._ticks(), fault=fault)
        draw = r.random()
        if draw < 0.8:
            return items
        if draw < 0.87:
            return tuple(items)
        if draw < 0.9:
            return dict(enumerate(items)).values()
        if draw < 0.93:
            return deque(items)
        fault = self._fault() if self._happens(self._chances.faults) else None
        return Items(items, self._ledger, is_async=False, fault=None if fault is Fault.STOP else fault)

    def _item(self, ref: TypeRef, *, waits: bool) -> Any:
        value = self._value(ref, waits=waits)
        if isinstance(value, Items):
            value = AsyncIterable(value) if value.is_async else Iterable(value)
        return self._awaitable(value) if waits and self._happens(self._chances.waits) else value

    def _wrong(self) -> Any:
        """A value that most positions reject."""
        r = self._random
        draw = r.randint(0, 19)
        if draw < len(_WRONG):
            return _WRONG[draw]
        if draw == 18:
            stranger = Shifting()
            stranger.kind = r.choice(["NoSuchType", "Query", "Face0", "Thing0", 5])  # type: ignore[assignment]
            stranger.answers = Answers(self._ledger, "stranger")
            return stranger
        return self._object(r.choice(self._schema.shape.objects).name, "a wrong place")


class Attributes(dict[str, Any]):
    """A mapping with attributes, for schemas whose default resolver reads these."""

    answers: Answers


_WRONG = (
    *("text", "", 3.7, 3.0, 10**12, -(2**31) - 1, float("nan"), float("inf"), True, b"bytes"),
    *({"a": 1}, (), {"set"}, object, Odd(), Decimal("1.5"), date(2026, 5, 6)),
)

_SCALAR_VALUES: Mapping[str, Sequence[Any]] = {
    "String": ["s", "é", "", "longer\ntext"],
    "ID": ["i1", 7, "i1"],
    "Int": [-5, 0, 1, 2**31 - 1],
    "Float": [1.5, 2, -0.0, 1e-300],
    "Boolean": [True, False],
    "DateTime": [datetime(2026, 1, 2, 3, 4, 5), datetime(2026, 1, 2, 3, 4, 5, 678)],  # noqa: DTZ001
    "Date": [date(2026, 1, 2)],
    "Time": [time(3, 4, 5)],
    "UUID": [UUID(int=7), UUID(int=2**127)],
    "Decimal": [Decimal("1.50"), Decimal("NaN"), Decimal("-0")],
    "JSON": [{"a": [1, None]}, [1, "x"], "text", 5, False],
    "Money": [1, 2],
}

_COLUMN_VALUES: Mapping[str, Sequence[Any]] = {
    **{name: _SCALAR_VALUES[name] for name in ("String", "Int", "Boolean", "Date")},
    "ID": ["i1", "i2", "i3"],
    "DateTime": [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)],
}
"""Values that columns promise; other types have only such values."""


def _itself(value: Any) -> Any:
    return value
