"""Conversion of arguments from the document to a field's function; each step runs only when its result can change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_specified_scalar_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.relay.types import GlobalID
from strawberry.schema.compat import is_scalar
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_argument
from strawberry.types.base import StrawberryList, StrawberryMaybe, StrawberryOptional, get_object_definition
from strawberry.types.enum import StrawberryEnumDefinition, has_enum_definition
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType
from strawberry.types.maybe import Some
from strawberry.types.unset import UNSET

Convert: TypeAlias = Callable[[Any], Any]

CONVERSIONS = "strawberry_compiled.conversions"
"""Key in a field's extensions for the cached conversions of its arguments."""

_IMMUTABLE = frozenset({str, int, float, bool, type(None)})


class Arguments:
    """Arguments of one field at one position of a document."""

    __slots__ = ("_converts", "_field", "_node", "constant", "is_constant")

    def __init__(
        self, converter: GraphQLCoreConverter, definition: StrawberryField, field: GraphQLField, node: FieldNode
    ) -> None:
        self._field = field
        self._node = node
        self._converts = _converts(converter, definition, field)
        self.is_constant = all(
            argument.name.value in field.args and _is_plain(argument.value, field.args[argument.name.value].type)
            for argument in node.arguments or ()
        )
        """Whether the document alone decides the values."""
        self.constant: dict[str, Any] | None = None
        """The values, once they are known, if they are constant."""

    def values(self, variable_values: VariableValues, *, hides_suggestions: bool) -> dict[str, Any]:
        """Arguments of the field's function by Python name; raises errors of graphql-core and Strawberry."""
        coerced = get_argument_values(self._field, self._node, variable_values, None, hides_suggestions)
        return {python_name: convert(coerced[name]) for name, python_name, convert in self._converts if name in coerced}


def _converts(
    converter: GraphQLCoreConverter, definition: StrawberryField, field: GraphQLField
) -> Sequence[tuple[str, str, Convert]]:
    """GraphQL name, Python name and conversion of each argument; cached per field, because all plans need the same."""
    known: tuple[StrawberryField, Sequence[tuple[str, str, Convert]]] | None = field.extensions.get(CONVERSIONS)
    if known is not None and known[0] is definition:
        return known[1]
    conversions = _Conversions(converter)
    name_of = converter.config.name_converter.from_argument
    made = [(name_of(each), each.python_name, conversions.of(each.type)) for each in definition.arguments]
    field.extensions[CONVERSIONS] = definition, made
    return made


def are_immutable(values: Mapping[str, Any]) -> bool:
    """Whether all values are immutable, so that several functions can share them."""
    return all(type(value) in _IMMUTABLE or isinstance(value, Enum) for value in values.values())


class _Conversions:
    """Functions equivalent to Strawberry's `convert_argument`, with all decisions about the type made in advance."""

    def __init__(self, converter: GraphQLCoreConverter) -> None:
        self.converter = converter
        self._objects: dict[Any, _ObjectConversion] = {}

    def of(self, type_: Any) -> Convert:
        if isinstance(type_, StrawberryMaybe):
            return self._maybe(type_)
        if isinstance(type_, StrawberryOptional):
            return self.of(type_.of_type)
        if isinstance(type_, StrawberryList):
            item = self.of(type_.of_type)
            # Copy the list even then, because a default value is the same object in each request.
            return _unless_empty(list if item is _unchanged else lambda items: [item(each) for each in items])
        if isinstance(type_, LazyType):
            return self.of(type_.resolve_type())
        if type_ is GlobalID:
            return self._as_strawberry_does(type_)
        if isinstance(type_, StrawberryEnumDefinition) or has_enum_definition(type_):
            return _unchanged
        if is_scalar(type_, self.converter.scalar_registry):
            return _unchanged
        if get_object_definition(type_) is not None:
            if type_ not in self._objects:
                self._objects[type_] = _ObjectConversion(type_, self)
            return _unless_empty(self._objects[type_])
        return self._as_strawberry_does(type_)

    def _maybe(self, type_: StrawberryMaybe) -> Convert:
        inner, complain = self.of(type_.of_type), self._as_strawberry_does(type_)
        takes_null = isinstance(type_.of_type, StrawberryOptional)
        return lambda value: complain(value) if value is None and not takes_null else Some(inner(value))

    def _as_strawberry_does(self, type_: Any) -> Convert:
        converter = self.converter
        return lambda value: convert_argument(value, type_, converter.scalar_registry, converter.config)


class _ObjectConversion:
    """Creates an input object from coerced values. Fields are looked up at first use, because types nest."""

    def __init__(self, type_: Any, conversions: _Conversions) -> None:
        self._type = type_
        self._conversions = conversions
        self._definition = type_.__strawberry_definition__

    @cached_property
    def _fields(self) -> list[tuple[str, str, Convert]]:
        name_of = self._conversions.converter.config.name_converter.from_field
        return [
            (
                name_of(field),
                field.python_name,
                self._conversions.of(field.resolve_type(type_definition=self._definition)),
            )
            for field in self._definition.fields
        ]

    @cached_property
    def _absent(self) -> dict[str, None]:
        """None for each field without a default."""
        if not self._definition.is_input:
            return {}
        return {
            field.python_name: None
            for field in self._definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        }

    def __call__(self, given: Mapping[str, Any]) -> Any:
        values: dict[str, Any] = dict(self._absent)
        for name, python_name, convert in self._fields:
            if name in given:
                values[python_name] = convert(given[name])
        return self._type(**values)


def _is_plain(value: ValueNode, type_: GraphQLInputType) -> bool:
    """Whether a literal has only enums and built-in scalars, which always parse to the same value."""
    bare: Any = get_nullable_type(type_)
    if isinstance(value, ListValueNode):
        return is_list_type(bare) and all(_is_plain(item, bare.of_type) for item in value.values)
    named = get_named_type(type_)
    if isinstance(value, ObjectValueNode):
        return is_input_object_type(named) and all(
            field.name.value in named.fields and _is_plain(field.value, named.fields[field.name.value].type)
            for field in value.fields
        )
    return not isinstance(value, VariableNode) and (is_specified_scalar_type(named) or is_enum_type(named))


def _unchanged(value: Any) -> Any:
    return value


def _unless_empty(convert: Convert) -> Convert:
    return lambda value: value if value is None or value is UNSET else convert(value)
