"""Random schemas."""

import random
from collections.abc import Mapping
from dataclasses import replace

from strawberry_compiled.testing.fuzzing.shapes import (
    MARK,
    PICKED,
    ArgumentShape,
    ColumnShape,
    FieldShape,
    Guard,
    InterfaceShape,
    Kind,
    ObjectShape,
    Recognized,
    RowShape,
    SchemaShape,
    TypeRef,
    picked_ref,
)

SCALARS = (
    *("String", "ID", "Int", "Float", "Boolean", "DateTime", "Date", "Time", "UUID", "Decimal", "JSON", "Money"),
    *("String", "Int", "Boolean"),
)
# Includes names that generated code may use, names reserved by Python or GraphQL, and names that change in camel case.
FIELD_NAMES = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "data", "path", "source", "run", "error", "waits", "type"),
    *("list", "str", "value", "values", "known", "none_given", "first_name", "last_updated_at", "number_2", "key"),
    *("entries", "errors", "true_north", "id", "info", "len", "zeta", "eta", "theta", "iota", "kappa", "isinstance"),
)

ROW_SCALARS = (
    *("String", "String", "String", "ID", "Int", "Int", "Boolean", "DateTime", "Date", "Color", "Level"),
    *("UUID", "Decimal", "Float"),
)
"""Types of the leaves of types that can be rows; most of them can be proved by a column."""


def random_shape(seed: int) -> SchemaShape:
    return _Shaper(seed).schema()


class _Shaper:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = r = random.Random(f"shape {seed}")
        count = r.randint(3, 6)
        self._objects = [f"Thing{number}" for number in range(count)]
        self._rowable = r.sample(self._objects, r.randint(2, count - 1))
        """Types whose objects can be rows. The first one is like a connection: most of its attributes are lists."""
        self._interfaces = [f"Face{number}" for number in range(r.randint(1, 2))]
        self._unions = {
            f"Either{number}": tuple(r.sample(self._objects, r.randint(2, min(3, count))))
            for number in range(r.randint(1, 2))
        }
        self._enums = {
            "Color": tuple(r.sample(["red", "green", "blue", "gray"], 3)),
            "Level": (1, 2, 3),
        }
        self._inputs: dict[str, tuple[ArgumentShape, ...]] = {}

    def schema(self) -> SchemaShape:
        r = self._random
        for number in range(2):
            # An input type is registered after its fields, so that inputs do not contain themselves.
            self._inputs[f"Given{number}"] = self._arguments(r.randint(1, 4), optional=0.7)
        # A default is a converted Python value; for an enum, a member of its class.
        interfaces = tuple(self._interface(name) for name in self._interfaces)
        objects = tuple(self._object(name, interfaces) for name in self._objects)
        rows = {each.name: each.row for each in objects}
        query = self._root("Query", r.randint(6, 9))
        return SchemaShape(
            seed=self._seed,
            objects=tuple(self._with_needs(each, rows) for each in objects),
            interfaces=tuple(self._implemented(each, objects) for each in interfaces),
            unions=self._unions,
            enums=self._enums,
            inputs=self._inputs,
            query=self._with_needs(query, rows),
            mutation=self._root("Mutation", 4, kinds=(Kind.METHOD, Kind.ASYNC_METHOD)),
            subscription=self._root("Subscription", 2, kinds=(Kind.METHOD,)),
            own_default_resolver=r.random() < 0.1,
        )

    def _implemented(self, interface: InterfaceShape, objects: tuple[ObjectShape, ...]) -> InterfaceShape:
        assert any(interface.name in each.interfaces for each in objects), "nothing implements it"
        return interface

    def _interface(self, name: str) -> InterfaceShape:
        # Names of interface fields contain the interface's number, so that no type inherits two fields with one name.
        suffix = name.removeprefix("Face")
        fields = tuple(
            self._field(f"{field_name}_of_{suffix}", kinds=(Kind.ATTRIBUTE, Kind.ATTRIBUTE, Kind.METHOD, Kind.BATCH))
            for field_name in self._random.sample(FIELD_NAMES, self._random.randint(1, 3))
        )
        return InterfaceShape(
            name=name,
            fields=tuple(
                replace(each, needs=(MARK,)) if each.kind is Kind.BATCH and self._random.random() < 0.8 else each
                for each in fields
            ),
            resolves_itself=self._random.random() < 0.3,
            resolves_late=self._random.random() < 0.3,
        )

    def _object(self, name: str, interfaces: tuple[InterfaceShape, ...]) -> ObjectShape:
        r = self._random
        number = int(name.removeprefix("Thing"))
        implemented = {each.name for each in interfaces if r.random() < (0.2 if name in self._rowable else 0.4)}
        implemented |= {each.name for index, each in enumerate(interfaces) if index == number}
        names = r.sample(FIELD_NAMES, r.randint(5, 9))
        if name in self._rowable:
            fields = [self._row_field(each, is_connection=name == self._rowable[0]) for each in names]
        else:
            fields = [self._field(each) for each in names]
        for interface in interfaces:
            if interface.name in implemented and r.random() < 0.3:
                fields += [self._narrowed(each) for each in interface.fields if each.kind is Kind.ATTRIBUTE][:1]
        inherited = [field for each in interfaces if each.name in implemented for field in each.fields]
        return ObjectShape(
            name=name,
            interfaces=tuple(each.name for each in interfaces if each.name in implemented),
            fields=tuple(fields),
            recognized=r.choices(list(Recognized), weights=(6, 2, 1, 1))[0],
            row=self._row({each.name: each for each in (*inherited, *fields)}) if name in self._rowable else None,
        )

    def _row_field(self, name: str, *, is_connection: bool) -> FieldShape:
        """A field of a type that can be rows; few of these fields need objects."""
        r = self._random
        kind = r.choices(list(Kind), weights=(12, 0, 0, 1, 0) if is_connection else (12, 0.4, 0.2, 4, 3))[0]
        if kind is not Kind.ATTRIBUTE:
            return self._field(name, kinds=(kind,))
        draw, nullable = r.random(), r.random() < 0.4
        if draw < 0.03:
            return FieldShape(name=name, ref=self._ref(0.3), kind=kind)
        if draw < (0.3 if is_connection else 0.75):
            return FieldShape(name=name, ref=TypeRef(nullable=nullable, name=r.choice(ROW_SCALARS)), kind=kind)
        is_list = r.random() < (0.7 if is_connection else 0.4)
        return FieldShape(name=name, ref=self._ref_of_rows(is_list=is_list, nullable=nullable), kind=kind)

    def _ref_of_rows(self, *, is_list: bool, nullable: bool) -> TypeRef:
        r = self._random
        if not is_list:
            return TypeRef(nullable=nullable, name=r.choice(self._rowable))
        return TypeRef(nullable=nullable, item=TypeRef(nullable=r.random() < 0.2, name=r.choice(self._rowable)))

    def _row(self, fields: Mapping[str, FieldShape]) -> RowShape:
        r = self._random
        columns = {
            name: ColumnShape(annotation=ref.name, nullable=False, stores_names=r.random() < 0.5)
            for name, ref in PICKED.items()
            if ref.name
        }
        objects, lists = {"pick_one"}, {"pick_many"}
        for name, field in fields.items():
            if r.random() < 0.03:
                continue  # records do not have all attributes
            if field.kind is Kind.RELATED:
                columns[field.key] = ColumnShape(annotation="", nullable=field.ref.nullable or r.random() < 0.9)
            elif field.kind is Kind.ATTRIBUTE and field.ref.item is not None:
                if field.ref.item.name in self._rowable:
                    lists.add(name)
            elif field.kind is Kind.ATTRIBUTE and field.ref.name in self._rowable:
                objects.add(name)
            elif field.kind is Kind.ATTRIBUTE and (field.ref.name in SCALARS or field.ref.name in self._enums):
                # Some scalars also take integers, but a column of integers does not prove what they write.
                takes_integers = field.ref.name in ("String", "ID", "Boolean", "Float") and r.random() < 0.1
                columns[name] = ColumnShape(
                    annotation="Int" if takes_integers else field.ref.name,
                    nullable=r.random() < (0.8 if field.ref.nullable else 0.08),
                    stores_names=r.random() < 0.5,
                )
        return RowShape(columns=columns, objects=frozenset(objects), lists=frozenset(lists))

    def _with_needs(self, owner: ObjectShape, rows: Mapping[str, RowShape | None]) -> ObjectShape:
        """The type whose batch fields declare what their functions read."""
        r = self._random
        fields = []
        for each in owner.fields:
            needs, found = None, None
            if r.random() < 0.94 and (each.kind is Kind.BATCH or each.shows):
                needs = self._needs(owner.row, MARK)
            if r.random() < 0.85 and each.shows:
                found = self._needs(rows[each.load], MARK)
            fields.append(replace(each, needs=needs, needs_found=found))
        return replace(owner, fields=tuple(fields))

    def _needs(self, row: RowShape | None, *names: str) -> tuple[str, ...]:
        r = self._random
        if row is None:
            return names
        known = sorted(row.columns.keys() - set(PICKED))
        objects = sorted(row.objects - set(PICKED))
        needs = (*names, *r.sample(known, r.randint(0, min(2, len(known)))))
        return (*needs, f"{r.choice(objects)}.{MARK}") if objects and r.random() < 0.15 else needs

    def _narrowed(self, field: FieldShape) -> FieldShape:
        ref = TypeRef(nullable=False, name=field.ref.name, item=field.ref.item)
        return FieldShape(name=field.name, ref=ref, kind=Kind.ATTRIBUTE)

    def _root(self, name: str, count: int, kinds: tuple[Kind, ...] = ()) -> ObjectShape:
        names = [f"root_{each}" for each in self._random.sample(FIELD_NAMES, count)]
        fields = [self._field(each, kinds=kinds, composite=0.8, weights=(6, 3, 2, 7, 4)) for each in names]
        return ObjectShape(name=name, interfaces=(), fields=tuple(fields), recognized=Recognized.BY_STRAWBERRY)

    def _field(
        self,
        name: str,
        *,
        kinds: tuple[Kind, ...] = (),
        composite: float = 0.4,
        weights: tuple[int, ...] = (10, 4, 2, 3, 3),
    ) -> FieldShape:
        r = self._random
        kind = r.choice(kinds) if kinds else r.choices(list(Kind), weights=weights)[0]
        if kind is Kind.ATTRIBUTE:
            return FieldShape(name=name, ref=self._ref(composite), kind=kind)
        if kind is Kind.RELATED:
            return self._related(name)
        takes_arguments = r.random() < 0.5
        return FieldShape(
            name=name,
            ref=self._ref_of_batch() if kind is Kind.BATCH and r.random() < 0.8 else self._ref(composite),
            kind=kind,
            arguments=self._arguments(r.randint(1, 3)) if takes_arguments else (),
            takes_info=r.random() < 0.4,
            takes_parent=r.choice(["self", "self", "self", "parent", "root"]),
            guard=r.choice(list(Guard)) if kind is not Kind.BATCH and r.random() < 0.1 else None,
            looks_ahead=kind is Kind.BATCH and r.random() < 0.3,
        )

    def _ref_of_batch(self) -> TypeRef:
        return self._ref_of_rows(is_list=self._random.random() < 0.6, nullable=self._random.random() < 0.5)

    def _related(self, name: str) -> FieldShape:
        r = self._random
        load = r.choice([*self._objects, *self._rowable, *self._rowable])
        key = f"{r.choice(['first', 'second'])}_{load.lower()}_key"
        nullable = r.random() < 0.6
        if r.random() < 0.18:
            ref = TypeRef(nullable=nullable, name=r.choice(["String", load]))
            return FieldShape(name=name, ref=ref, kind=Kind.RELATED, key=key, load=load, shows=True)
        pick = r.choice([*[""] * 12, *["pick_one"] * 6, *["pick_text"] * 2, *PICKED])
        ref = replace(picked_ref(pick, load), nullable=nullable)
        return FieldShape(name=name, ref=ref, kind=Kind.RELATED, key=key, load=load, pick=pick)

    def _ref(self, composite: float, depth: int = 0) -> TypeRef:
        r = self._random
        nullable = r.random() < 0.5
        if r.random() < (0.3, 0.2, 0.0)[depth]:
            return TypeRef(nullable=nullable, item=self._ref(composite, depth + 1))
        if r.random() < composite:
            kind = r.choices([self._objects, self._interfaces, list(self._unions)], weights=(6, 2, 2))[0]
            return TypeRef(nullable=nullable, name=r.choice(kind))
        return TypeRef(nullable=nullable, name=r.choice([*SCALARS, *self._enums]))

    def _arguments(self, count: int, optional: float = 0.4) -> tuple[ArgumentShape, ...]:
        return tuple(
            self._argument(name, optional)
            for name in self._random.sample(("size", "after_it", "by", "filter_with"), count)
        )

    def _argument(self, name: str, optional: float) -> ArgumentShape:
        r = self._random
        annotation = r.choice(
            ["Int", "Int", "String", "Boolean", "ID", "Float", "DateTime", "JSON", *self._enums, *self._inputs]
        )
        nullable, is_list = r.random() < optional, r.random() < 0.2
        simple = {"Int": 7, "String": "given", "Boolean": True, "Float": 1.5, "ID": "i0"}
        default: object = ...
        if annotation in simple and not is_list and r.random() < 0.5:
            default = simple[annotation]
        elif nullable and r.random() < 0.7:
            default = None
        is_maybe = default is None and r.random() < 0.3
        return ArgumentShape(
            name=name, annotation=annotation, nullable=nullable, is_list=is_list, default=default, is_maybe=is_maybe
        )
