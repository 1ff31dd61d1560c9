"""Random schemas as plain descriptions, from which classes and data are generated."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from strawberry.utils.str_converters import to_camel_case

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


class Kind(Enum):
    """Ways in which a field gets its value."""

    ATTRIBUTE = auto()
    METHOD = auto()
    ASYNC_METHOD = auto()
    BATCH = auto()
    RELATED = auto()


class Guard(Enum):
    """Wrappers of a field's function."""

    PERMISSION = auto()
    ASYNC_PERMISSION = auto()
    EXTENSION = auto()


class Recognized(Enum):
    """Ways in which a type recognizes its values."""

    BY_STRAWBERRY = auto()
    BY_IS_TYPE_OF = auto()
    BY_ASYNC_IS_TYPE_OF = auto()
    BY_CLASS = auto()
    """By an `is_type_of` that promises to look at the class only."""


WAITING = (Kind.ASYNC_METHOD, Kind.BATCH, Kind.RELATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRef:
    """The type of a field: a named type, or a list of `item`."""

    nullable: bool
    name: str = ""
    item: "TypeRef | None" = None

    @property
    def named(self) -> str:
        return self.name if self.item is None else self.item.named


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentShape:
    name: str
    annotation: str
    """A key of `schemas.ARGUMENT_TYPES`, or the name of an enum or input type."""
    nullable: bool
    is_list: bool
    default: object = ...
    """Default value; `...` without one."""
    is_maybe: bool = False
    """Whether the function can tell null from an omitted argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldShape:
    name: str
    ref: TypeRef
    kind: Kind
    arguments: tuple[ArgumentShape, ...] = ()
    takes_info: bool = False
    takes_parent: str = "self"
    """"self", "parent", "root" or "" for a static function."""
    guard: Guard | None = None
    looks_ahead: bool = False
    key: str = ""
    """Attribute of the parent with the key of a related field."""
    load: str = ""
    """Type whose entities a related field loads."""
    pick: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectShape:
    name: str
    interfaces: tuple[str, ...]
    fields: tuple[FieldShape, ...]
    """Fields without those of the interfaces, unless they are declared again."""
    recognized: Recognized


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceShape:
    name: str
    fields: tuple[FieldShape, ...]
    resolves_itself: bool
    """Whether it has a `resolve_type` of its own."""
    resolves_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaShape:
    seed: int
    objects: tuple[ObjectShape, ...]
    interfaces: tuple[InterfaceShape, ...]
    unions: dict[str, tuple[str, ...]]
    enums: Mapping[str, tuple[object, ...]]
    """Python values by enum."""
    inputs: dict[str, tuple[ArgumentShape, ...]]
    query: ObjectShape
    mutation: ObjectShape
    subscription: ObjectShape
    own_default_resolver: bool

    def fields_of(self, owner: ObjectShape) -> dict[str, FieldShape]:
        """All fields of the type, inherited ones first, by Python name."""
        found: dict[str, FieldShape] = {}
        for interface in self.interfaces:
            if interface.name in owner.interfaces:
                found |= {field.name: field for field in interface.fields}
        return found | {field.name: field for field in owner.fields}

    def waits(self, type_name: str, graphql_name: str) -> bool:
        """Whether the field is asynchronous by its kind, whatever the data."""
        owners: tuple[ObjectShape | InterfaceShape, ...] = (
            *self.objects,
            *self.interfaces,
            self.query,
            self.mutation,
            self.subscription,
        )
        fields = next(
            self.fields_of(each) if isinstance(each, ObjectShape) else {field.name: field for field in each.fields}
            for each in owners
            if each.name == type_name
        )
        return any(field.kind in WAITING and to_camel_case(name) == graphql_name for name, field in fields.items())

    def possible(self, name: str) -> tuple[str, ...]:
        """Object types that a value of the named type can have."""
        if name in self.unions:
            return self.unions[name]
        if any(interface.name == name for interface in self.interfaces):
            return tuple(each.name for each in self.objects if name in each.interfaces)
        return (name,)


def random_shape(seed: int) -> SchemaShape:
    return _Shaper(seed).schema()


class _Shaper:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = random.Random(f"shape {seed}")
        count = self._random.randint(3, 6)
        self._objects = [f"Thing{number}" for number in range(count)]
        self._interfaces = [f"Face{number}" for number in range(self._random.randint(1, 2))]
        self._unions = {
            f"Either{number}": tuple(self._random.sample(self._objects, self._random.randint(2, min(3, count))))
            for number in range(self._random.randint(1, 2))
        }
        self._enums = {
            "Color": tuple(self._random.sample(["red", "green", "blue", "gray"], 3)),
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
        return SchemaShape(
            seed=self._seed,
            objects=objects,
            interfaces=tuple(self._implemented(each, objects) for each in interfaces),
            unions=self._unions,
            enums=self._enums,
            inputs=self._inputs,
            query=self._root("Query", r.randint(6, 9)),
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
            fields=fields,
            resolves_itself=self._random.random() < 0.3,
            resolves_late=self._random.random() < 0.3,
        )

    def _object(self, name: str, interfaces: tuple[InterfaceShape, ...]) -> ObjectShape:
        r = self._random
        number = int(name.removeprefix("Thing"))
        implemented = {each.name for each in interfaces if r.random() < 0.4}
        implemented |= {each.name for index, each in enumerate(interfaces) if index == number}
        fields = [self._field(each) for each in r.sample(FIELD_NAMES, r.randint(5, 9))]
        for interface in interfaces:
            if interface.name in implemented and r.random() < 0.3:
                fields += [self._narrowed(each) for each in interface.fields if each.kind is Kind.ATTRIBUTE][:1]
        return ObjectShape(
            name=name,
            interfaces=tuple(each.name for each in interfaces if each.name in implemented),
            fields=tuple(fields),
            recognized=r.choices(list(Recognized), weights=(6, 2, 1, 1))[0],
        )

    def _narrowed(self, field: FieldShape) -> FieldShape:
        ref = TypeRef(nullable=False, name=field.ref.name, item=field.ref.item)
        return FieldShape(name=field.name, ref=ref, kind=Kind.ATTRIBUTE)

    def _root(self, name: str, count: int, kinds: tuple[Kind, ...] = ()) -> ObjectShape:
        names = [f"root_{each}" for each in self._random.sample(FIELD_NAMES, count)]
        fields = [self._field(each, kinds=kinds, composite=0.8) for each in names]
        return ObjectShape(name=name, interfaces=(), fields=tuple(fields), recognized=Recognized.BY_STRAWBERRY)

    def _field(self, name: str, *, kinds: tuple[Kind, ...] = (), composite: float = 0.4) -> FieldShape:
        r = self._random
        kind = r.choice(kinds) if kinds else r.choices(list(Kind), weights=(10, 4, 2, 3, 3))[0]
        if kind is Kind.ATTRIBUTE:
            return FieldShape(name=name, ref=self._ref(composite), kind=kind)
        if kind is Kind.RELATED:
            return self._related(name)
        takes_arguments = r.random() < 0.5
        return FieldShape(
            name=name,
            ref=self._ref(composite),
            kind=kind,
            arguments=self._arguments(r.randint(1, 3)) if takes_arguments else (),
            takes_info=r.random() < 0.4,
            takes_parent=r.choice(["self", "self", "self", "parent", "root"]),
            guard=r.choice(list(Guard)) if kind is not Kind.BATCH and r.random() < 0.1 else None,
            looks_ahead=kind is Kind.BATCH and r.random() < 0.3,
        )

    def _related(self, name: str) -> FieldShape:
        r = self._random
        load = r.choice(self._objects)
        key = f"{r.choice(['first', 'second'])}_{load.lower()}_key"
        pick = r.choice(["", "", "pick_one", "pick_other"])
        # The picked attribute is any value of the entity; the data generator creates both under these names.
        ref = TypeRef(nullable=r.random() < 0.6, name=load if pick != "pick_other" else "String")
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
