"""Resolvers, permissions and value classes of generated schemas."""

import inspect
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission

from strawberry_compiled.testing.fuzzing.behavior import Answers, answers_of, turns
from strawberry_compiled.testing.fuzzing.records import Reader
from strawberry_compiled.testing.fuzzing.shapes import MARK, FieldShape


def parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)


PARENTS = {
    "self": parameter("self", inspect.Parameter.empty),
    "root": parameter("root", inspect.Parameter.empty),
    "parent": parameter("parent", cast("Any", strawberry.Parent)[Any]),
}


def sign(function: Any, field: FieldShape, parameters: Sequence[inspect.Parameter], returned: Any) -> None:
    function.__name__ = field.name
    function.__signature__ = inspect.Signature(parameters, return_annotation=returned)
    function.__annotations__ = {each.name: each.annotation for each in parameters} | {"return": returned}


def argument_text(arguments: Mapping[str, Any]) -> str:
    """Arguments as text; empty for a field without arguments."""
    return ", ".join(f"{name}={value!r}" for name, value in sorted(arguments.items()))


def _called(field: FieldShape, positional: Sequence[Any], named: dict[str, Any]) -> tuple[Answers, str]:
    """Answers of the parent, and the arguments as text; records the call."""
    parent = positional[0] if positional else named.pop(field.takes_parent)
    info = named.pop("info", None)
    answers: Answers = parent.answers
    text = argument_text(named)
    ledger = answers.ledger
    ledger.calls[answers.identity, field.name, text, None if info is None else _seen(info)] += 1
    if answers.identity == "Mutation":
        ledger.changes.append((field.name, text))
    return answers, text


def _seen(info: strawberry.Info) -> Any:
    """Attributes of `info` that a function can see."""
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


def function_of(field: FieldShape) -> Callable[..., Any]:
    def call(*positional: Any, **named: Any) -> Any:
        answers, text = _called(field, positional, named)
        return answers.by_field[field.name].now(answers.ledger, text)

    return call


def async_function(field: FieldShape) -> Callable[..., Any]:
    async def call(*positional: Any, **named: Any) -> Any:
        answers, text = _called(field, positional, named)
        return await answers.by_field[field.name].later(text)

    return call


def load_of(name: str) -> Any:
    async def load(info: strawberry.Info, keys: Sequence[Any]) -> Any:
        return await info.context.load(name, info, keys)

    return load


def show_of(field: FieldShape, reader: Reader, owner: str) -> Callable[[Any, Any], Any] | None:
    """A function that shows a text or an object, which depend on the parent and the entity."""
    if not field.shows:
        return None
    needs, needs_found = field.needs or (), field.needs_found or ()
    if field.needs is None and field.needs_found is None:
        needs = needs_found = (MARK,)

    def show(root: Any, entity: Any) -> Any:
        text = f"{reader.needed_text(owner, root, needs)} {reader.needed_text(field.load, entity, needs_found)}"
        has_faults = answers_of(entity).ledger.has_faults
        draw = zlib.crc32(text.encode()) % 20
        if draw == 0 and (has_faults or field.ref.nullable):
            return None
        if draw in (1, 2) and has_faults:
            raise (ValueError(text) if draw == 1 else StopIteration(text))
        return text if field.ref.name == "String" else answers_of(entity).shown

    return show


def is_type_of_name(name: str, *, is_late: bool) -> Callable[..., Any]:
    def is_type_of(_cls: type, value: Any, _info: Any) -> bool:
        return bool(getattr(value, "kind", None) == name)

    async def is_type_of_late(_cls: type, value: Any, _info: Any) -> bool:
        await turns(1)
        return bool(getattr(value, "kind", None) == name)

    return is_type_of_late if is_late else is_type_of


def is_type_of_class(name: str) -> Callable[..., Any]:
    def is_type_of(_cls: type, value: Any, _info: Any) -> bool:
        return bool(getattr(type(value), "kind", None) == name)

    return is_type_of


def resolve_type(_cls: type, value: Any, _info: Any, _type: Any) -> Any:
    return getattr(value, "kind", None)


async def resolve_type_late(_cls: type, value: Any, _info: Any, _type: Any) -> Any:
    await turns(1)
    return getattr(value, "kind", None)


def from_mapping(source: Any, name: str) -> Any:
    return source[name] if isinstance(source, dict) else getattr(source, name)


def _property(name: str) -> property:
    def get(self: Any) -> Any:
        return self.answers.by_field[name].now(self.answers.ledger)

    return property(get, lambda self, value: None)


def performing_class(base: type, attributes: Sequence[str]) -> type:
    return type(f"Performing{base.__name__}", (base,), {name: _property(name) for name in attributes})


def class_text(value: Any) -> str:
    """Text of a value without its address, which differs from run to run."""
    return f"<{type(value).__name__}>"


def plain_class(name: str, attributes: Sequence[str]) -> type:
    return type(f"Plain{name}", (), {"__slots__": ("answers", MARK, *attributes), "kind": name, "__repr__": class_text})


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
    """Permission that records its call and always allows access."""

    def resolve(self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any) -> Any:
        source.answers.ledger.calls["extension", tuple(info.path.as_list())] += 1
        return next_(source, info, **arguments)

    async def resolve_async(
        self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any
    ) -> Any:
        source.answers.ledger.calls["extension", tuple(info.path.as_list())] += 1
        return await next_(source, info, **arguments)
