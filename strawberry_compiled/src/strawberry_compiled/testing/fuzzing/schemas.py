"""Strawberry schemas made from shapes. What their functions return is decided by the data that they are called on."""

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
from typing import Annotated, Any, NewType, Optional, Union
from uuid import UUID

import strawberry
from graphql import GraphQLSchema
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from strawberry_compiled import batched, decides_by_class, related
from strawberry_compiled.testing.fuzzing.behaviour import Answers, turns
from strawberry_compiled.testing.fuzzing.shapes import (
    ArgumentShape,
    FieldShape,
    Guard,
    InterfaceShape,
    Kind,
    ObjectShape,
    Recognised,
    SchemaShape,
    TypeRef,
    random_shape,
)

KEPT = 2
"""Schemas that are kept for neighbouring seeds."""

Money = NewType("Money", int)


def _write_money(value: Any) -> str | None:
    """Knows no thirteen, and cannot stand fourteen."""
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


@dataclass(frozen=True)
class GeneratedSchema:
    """A schema, and the classes that values of its object types can have."""

    shape: SchemaShape
    strawberry: strawberry.Schema
    made: Mapping[str, type]
    """Strawberry's own classes by type name."""
    performing: Mapping[str, type]
    """Their subclasses whose attributes are properties, which answer from `answers`."""
    plain: Mapping[str, type]
    """Slotted classes that know nothing of Strawberry."""
    performing_plain: Mapping[str, type]
    enums: Mapping[str, type[Enum]]

    @property
    def core(self) -> GraphQLSchema:
        return self.strawberry._schema


class Shifting:
    """Values of many types, each saying for itself of which."""

    kind: str
    answers: Answers

    def __repr__(self) -> str:
        return f"<shifting {self.kind}>"


@lru_cache(maxsize=KEPT)
def generated_schema(seed: int) -> GeneratedSchema:
    return _Builder(random_shape(seed)).schema()


_modules: deque[str] = deque()


def _forget_modules(*, but: str) -> None:
    """Lets go of the modules of schemas that are forgotten; lazy types of the others are still looked up in theirs."""
    _modules.append(but)
    while len(_modules) > KEPT:
        sys.modules.pop(_modules.popleft(), None)


class _Builder:
    def __init__(self, shape: SchemaShape) -> None:
        self._shape = shape
        # Types name each other, so they find each other in a module, as those of a real schema do.
        self._module = ModuleType(f"strawberry_compiled.generated_{shape.seed}")
        sys.modules[self._module.__name__] = self._module
        _forget_modules(but=self._module.__name__)
        self._enums = {
            name: strawberry.enum(
                Enum(name, {str(value).upper() if type(value) is str else f"L{value}": value for value in values})
            )
            for name, values in shape.enums.items()
        }
        self._inputs: dict[str, type] = {}
        for name, arguments in shape.inputs.items():
            self._inputs[name] = self._input(name, arguments)
        self._loads = {each.name: _load(each.name) for each in shape.objects}

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
                default_resolver=_from_mapping if shape.own_default_resolver else getattr,
            ),
        )
        return GeneratedSchema(
            shape=shape,
            strawberry=schema,
            made=objects,
            performing={name: _performing(objects[name], attributes[name]) for name in objects},
            plain={name: _plain(name, attributes[name]) for name in objects},
            performing_plain={name: _performing(_plain(name, ()), attributes[name]) for name in objects},
            enums=self._enums,
        )

    def _attributes(self, owner: ObjectShape) -> tuple[str, ...]:
        fields = self._shape.fields_of(owner).values()
        attributes = {each.name for each in fields if each.kind is Kind.ATTRIBUTE}
        keys = {each.key for each in fields if each.kind is Kind.RELATED}
        return (*sorted(attributes | keys), "pick_one", "pick_other")

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
            return strawberry.Maybe[known]
        return Optional[known] if argument.nullable else known  # noqa: UP045  `|` does not take every annotation

    def _output_type(self, ref: TypeRef) -> Any:
        known: Any
        if ref.item is not None:
            known = list[self._output_type(ref.item)]
        elif ref.name in self._shape.unions:
            members = tuple(self._lazy(name) for name in self._shape.unions[ref.name])
            known = Annotated[Union[members], strawberry.union(ref.name)]  # noqa: UP007
        else:
            known = SCALAR_TYPES.get(ref.name) or self._enums.get(ref.name) or self._lazy(ref.name)
        return Optional[known] if ref.nullable else known  # noqa: UP045

    def _lazy(self, name: str) -> Any:
        return Annotated[name, strawberry.lazy(self._module.__name__)]

    def _interface(self, shape: InterfaceShape) -> type:
        namespace = self._namespace(shape.fields)
        if shape.resolves_itself:
            namespace["resolve_type"] = classmethod(_resolve_late if shape.resolves_late else _resolve_type)
        return strawberry.interface(type(shape.name, (), namespace))

    def _object(self, shape: ObjectShape, interfaces: Mapping[str, type]) -> type:
        namespace = self._namespace(shape.fields)
        namespace |= {"kind": shape.name, "__repr__": _written}
        if shape.recognised is not Recognised.BY_STRAWBERRY:
            is_late = shape.recognised is Recognised.BY_ASYNC_IS_TYPE_OF
            decide = _is_type_of(shape.name, is_late=is_late)
            if shape.recognised is Recognised.BY_CLASS:
                decide = decides_by_class(_is_type_of_class(shape.name))
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
            for event in await events.later(_text(arguments)):
                await turns(events.ticks)
                yield event.outcome(_text(arguments))

        info = _parameter("info", strawberry.Info)
        returned = AsyncIterator[self._output_type(field.ref)]  # type: ignore[misc]
        _sign(stream, field, [info, *self._arguments(field)], returned)
        return stream

    def _namespace(self, fields: Sequence[FieldShape]) -> dict[str, Any]:
        namespace: dict[str, Any] = {"__annotations__": {}, "__module__": self._module.__name__}
        for field in fields:
            type_ = self._output_type(field.ref)
            match field.kind:
                case Kind.ATTRIBUTE:
                    namespace["__annotations__"][field.name] = type_
                    namespace[field.name] = strawberry.field(description="An attribute.")
                case Kind.BATCH:
                    namespace[field.name] = self._batch(field, type_)
                case Kind.RELATED:
                    namespace[field.name] = related(
                        field.key,
                        self._loads[field.load],
                        graphql_type=type_,
                        description="A related entity.",
                        pick=field.pick or None,
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
        function = _async_function(field) if field.kind is Kind.ASYNC_METHOD else _function(field)
        parameters = [_PARENTS[field.takes_parent]]
        if field.takes_info:
            parameters.append(_parameter("info", strawberry.Info))
        _sign(function, field, [*parameters, *self._arguments(field)], type_)
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

    def _batch(self, field: FieldShape, type_: Any) -> Any:
        async def batch(parents: Sequence[Any], info: strawberry.Info, **arguments: Any) -> Any:
            text = _text(arguments)
            return await info.context.batch(field, parents, info, text)

        parents = _parameter("parents", Sequence[Any])
        _sign(batch, field, [parents, _parameter("info", strawberry.Info), *self._arguments(field)], Sequence[Any])
        return batched(graphql_type=type_, description="A batch.", looks_ahead=field.looks_ahead)(batch)


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)


_PARENTS = {
    "self": _parameter("self", inspect.Parameter.empty),
    "root": _parameter("root", inspect.Parameter.empty),
    "parent": _parameter("parent", strawberry.Parent[Any]),
}


def _sign(function: Any, field: FieldShape, parameters: Sequence[inspect.Parameter], returned: Any) -> None:
    function.__name__ = field.name
    function.__signature__ = inspect.Signature(parameters, return_annotation=returned)
    function.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": returned}


def _text(arguments: Mapping[str, Any]) -> str:
    """The arguments as text: what a field without arguments has is empty."""
    return ", ".join(f"{name}={value!r}" for name, value in sorted(arguments.items()))


def _called(field: FieldShape, positional: Sequence[Any], named: dict[str, Any]) -> tuple[Answers, str]:
    """What the parent has to answer, and the arguments; notes the call."""
    parent = positional[0] if positional else named.pop(field.takes_parent)
    info = named.pop("info", None)
    answers: Answers = parent.answers
    text = _text(named)
    ledger = answers.ledger
    ledger.calls[answers.identity, field.name, text, None if info is None else _seen(info)] += 1
    if answers.identity == "Mutation":
        ledger.changes.append((field.name, text))
    return answers, text


def _seen(info: strawberry.Info) -> Any:
    """What a function can see in `info`."""
    return (
        tuple(info.path.as_list()),
        info.field_name,
        info.python_name,
        str(info._raw_info.return_type),
        info._raw_info.parent_type.name,
        len(info._raw_info.field_nodes),
        repr(info.variable_values),
        repr(info.selected_fields),
    )


def _function(field: FieldShape) -> Callable[..., Any]:
    def call(*positional: Any, **named: Any) -> Any:
        answers, text = _called(field, positional, named)
        return answers.by_field[field.name].now(answers.ledger, text)

    return call


def _async_function(field: FieldShape) -> Callable[..., Any]:
    async def call(*positional: Any, **named: Any) -> Any:
        answers, text = _called(field, positional, named)
        return await answers.by_field[field.name].later(text)

    return call


def _load(name: str) -> Any:
    async def load(info: strawberry.Info, keys: Sequence[Any]) -> Any:
        return await info.context.load(name, keys)

    return load


def _is_type_of(name: str, *, is_late: bool) -> Callable[..., Any]:
    def is_type_of(_cls: type, value: Any, _info: Any) -> bool:
        return bool(getattr(value, "kind", None) == name)

    async def is_type_of_late(_cls: type, value: Any, _info: Any) -> bool:
        await turns(1)
        return bool(getattr(value, "kind", None) == name)

    return is_type_of_late if is_late else is_type_of


def _is_type_of_class(name: str) -> Callable[..., Any]:
    def is_type_of(_cls: type, value: Any, _info: Any) -> bool:
        return bool(getattr(type(value), "kind", None) == name)

    return is_type_of


def _resolve_type(_cls: type, value: Any, _info: Any, _type: Any) -> Any:
    return getattr(value, "kind", None)


async def _resolve_late(_cls: type, value: Any, _info: Any, _type: Any) -> Any:
    await turns(1)
    return getattr(value, "kind", None)


def _from_mapping(source: Any, name: str) -> Any:
    return source[name] if isinstance(source, dict) else getattr(source, name)


def _property(name: str) -> property:
    def get(self: Any) -> Any:
        return self.answers.by_field[name].now(self.answers.ledger)

    return property(get, lambda self, value: None)


def _performing(base: type, attributes: Sequence[str]) -> type:
    return type(f"Performing{base.__name__}", (base,), {name: _property(name) for name in attributes})


def _written(value: Any) -> str:
    """Not by its address, which differs from run to run."""
    return f"<{type(value).__name__}>"


def _plain(name: str, attributes: Sequence[str]) -> type:
    return type(f"Plain{name}", (), {"__slots__": ("answers", *attributes), "kind": name, "__repr__": _written})


class MayLook(BasePermission):
    message = "You may not look."

    def has_permission(self, source: Any, info: strawberry.Info, **_arguments: Any) -> bool:
        return info.python_name not in source.answers.refused


class MayLookLater(BasePermission):
    message = "You may not look later either."

    async def has_permission(self, source: Any, info: strawberry.Info, **_arguments: Any) -> bool:
        await turns(1)
        return info.python_name not in source.answers.refused


class Counted(FieldExtension):
    """Notes that it was asked, and lets everything pass."""

    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any) -> Any:
        source.answers.ledger.calls["extension", tuple(info.path.as_list())] += 1
        return next_(source, info, **arguments)

    async def resolve_async(
        self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any
    ) -> Any:
        source.answers.ledger.calls["extension", tuple(info.path.as_list())] += 1
        return await next_(source, info, **arguments)
