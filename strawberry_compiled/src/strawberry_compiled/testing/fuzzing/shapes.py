"""Schemas as plain descriptions, from which classes and data are generated."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from strawberry.utils.str_converters import to_camel_case

MARK = "mark"
"""Attribute of all objects and column of all rows, by which functions tell parents apart."""


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


PICKED: Mapping[str, TypeRef] = {
    "pick_one": TypeRef(nullable=False),
    "pick_many": TypeRef(nullable=False, item=TypeRef(nullable=False)),
    "pick_text": TypeRef(nullable=False, name="String"),
    "pick_level": TypeRef(nullable=False, name="Level"),
    "pick_day": TypeRef(nullable=False, name="Date"),
}
"""Attributes of loaded entities that a related field can show. A type without a name is the entity's own."""


def picked_ref(pick: str, load: str) -> TypeRef:
    """The type of an attribute in `PICKED`; without one, that of the entity."""
    own = TypeRef(nullable=False, name=load)
    ref = PICKED.get(pick, own)
    return ref if ref.name else replace(ref, item=own) if ref.item is not None else own


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
    shows: bool = False
    """Whether a function of the parent and the entity computes the field's value."""
    needs: tuple[str, ...] | None = None
    """Attributes that the function of a batch field, or of a field that `shows`, reads of the parent."""
    needs_found: tuple[str, ...] | None = None
    """Attributes of the entity that the function of a field that `shows` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnShape:
    """Promise about an attribute's values in rows."""

    annotation: str
    """Scalar or enum; empty for the key of a related field."""
    nullable: bool
    stores_names: bool = False
    """Whether records have other values of an enum than those of its members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowShape:
    """Attributes of a type that its rows can have, besides `mark`."""

    columns: Mapping[str, ColumnShape]
    objects: frozenset[str]
    lists: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectShape:
    name: str
    interfaces: tuple[str, ...]
    fields: tuple[FieldShape, ...]
    """Fields without those of the interfaces, unless they are declared again."""
    recognized: Recognized
    row: RowShape | None = None


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

    def needed(self, names: Collection[str]) -> dict[str, set[str]]:
        """Attributes that an operation with fields of these GraphQL names can need, by object type."""
        found: dict[str, set[str]] = {each.name: set() for each in (*self.objects, self.query, self.mutation)}
        for owner in (*self.objects, self.query, self.mutation):
            for field in self.fields_of(owner).values():
                if to_camel_case(field.name) not in names:
                    continue
                if field.kind is Kind.ATTRIBUTE:
                    found[owner.name].add(field.name)
                for name in (field.key, *(field.needs or ())):
                    self._add_needed(found, owner.name, name)
                if field.kind is Kind.RELATED:
                    for name in (field.pick, *(field.needs_found or ())):
                        self._add_needed(found, field.load, name)
        return found

    def _add_needed(self, found: dict[str, set[str]], owner: str, name: str) -> None:
        first, _, rest = name.partition(".")
        found[owner].add(first)
        if rest:
            shape = next(each for each in self.objects if each.name == owner)
            self._add_needed(found, self.fields_of(shape)[first].ref.named, rest)

    def possible(self, name: str) -> tuple[str, ...]:
        """Object types that a value of the named type can have."""
        if name in self.unions:
            return self.unions[name]
        if any(interface.name == name for interface in self.interfaces):
            return tuple(each.name for each in self.objects if name in each.interfaces)
        return (name,)
