"""Strawberry's internals that this package uses, and a check of them at start-up."""

import datetime as dt
import decimal
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    is_union_type,
)
from strawberry.permission import BasePermission, PermissionExtension
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema.types.base_scalars import DateDefinition, DateTimeDefinition, TimeDefinition
from strawberry.types.base import StrawberryContainer, StrawberryObjectDefinition, get_object_definition
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

from strawberry_compiled.compatibility import IncompatibleStrawberry

DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF
PLAIN_ARGUMENTS = "strawberry_compiled.plain_arguments"
"""Key in a field's extensions for the cached result of `_takes_plain_arguments`."""
INFO_FACTORY = "strawberry_compiled.info_factory"
"""Key in a field's extensions for its `InfoFactory`, which all plans share."""
INFO_OF_FIELD = ("field_name", "field_nodes", "return_type", "parent_type", "path")
"""The first items of graphql-core's `info`. The items after them are the same for all fields of an execution."""
_WRITE_DATES = tuple(each.serialize for each in (DateDefinition, DateTimeDefinition, TimeDefinition))
Predicate = TypeVar("Predicate", bound=Callable[..., Any])


def decides_by_class(is_type_of: Predicate) -> Predicate:
    """Promises that an `is_type_of` depends on the value's class only, so that it is called once per class."""
    is_type_of.decides_by_class = True  # type: ignore[attr-defined]  # our own mark
    return is_type_of


def definition_of(element: Any) -> Any:
    """Strawberry's definition of a type, field or schema of graphql-core; None if another library created it."""
    return (element.extensions or {}).get(DEFINITION)


def strawberry_field(field: GraphQLField) -> StrawberryField | None:
    """The field's definition if it resolves in Strawberry's own way."""
    definition = definition_of(field)
    if isinstance(definition, StrawberryField) and type(definition).get_result is StrawberryField.get_result:
        return definition
    return None


def is_attribute(field: GraphQLField, definition: StrawberryField) -> bool:
    """Whether the default resolver would find the field's value under its Python name."""
    return definition.is_basic_field and _resolver_name(field) == "_get_basic_result"


def is_bare_resolver(schema: GraphQLSchema, field: GraphQLField, definition: StrawberryField) -> bool:
    """Whether only the conversion of arguments is between graphql-core and the field's function."""
    converter = converter_of(schema)
    resolver = definition.base_resolver
    return (
        converter is not None
        and resolver is not None
        and _resolver_name(field) in ("_resolver", "_async_resolver")
        and callable(resolver.wrapped_func)
        and not definition.extensions
        and not definition.is_subscription
        and not converter._get_field_exception_handlers(definition)  # noqa: SLF001
        and _takes_plain_arguments(field, definition)
    )


def reason_for_stock(schema: GraphQLSchema, field: GraphQLField) -> str:
    """Short reason why graphql-core resolves a field that `is_bare_resolver` refuses."""
    definition, converter = strawberry_field(field), converter_of(schema)
    if definition is None or converter is None:
        return "the field is not resolved by Strawberry"
    permissions = [type(each).__name__ for extension in definition.extensions for each in _permissions(extension)]
    if permissions:
        return f"permission classes {', '.join(permissions)}"
    if definition.extensions:
        return f"field extensions {', '.join(type(each).__name__ for each in definition.extensions)}"
    if converter._get_field_exception_handlers(definition):  # noqa: SLF001
        return "exception handlers"
    if not _takes_plain_arguments(field, definition):
        return "an input type with from_input"
    return "its resolver was replaced, as by a tracer"


def _permissions(extension: Any) -> Sequence[BasePermission]:
    return extension.permissions if isinstance(extension, PermissionExtension) else ()


def hooked(middlewares: Iterable[Any]) -> str:
    """Names of schema extensions, or of graphql-core's middlewares, that are called for each field."""
    return ", ".join(sorted(getattr(each, "__name__", type(each).__name__) for each in middlewares))


def core_schema(schema: strawberry.Schema) -> GraphQLSchema:
    return schema._schema  # noqa: SLF001  Strawberry offers no other way to it


def _takes_plain_arguments(field: GraphQLField, definition: StrawberryField) -> bool:
    """Whether conversion alone makes all arguments; cached per field, because input types are large."""
    if PLAIN_ARGUMENTS not in field.extensions:
        seen: set[Any] = set()
        field.extensions[PLAIN_ARGUMENTS] = not any(_builds_itself(each.type, seen) for each in definition.arguments)
    return bool(field.extensions[PLAIN_ARGUMENTS])


def _resolver_name(field: GraphQLField) -> str:
    """Strawberry's name of the resolving function; empty if it is another one, such as a tracer's."""
    # functools.wraps copies the function's names, but not the names in its code object
    code = getattr(field.resolve, "__code__", None)
    maker, _, name = code.co_qualname.rpartition(".<locals>.") if code else ("", "", "")
    return name if maker == GraphQLCoreConverter.from_resolver.__qualname__ else ""


def converter_of(schema: GraphQLSchema) -> GraphQLCoreConverter | None:
    owner = definition_of(schema)
    return None if owner is None else cast("GraphQLCoreConverter", owner.schema_converter)


class InfoFactory:
    """Creates the `info` of a field's function."""

    def __init__(self, info_class: type[Any], definition: StrawberryField) -> None:
        self._info_class = info_class
        self._definition = definition

    def __call__(self, raw_info: Any) -> Any:
        return self._info_class(_raw_info=raw_info, _field=self._definition)

    def is_of(self, info_class: type[Any], definition: StrawberryField) -> bool:
        return self._info_class is info_class and self._definition is definition


def info_factory(schema: GraphQLSchema, field: GraphQLField, definition: StrawberryField) -> InfoFactory:
    """The factory of the field's `info`; cached per field, because all plans need the same."""
    converter = converter_of(schema)
    assert converter is not None
    info_class = converter.config.info_class
    known: InfoFactory | None = field.extensions.get(INFO_FACTORY)
    if known is None or not known.is_of(info_class, definition):
        known = field.extensions[INFO_FACTORY] = InfoFactory(info_class, definition)
    return known


def enum_names(enum_class: type[Any], coerce: Callable[[Any], Any]) -> Mapping[str, str]:
    """GraphQL names by Python names."""
    return {name: coerce(member) for name, member in enum_class.__members__.items() if member.name == name}


def writes_as_text(type_: GraphQLScalarType, python_type: type) -> bool:
    """Whether the scalar is one of Strawberry's own that writes each value of the type as text and never fails."""
    if type_.coerce_output_value in _WRITE_DATES:
        return issubclass(python_type, (dt.date, dt.time))  # a datetime is a date
    return type_.coerce_output_value is str and issubclass(python_type, (decimal.Decimal, uuid.UUID))


def may_be_cast(value: Any) -> bool:
    """Whether `strawberry.cast`, or a `__typename` of its own, can decide the type of this very value."""
    attributes = getattr(value, "__dict__", None)
    if attributes is None:
        return hasattr(value, TYPE_CAST_ATTRIBUTE)
    return any(name == TYPE_CAST_ATTRIBUTE or name.endswith("__typename") for name in attributes)


def accepts_by_class(type_: GraphQLObjectType) -> bool:
    """Whether either all or no values of a class are of this type, unless they are cast."""
    predicate = type_.is_type_of
    if predicate is None or getattr(predicate, "decides_by_class", False):
        return True
    definition = definition_of(type_)
    return (
        isinstance(definition, StrawberryObjectDefinition)
        and definition.is_type_of is None
        and definition.concrete_of is None
    )


def resolves_by_class(schema: GraphQLSchema, type_: GraphQLInterfaceType | GraphQLUnionType) -> bool:
    """Whether all values of a class have the same object type, unless they are cast."""
    definition = definition_of(type_)
    if is_union_type(type_):
        is_default = "_resolve_union_type" in getattr(type_.resolve_type, "__qualname__", "")
    else:
        is_default = isinstance(definition, StrawberryObjectDefinition) and definition.resolve_type is None
    possible = schema.get_possible_types(type_)
    return is_default and all(accepts_by_class(each) and not _is_generic(each) for each in possible)


def _is_generic(type_: GraphQLObjectType) -> bool:
    definition = definition_of(type_)
    return isinstance(definition, StrawberryObjectDefinition) and definition.concrete_of is not None


def _builds_itself(type_: Any, seen: set[Any]) -> bool:
    """Whether an argument's type, or a type inside it, creates its values with `from_input` from `info` and path.

    Types are `seen` once: after the first such type the search ends.
    """
    if isinstance(type_, LazyType):
        return _builds_itself(type_.resolve_type(), seen)
    if isinstance(type_, StrawberryContainer):
        return _builds_itself(type_.of_type, seen)
    definition = get_object_definition(type_)
    if definition is None or type_ in seen:
        return False
    if definition.from_input is not None:
        return True
    seen.add(type_)
    return any(_builds_itself(field.resolve_type(type_definition=definition), seen) for field in definition.fields)


@cache
def check_strawberry() -> None:
    """Raises IncompatibleStrawberry unless the installed version has the expected internals. Further calls are free."""

    @strawberry.type
    class Query:
        attribute: int

        @strawberry.field
        def method(self, info: strawberry.Info, count: int = 1) -> int:
            return count

    built = core_schema(strawberry.Schema(query=Query))
    fields = built.query_type.fields if built.query_type else {}
    try:
        attribute, method = strawberry_field(fields["attribute"]), strawberry_field(fields["method"])
        assert attribute is not None, "a field's definition is not among its extensions"
        assert method is not None, "a field's definition is not among its extensions"
        assert is_attribute(fields["attribute"], attribute), "plain attributes are not resolved by _get_basic_result"
        assert not is_attribute(fields["method"], method), "methods are resolved by _get_basic_result"
        assert attribute.default_resolver is getattr, "the default resolver is not getattr"
        assert is_bare_resolver(built, fields["method"], method), "a method has something around its function"
        assert method.base_resolver is not None
        assert method.base_resolver.self_parameter is not None, "the parameter `self` is not known"
        assert method.base_resolver.info_parameter is not None, "the parameter `info` is not known"
        info_factory(built, fields["method"], method)(None)
        assert GraphQLResolveInfo._fields[: len(INFO_OF_FIELD)] == INFO_OF_FIELD, "`info` begins with other items"
    except (AssertionError, AttributeError, KeyError, TypeError) as error:
        raise IncompatibleStrawberry(
            f"Compiled execution does not know this version of Strawberry: {error}. "
            "Switch it off, or install a supported version."
        ) from error
