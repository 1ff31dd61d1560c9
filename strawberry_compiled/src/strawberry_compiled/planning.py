"""Planning of a validated operation: the selection at each position, and the source of each field's value."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from strawberry_compiled.arguments import Arguments
from strawberry_compiled.batching import BATCH, KeyedBatch, ParentsBatch
from strawberry_compiled.field_errors import Position
from strawberry_compiled.leaves import nullable
from strawberry_compiled.strawberry_internals import (
    InfoFactory,
    converter_of,
    info_factory,
    is_attribute,
    is_bare_resolver,
    strawberry_field,
)

MOST_FIELDS = 1_000  # fields of one plan, counting repetitions by fragments; compiling them takes about 0.15 s

MOST_NULLABILITIES = 1_024  # remembered for all plans

INTROSPECTION = "introspection"
"""Reason why graphql-core executes operations that read the schema, as every explorer does."""

Nullability: TypeAlias = tuple[bool, ...]
"""Whether each position (field or list item) is non-null, from the root down."""


Select: TypeAlias = Callable[[Any, Any, Position | None], Any]
"""`select(run, source, position)`: the data of an object, or a coroutine of it."""


Class: TypeAlias = type
Functions: TypeAlias = Mapping[Class, Select]
"""Functions for objects by class."""


class NotCompilable(Exception):
    """The operation needs graphql-core. The message is a short reason, which is counted and logged."""


class Source(Enum):
    """Source of a field's value."""

    ATTRIBUTE = auto()  # attribute of the parent object
    FUNCTION = auto()  # called once for each parent
    BATCH = auto()  # called once for all parents of a wave
    OTHER = auto()  # graphql-core resolves and completes the field


NOTHING: Mapping[Any, Any] = MappingProxyType({})

_owning = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedField:
    """One response key of one selection."""

    number: int
    key: str
    parent_type: GraphQLObjectType
    definition: GraphQLField
    details: FieldDetailsList
    nodes: list[FieldNode]
    nullability: Nullability
    levels_up: int | None
    """Distance to the nearest nullable position: 0 for the field itself, None for `data`."""
    source: Source
    attribute: str = ""
    default_resolver: Callable[[Any, str], Any] = getattr
    function: Callable[..., Any] | None = None
    takes: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    """Parameters of the function besides arguments: "self" (positional), "parent" or "info", by name."""
    is_async: bool = False
    """Whether the function is declared with `async def`."""
    batch: ParentsBatch | KeyedBatch | None = None
    arguments: Arguments | None = None
    """Arguments of the field; None without arguments."""
    make_info: InfoFactory | None = None
    functions: Functions = field(default_factory=lambda: NOTHING)
    """Functions that complete objects of the classes seen at this position, by class."""
    uncertain_functions: Functions = field(default_factory=lambda: NOTHING)
    """Functions for classes whose objects might have been cast to another type, by class."""

    @property
    def type(self) -> GraphQLOutputType:
        return self.definition.type

    @property
    def is_awaited(self) -> bool:
        """Whether the function is called when its object has been built, in a task of its own."""
        return self.source is Source.FUNCTION and self.is_async

    @property
    def is_nullable(self) -> bool:
        return not is_non_null_type(self.type)

    def own_functions(self) -> Functions:
        """The `functions`, in the object that gets those of further classes."""
        return self._own("functions")

    def remember(self, class_: Class, select: Select, *, is_certain: bool = True) -> None:
        """Adds the function for objects of the class."""
        self._own("functions" if is_certain else "uncertain_functions")[class_] = select

    def _own(self, name: str) -> dict[Class, Select]:
        """The mapping of that name, which most fields never need, because they are made of records."""
        with _owning:  # otherwise generated code could have another one than the field
            known: Any = getattr(self, name)
            if known is NOTHING:
                known = {}
                object.__setattr__(self, name, known)  # frozen for all others
            return known  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """Selected fields of objects of one type at one position, by response key; None for `__typename`."""

    number: int
    type: GraphQLObjectType
    fields: Mapping[str, PlannedField | None]

    @property
    def batches(self) -> Sequence[PlannedField]:
        return [each for each in self.fields.values() if each is not None and each.source is Source.BATCH]

    @property
    def awaited(self) -> Sequence[PlannedField]:
        return [each for each in self.fields.values() if each is not None and each.is_awaited]

    def kept(self) -> "KeptSelection":
        """The part that a plan keeps while the data is only made from records."""
        fields = [each for each in self.fields.values() if each is not None]
        kept = tuple(each for each in fields if each.source is Source.BATCH or not is_leaf_type(nullable(each.type)))
        return KeptSelection(number=self.number, type=self.type, fields=kept)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptSelection:
    """The part that a plan keeps of a selection while its data is only made from records."""

    number: int
    type: GraphQLObjectType
    fields: tuple[PlannedField, ...]
    """Batch fields, and fields with objects."""


class Planner:
    """Plans one operation for one set of values of the variables in @skip and @include."""

    __slots__ = ("_conditions", "_fields", "_fragments", "_numbered", "_operation", "_schema", "_selections")

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        conditions: VariableValues,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        self._conditions = conditions
        self._fields = 0
        self._numbered = 0
        self._selections = 0

    def root(self) -> Selection:
        """Selection of the operation itself; raises NotCompilable."""
        root_type = self._schema.get_root_type(self._operation.operation)
        if root_type is None:
            raise NotCompilable("no root type")
        collected = self._collected(
            lambda: collect_fields(self._schema, self._fragments, self._conditions, root_type, self._operation)
        )
        if any(
            details[0].node.name.value in ("__schema", "__type") for details in collected.grouped_field_set.values()
        ):
            raise NotCompilable(INTROSPECTION)
        return self._selection(root_type, collected, ())

    def below(self, type_: GraphQLObjectType, above: PlannedField, known: KeptSelection | None = None) -> Selection:
        """Selection of objects of the type in the field above; raises NotCompilable.

        With the part that is `known` of it, the selection has that number and these fields, and the missing ones.
        """
        collected = self._collected(
            lambda: collect_subfields(
                self._schema, self._fragments, self._conditions, self._operation, type_, above.details
            )
        )
        return self._selection(type_, collected, (*above.nullability, *_of_items(above.type)), known)

    def _collected(self, collect: Callable[[], CollectedFields]) -> CollectedFields:
        try:
            collected = collect()
        except (GraphQLError, RecursionError) as error:
            raise NotCompilable("invalid selection") from error
        if collected.new_defer_usages:
            raise NotCompilable("@defer")
        return collected

    def _selection(
        self,
        type_: GraphQLObjectType,
        collected: CollectedFields,
        nullability: Nullability,
        known: KeptSelection | None = None,
    ) -> Selection:
        fields: dict[str, PlannedField | None] = {}
        if known is None:
            self._selections += 1
            self._fields += len(collected.grouped_field_set)
            if self._fields > MOST_FIELDS:
                raise NotCompilable("too many fields")
        known_fields = {} if known is None else {each.key: each for each in known.fields}
        for key, details in collected.grouped_field_set.items():
            name = details[0].node.name.value
            if name == "__typename":
                fields[key] = None
                continue
            if key in known_fields:
                fields[key] = known_fields[key]
                continue
            definition = self._schema.get_field(type_, name)
            if definition is not None:
                fields[key] = self._field(key, type_, definition, details, nullability)
        return Selection(number=self._selections if known is None else known.number, type=type_, fields=fields)

    def _field(
        self,
        key: str,
        parent_type: GraphQLObjectType,
        definition: GraphQLField,
        details: FieldDetailsList,
        above: Nullability,
    ) -> PlannedField:
        if any(detail.fragment_variable_values for detail in details):
            raise NotCompilable("fragment variables")
        nullability = _same((*above, is_non_null_type(definition.type)))
        self._numbered += 1
        return PlannedField(
            number=self._numbered,
            key=key,
            parent_type=parent_type,
            definition=definition,
            details=details,
            nodes=[detail.node for detail in details],
            nullability=nullability,
            levels_up=_levels_up(nullability),
            **self._resolution(definition, details),
        )

    def _resolution(self, definition: GraphQLField, details: FieldDetailsList) -> dict[str, Any]:
        """Source of the field's value: the part of PlannedField that depends on Strawberry."""
        known = strawberry_field(definition)
        if known is None:
            return {"source": Source.OTHER}
        if is_attribute(definition, known):
            return {
                "source": Source.ATTRIBUTE,
                "attribute": known.python_name,
                "default_resolver": known.default_resolver,
            }
        if not is_bare_resolver(self._schema, definition, known):
            return {"source": Source.OTHER}
        resolver, converter, node = known.base_resolver, converter_of(self._schema), details[0].node
        assert resolver is not None
        assert converter is not None
        common = {
            "arguments": Arguments(converter, known, definition, node) if definition.args or node.arguments else None,
            "make_info": info_factory(self._schema, definition, known),
        }
        batch = known.metadata.get(BATCH)
        if batch is not None:
            return {"source": Source.BATCH, "batch": batch, **common}
        takes: dict[str, str] = {}
        if resolver.self_parameter:
            takes[resolver.self_parameter.name] = "self"
        for parameter in (resolver.parent_parameter, resolver.root_parameter):
            if parameter:
                takes[parameter.name] = "parent"
        if resolver.info_parameter:
            takes[resolver.info_parameter.name] = "info"
        return {
            "source": Source.FUNCTION,
            "function": resolver.wrapped_func,
            "is_async": known.is_async,
            "takes": takes or NOTHING,
            **common,
        }


def _of_items(type_: GraphQLOutputType) -> Nullability:
    """Whether the items of each list level of the type are non-null."""
    bare = nullable(type_)
    if not is_list_type(bare):
        return ()
    return (is_non_null_type(bare.of_type), *_of_items(bare.of_type))


@lru_cache(MOST_NULLABILITIES)
def _same(nullability: Nullability) -> Nullability:
    """One object for all equal ones."""
    return nullability


def _levels_up(nullability: Nullability) -> int | None:
    return next((steps for steps, is_non_null in enumerate(reversed(nullability)) if not is_non_null), None)
