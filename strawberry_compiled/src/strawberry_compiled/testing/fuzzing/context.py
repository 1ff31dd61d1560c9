"""The `info.context` of generated schemas, which has the answers of all batch functions and loads."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import strawberry

from strawberry_compiled import Projection, projection_of
from strawberry_compiled.testing.fuzzing.behavior import Answer, Ledger, answers_of, turns
from strawberry_compiled.testing.fuzzing.data import Chances
from strawberry_compiled.testing.fuzzing.records import NotRowable, RowWriter
from strawberry_compiled.testing.fuzzing.schemas import GeneratedSchema
from strawberry_compiled.testing.fuzzing.shapes import MARK, FieldShape

OBJECTS_IN_PLACE_OF_ROWS = 0.1
"""Share of the answers that are objects although rows were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Seed and parameters of the data of a run; equal worlds give equal data."""

    seed: str
    chances: Chances
    names: frozenset[str]
    """GraphQL names of all fields that may be requested."""


@dataclass(slots=True, kw_only=True)
class Context:
    ledger: Ledger
    entities: Mapping[str, Mapping[Any, Any]]
    events: Mapping[str, Answer]
    world: World
    schema: GeneratedSchema
    takes_rows: bool
    """Whether plans may ask for rows."""
    needed: Mapping[str, Collection[str]]
    """Attributes that the operation can need, by type."""
    loaders: dict[Any, Any] = field(default_factory=dict)

    async def batch(
        self, owner: str, shape: FieldShape, parents: Sequence[Any], info: strawberry.Info, arguments: str
    ) -> Any:
        chance = random.Random(f"{self.world.seed} {shape.name} {shape.ref} {arguments}")
        projection = self._projection(info, shape.ref.named)
        seen = repr(info.selected_fields) if shape.looks_ahead else ""
        needed = [self._needed(owner, shape, parent) for parent in parents]
        self._check_marks(parents)
        for parent, text in zip(parents, needed, strict=True):
            identity = getattr(getattr(parent, "answers", None), "identity", None) if text is None else text
            self.ledger.calls["batch", identity, shape.name, arguments, seen] += 1
        await turns(chance.choice([0, 0, 1, 2]))
        results: Any = [
            _outcome(parent, shape, arguments if text is None else f"{arguments} {text}")
            for parent, text in zip(parents, needed, strict=True)
        ]
        if chance.random() < self.world.chances.batch_faults:
            match chance.randint(0, 5):
                case 0 | 1:
                    raise ValueError(f"all of {shape.name}")
                case 2:
                    results = results[:-1]
                case 3:
                    results = [*results, None if projection is None else results[0]]
                case 4:
                    return None
        if chance.random() < 0.2:
            results = tuple(results)
        return results if projection is None else self._answer(shape, results, projection)

    async def load(self, name: str, info: strawberry.Info, keys: Sequence[Any]) -> Any:
        chance = random.Random(f"{self.world.seed} {name}")
        projection = self._projection(info, name)
        for key in keys:
            self.ledger.load(name, key, projection)
        await turns(chance.choice([0, 0, 1, 2]))
        if chance.random() < self.world.chances.batch_faults * 0.5:
            match chance.randint(0, 2):
                case 0 | 1:
                    raise ValueError(f"no {name} at all")
                case 2:
                    return [*keys]
        found = {key: self.entities[name][key] for key in keys if key in self.entities[name]}
        return found if projection is None else self._found(name, found, projection)

    def _needed(self, owner: str, shape: FieldShape, parent: Any) -> str | None:
        """Text of the attributes that a batch field's function reads of the parent; None if parents must be objects."""
        if shape.needs is not None:
            return self.schema.reader.needed_text(owner, parent, shape.needs)
        if hasattr(parent, "mark") and not hasattr(parent, "answers"):
            self.ledger.misuses.append(f"a row is the parent of {shape.name}, which needs objects")
        return None

    def _check_marks(self, parents: Sequence[Any]) -> None:
        """Reads a column as batch functions may do where it is faster than an attribute of each parent."""
        column = getattr(parents, "column", None)
        if column is not None and column(MARK) != [parent.mark for parent in parents]:
            self.ledger.misuses.append("a column is not equal to the attributes of the parents")

    def _answer(self, shape: FieldShape, results: Sequence[Any], projection: Projection) -> Any:
        """The results as rows, if they can be rows."""
        chance = random.Random(f"rows {self.world.seed} {shape.name} {len(results)}")
        if chance.random() < OBJECTS_IN_PLACE_OF_ROWS:
            return results
        try:
            rows = RowWriter(self.schema.reader, chance, self.needed).answer(shape.ref, results, projection)
        except NotRowable:
            return results
        self.ledger.row_answers += 1
        return rows

    def _found(self, name: str, found: Mapping[Any, Any], projection: Projection) -> Any:
        chance = random.Random(f"rows {self.world.seed} {name} {len(found)}")
        if chance.random() < OBJECTS_IN_PLACE_OF_ROWS:
            return found
        try:
            rows = RowWriter(self.schema.reader, chance, self.needed).by_key(name, found, projection)
        except NotRowable:
            return found
        self.ledger.row_answers += 1
        return rows

    def _projection(self, info: strawberry.Info, type_name: str) -> Projection | None:
        projection = projection_of(info)
        if projection is None:
            return None
        if not self.takes_rows:
            self.ledger.misuses.append("only queries can take rows")
        unneeded = [name for name in projection if not self._has(type_name, name)]
        self.ledger.misuses += [f"{type_name}.{name} is not a column, or is not needed" for name in unneeded]
        return projection

    def _has(self, type_name: str, name: str) -> bool:
        """Whether a record can have the column, and a requested field needs it."""
        row_type = self.schema.reader.row_types[type_name]
        first, _, rest = name.partition(".")
        if rest:
            inner = self.schema.reader.attribute_types[type_name].get(first, "")
            return first in row_type.objects | row_type.lists and self._has(inner, rest)
        return first in row_type.columns and first in self.needed[type_name]


def _outcome(parent: Any, shape: FieldShape, arguments: str) -> Any:
    try:
        return answers_of(parent).by_field[shape.name].outcome(arguments)
    except Exception as error:  # noqa: BLE001  that is what a batch function returns for a parent that fails
        return error
