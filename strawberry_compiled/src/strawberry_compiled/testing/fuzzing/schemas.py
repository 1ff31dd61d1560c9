"""Strawberry schemas made from shapes. Values come from the data objects that resolvers are called on."""

import inspect
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import ModuleType
from typing import Annotated, Any, NewType, Optional, Union, cast
from uuid import UUID

import strawberry
from graphql import GraphQLSchema
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from strawberry_compiled import Column, RowType, batched, decides_by_class, related
from strawberry_compiled.testing.fuzzing.behavior import Answers, Mark, turns
from strawberry_compiled.testing.fuzzing.records import Reader
from strawberry_compiled.testing.fuzzing.resolvers import (
    PARENTS,
    Counted,
    MayLook,
    MayLookLater,
    argument_text,
    async_function,
    class_text,
    from_mapping,
    function_of,
    is_type_of_class,
    is_type_of_name,
    load_of,
    parameter,
    performing_class,
    plain_class,
    resolve_type,
    resolve_type_late,
    show_of,
    sign,
)
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
    SchemaShape,
    TypeRef,
)
from strawberry_compiled.testing.fuzzing.shaping import random_shape

KEPT = 2
"""Number of schemas that are kept for neighboring seeds."""

Money = NewType("Money", int)


def _write_money(value: Any) -> str | None:
    """Serializer that returns null for 13 and fails for 14."""
    if value == 14:
        raise ValueError("fourteen")
    return None if value == 13 else f"${value}"


SCALAR_TYPES: Mapping[str, Any] = {
    "String": str,
    "ID": strawberry.ID,
    "Int": int,
    "Float": float,
    "Boolean": bool,
    "DateTime": datetime,
    "Date": date,
    "Time": time,
    "UUID": UUID,
    "Decimal": Decimal,
    "JSON": JSON,
    "Money": Money,
}


COLUMN_TYPES: Mapping[str, type] = {
    "Int": int,
    "Float": float,
    "Boolean": bool,
    "DateTime": datetime,
    "Date": date,
    "Time": time,
    "UUID": UUID,
    "Decimal": Decimal,
    "JSON": dict,
    "Money": int,
}
"""Types of the values in records; those that are missing are strings."""


@dataclass(frozen=True)
class GeneratedSchema:
    """A schema, and the classes that values of its object types can have."""

    shape: SchemaShape
    strawberry: strawberry.Schema
    made: Mapping[str, type]
    """Strawberry's own classes by type name."""
    performing: Mapping[str, type]
    """Subclasses of Strawberry's classes whose attributes are properties with values from `answers`."""
    plain: Mapping[str, type]
    """Slotted classes that are independent of Strawberry."""
    performing_plain: Mapping[str, type]
    enums: Mapping[str, type[Enum]]
    row_types: Mapping[str, RowType]
    reader: Reader

    @property
    def core(self) -> GraphQLSchema:
        return self.strawberry._schema


class Shifting:
    """Objects of many types, each of which names its own type."""

    kind: str
    answers: Answers

    def __repr__(self) -> str:
        return f"<shifting {self.kind}>"


@lru_cache(maxsize=KEPT)
def generated_schema(seed: int) -> GeneratedSchema:
    return _Builder(random_shape(seed)).schema()


_modules: deque[str] = deque()


def _forget_modules(*, but: str) -> None:
    """Removes the modules of dropped schemas; lazy types of other schemas still need their modules."""
    _modules.append(but)
    while len(_modules) > KEPT:
        sys.modules.pop(_modules.popleft(), None)


def _enum_class(name: str, values: Sequence[Any]) -> type[Enum]:
    members = {str(value).upper() if type(value) is str else f"L{value}": value for value in values}
    return cast("type[Enum]", Enum(name, members))


class _Builder:
    def __init__(self, shape: SchemaShape) -> None:
        self._shape = shape
        # Types refer to each other by name, so they need a module, like those of a real schema.
        self._module = ModuleType(f"strawberry_compiled.generated_{shape.seed}")
        sys.modules[self._module.__name__] = self._module
        _forget_modules(but=self._module.__name__)
        self._enums = {name: strawberry.enum(_enum_class(name, values)) for name, values in shape.enums.items()}
        self._inputs: dict[str, type] = {}
        for name, arguments in shape.inputs.items():
            self._inputs[name] = self._input(name, arguments)
        self._loads = {each.name: load_of(each.name) for each in shape.objects}
        self._reader = Reader(
            {each.name: self._row_type(each) for each in shape.objects},
            {each.name: self._attribute_types(each) for each in shape.objects},
        )

    def schema(self) -> GeneratedSchema:
        shape = self._shape
        interfaces = {each.name: self._interface(each) for each in shape.interfaces}
        roots = (shape.query, shape.mutation)
        objects = {each.name: self._object(each, interfaces) for each in (*shape.objects, *roots)}
        vars(self._module).update(objects | interfaces | self._inputs)
        owners = {each.name: each for each in (*shape.objects, *roots)}
        attributes = {name: self._attributes(owner) for name, owner in owners.items()}
        schema = strawberry.Schema(
            query=objects["Query"],
            mutation=objects["Mutation"],
            subscription=self._subscription(shape.subscription),
            types=[objects[each.name] for each in shape.objects],
            config=StrawberryConfig(
                scalar_map={Money: strawberry.scalar(name="Money", serialize=_write_money, parse_value=int)},
                default_resolver=from_mapping if shape.own_default_resolver else getattr,
            ),
        )
        return GeneratedSchema(
            shape=shape,
            strawberry=schema,
            made=objects,
            performing={name: performing_class(objects[name], attributes[name]) for name in objects},
            plain={name: plain_class(name, attributes[name]) for name in objects},
            performing_plain={name: performing_class(plain_class(name, ()), attributes[name]) for name in objects},
            enums=self._enums,
            row_types={each.name: self._reader.row_types[each.name] for each in shape.objects if each.row is not None},
            reader=self._reader,
        )

    def _row_type(self, owner: ObjectShape) -> RowType:
        if owner.row is None:  # loads get a projection of other types, too, if functions show the entities
            return RowType({MARK: Column(Mark), "pick_text": Column(str), "pick_day": Column(date)})
        columns = {name: self._column(each) for name, each in owner.row.columns.items()}
        return RowType({MARK: Column(Mark), **columns}, owner.row.objects, owner.row.lists)

    def _column(self, shape: ColumnShape) -> Column:
        if shape.annotation not in self._enums:
            return Column(COLUMN_TYPES.get(shape.annotation, str), shape.nullable)
        values = {each.name if shape.stores_names else each.value: each for each in self._enums[shape.annotation]}
        return Column(type(next(iter(values))), shape.nullable, values)

    def _attribute_types(self, owner: ObjectShape) -> Mapping[str, str]:
        fields = self._shape.fields_of(owner).values()
        return {"pick_one": owner.name, "pick_many": owner.name} | {each.name: each.ref.named for each in fields}

    def _attributes(self, owner: ObjectShape) -> tuple[str, ...]:
        fields = self._shape.fields_of(owner).values()
        attributes = {each.name for each in fields if each.kind is Kind.ATTRIBUTE}
        keys = {each.key for each in fields if each.kind is Kind.RELATED}
        return (*sorted(attributes | keys), *PICKED)

    def _input(self, name: str, arguments: Sequence[ArgumentShape]) -> type:
        namespace: dict[str, Any] = {"__annotations__": {}, "__module__": self._module.__name__}
        for argument in sorted(arguments, key=lambda each: each.default is not ...):
            namespace["__annotations__"][argument.name] = self._argument_type(argument)
            if argument.default is not ...:
                namespace[argument.name] = argument.default
        return strawberry.input(type(name, (), namespace))

    def _argument_type(self, argument: ArgumentShape) -> Any:
        name = argument.annotation
        known: Any = SCALAR_TYPES.get(name) or self._enums.get(name)
        if known is None:
            known = self._lazy(name) if argument.is_list else self._inputs[name]
        if argument.is_list:
            known = list[known]
        if argument.is_maybe:
            return cast("Any", strawberry.Maybe)[known]
        return Optional[known] if argument.nullable else known  # noqa: UP045  `|` does not take every annotation

    def _output_type(self, ref: TypeRef) -> Any:
        known: Any
        if ref.item is not None:
            known = cast("Any", list)[self._output_type(ref.item)]
        elif ref.name in self._shape.unions:
            members = tuple(self._lazy(name) for name in self._shape.unions[ref.name])
            known = cast("Any", Annotated)[cast("Any", Union)[members], strawberry.union(ref.name)]
        else:
            known = SCALAR_TYPES.get(ref.name) or self._enums.get(ref.name) or self._lazy(ref.name)
        return Optional[known] if ref.nullable else known  # noqa: UP045

    def _lazy(self, name: str) -> Any:
        return cast("Any", Annotated)[name, strawberry.lazy(self._module.__name__)]

    def _interface(self, shape: InterfaceShape) -> type:
        namespace = self._namespace(shape.name, shape.fields)
        if shape.resolves_itself:
            namespace["resolve_type"] = classmethod(resolve_type_late if shape.resolves_late else resolve_type)
        return strawberry.interface(type(shape.name, (), namespace))

    def _object(self, shape: ObjectShape, interfaces: Mapping[str, type]) -> type:
        namespace = self._namespace(shape.name, shape.fields)
        namespace |= {"kind": shape.name, "__repr__": class_text}
        if shape.recognized is not Recognized.BY_STRAWBERRY:
            is_late = shape.recognized is Recognized.BY_ASYNC_IS_TYPE_OF
            decide = is_type_of_name(shape.name, is_late=is_late)
            if shape.recognized is Recognized.BY_CLASS:
                decide = decides_by_class(is_type_of_class(shape.name))
            namespace["is_type_of"] = classmethod(decide)
        return strawberry.type(type(shape.name, tuple(interfaces[each] for each in shape.interfaces), namespace))

    def _subscription(self, shape: ObjectShape) -> type:
        namespace: dict[str, Any] = {"__module__": self._module.__name__, "__annotations__": {}}
        for field in shape.fields:
            namespace[field.name] = strawberry.subscription(resolver=self._stream(field))
        return strawberry.type(type(shape.name, (), namespace))

    def _stream(self, field: FieldShape) -> Callable[..., Any]:
        async def stream(info: strawberry.Info, **arguments: Any) -> AsyncIterator[Any]:
            events = info.context.events[field.name]
            for event in await events.later(argument_text(arguments)):
                await turns(events.ticks)
                yield event.outcome(argument_text(arguments))

        info = parameter("info", strawberry.Info)
        returned = cast("Any", AsyncIterator)[self._output_type(field.ref)]
        sign(stream, field, [info, *self._arguments(field)], returned)
        return stream

    def _namespace(self, owner: str, fields: Sequence[FieldShape]) -> dict[str, Any]:
        namespace: dict[str, Any] = {"__annotations__": {}, "__module__": self._module.__name__}
        for field in fields:
            type_ = self._output_type(field.ref)
            match field.kind:
                case Kind.ATTRIBUTE:
                    namespace["__annotations__"][field.name] = type_
                    namespace[field.name] = strawberry.field(description="An attribute.")
                case Kind.BATCH:
                    namespace[field.name] = self._batch(owner, field, type_)
                case Kind.RELATED:
                    namespace[field.name] = related(
                        field.key,
                        self._loads[field.load],
                        graphql_type=type_,
                        description="A related entity.",
                        pick=field.pick or None,
                        show=show_of(field, self._reader, owner),
                        needs=field.needs or (),
                        needs_found=field.needs_found,
                    )
                case _:
                    namespace[field.name] = self._method(field, type_)
        return namespace

    def _arguments(self, field: FieldShape) -> list[inspect.Parameter]:
        return [
            inspect.Parameter(
                argument.name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=self._argument_type(argument),
                default=inspect.Parameter.empty if argument.default is ... else argument.default,
            )
            for argument in field.arguments
        ]

    def _method(self, field: FieldShape, type_: Any) -> Any:
        function = async_function(field) if field.kind is Kind.ASYNC_METHOD else function_of(field)
        parameters = [PARENTS[field.takes_parent]]
        if field.takes_info:
            parameters.append(parameter("info", strawberry.Info))
        sign(function, field, [*parameters, *self._arguments(field)], type_)
        permissions: Sequence[type[BasePermission]] = ()
        extensions: Sequence[FieldExtension] = ()
        match field.guard:
            case Guard.PERMISSION:
                permissions = [MayLook]
            case Guard.ASYNC_PERMISSION if field.kind is Kind.ASYNC_METHOD:
                permissions = [MayLookLater]
            case Guard.EXTENSION:
                extensions = [Counted()]
        return strawberry.field(
            resolver=function, graphql_type=type_, permission_classes=list(permissions), extensions=list(extensions)
        )

    def _batch(self, owner: str, field: FieldShape, type_: Any) -> Any:
        async def batch(parents: Sequence[Any], info: strawberry.Info, **arguments: Any) -> Any:
            text = argument_text(arguments)
            return await info.context.batch(owner, field, parents, info, text)

        parents = parameter("parents", Sequence[Any])
        sign(batch, field, [parents, parameter("info", strawberry.Info), *self._arguments(field)], Sequence[Any])
        field_of = batched(graphql_type=type_, description="A batch.", looks_ahead=field.looks_ahead, needs=field.needs)
        return field_of(batch)
