"""Commands as JSON, for the jobs that execute them later.

The types of a command's fields decide how they are stored, so that what is read equals what was stored. A field with
its default is left out: fields that the caller did not send stay unsent, and a null that was sent stays a null.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from domain.shared.unset import Unset

C = TypeVar("C")
Json = Any


class UnreadableCommand(Exception):
    """A stored command that this version of the program does not know."""


def stored(command: Any) -> dict[str, Json]:
    """The command, a dataclass, as a JSON object; raises TypeError for a field of a type that cannot be stored."""
    kind: Any = type(command)
    return dict(_codec(kind).store(command))


def read_command(kind: Callable[..., C], found: Mapping[str, Json]) -> C:
    """The command of that type from its JSON object; raises UnreadableCommand."""
    command: C = _codec(kind).read(found)
    return command


@dataclass(frozen=True, slots=True)
class _Codec:
    store: Callable[[Any], Json]
    read: Callable[[Json], Any]


def _as_is(kind: type[Any]) -> _Codec:
    def read(found: Json) -> Any:
        # A boolean is no number here, although Python says so.
        if type(found) is not kind:
            raise UnreadableCommand(f"Expected a value of the type {kind.__name__}, found {found!r}.")
        return found

    return _Codec(lambda value: value, read)


def _as_text(kind: Any) -> _Codec:
    def read(found: Json) -> Any:
        try:
            return kind.fromisoformat(found)
        except (TypeError, ValueError) as error:
            raise UnreadableCommand(f"Expected a {kind.__name__}, found {found!r}.") from error

    return _Codec(lambda value: value.isoformat(), read)


def _by_name(kind: type[Enum]) -> _Codec:
    def read(found: Json) -> Any:
        if found not in kind.__members__:
            raise UnreadableCommand(f"{kind.__name__} has no member {found!r}.")
        return kind[found]

    return _Codec(lambda value: value.name, read)


def _items(item: Any) -> _Codec:
    codec = _codec(item)

    def read(found: Json) -> Any:
        if not isinstance(found, list):
            raise UnreadableCommand(f"Expected a list, found {found!r}.")
        return tuple(map(codec.read, found))

    return _Codec(lambda value: list(map(codec.store, value)), read)


def _fields_of(kind: Any) -> _Codec:
    """Codec of a dataclass, whose hints are resolved at its first use, because filters contain themselves."""
    name = getattr(kind, "__name__", str(kind))
    origin = get_origin(kind) or kind
    defaults = {each.name: each.default for each in fields(origin)}

    def store(value: Any) -> Json:
        sent = {each: getattr(value, each) for each, default in defaults.items() if getattr(value, each) is not default}
        codecs = _codecs_of_fields(kind)
        return {each: codecs[each].store(own) for each, own in sent.items()}

    def read(found: Json) -> Any:
        if not isinstance(found, Mapping):
            raise UnreadableCommand(f"Expected the fields of {name}, found {found!r}.")
        codecs = _codecs_of_fields(kind)
        if unknown := sorted(found.keys() - codecs.keys()):
            raise UnreadableCommand(f"{name} has no field {', '.join(map(repr, unknown))}.")
        try:
            return origin(**{each: codecs[each].read(value) for each, value in found.items()})
        except TypeError as error:
            raise UnreadableCommand(f"{name} has other fields than {sorted(found)}.") from error

    return _Codec(store, read)


def _one_of(kinds: tuple[Any, ...], *, is_nullable: bool) -> _Codec:
    """Codec of a union: a single type is stored as it is, one of several with the name of its type."""
    codecs = {kind: _codec(kind) for kind in kinds}
    by_name = {kind.__name__: codec for kind, codec in codecs.items()}
    only = next(iter(codecs.values())) if len(codecs) == 1 else None

    def store(value: Any) -> Json:
        if value is None:
            return None
        if only is not None:
            return only.store(value)
        return {type(value).__name__: codecs[type(value)].store(value)}

    def read(found: Json) -> Any:
        if found is None and is_nullable:
            return None
        if only is not None:
            return only.read(found)
        if not isinstance(found, Mapping) or len(found) != 1 or not found.keys() <= by_name.keys():
            raise UnreadableCommand(f"Expected one of {', '.join(by_name)}, found {found!r}.")
        [(name, value)] = found.items()
        return by_name[name].read(value)

    return _Codec(store, read)


_PLAIN: Mapping[type[Any], _Codec] = MappingProxyType(
    {
        **{kind: _as_is(kind) for kind in (str, int, bool)},
        **{kind: _as_text(kind) for kind in (date, datetime)},
    }
)


@cache
def _codec(kind: Any) -> _Codec:
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin = get_origin(kind)
    if origin in (UnionType, Union):
        # Unset is the default of its fields, so that it is never stored.
        kinds = tuple(each for each in get_args(kind) if each not in (NoneType, Unset))
        return _one_of(kinds, is_nullable=NoneType in get_args(kind))
    if origin is tuple and get_args(kind)[1:] == (...,):
        return _items(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _by_name(kind)
    if is_dataclass(origin or kind):
        return _fields_of(kind)
    raise TypeError(f"A value of the type {kind} cannot be stored.")


@cache
def _codecs_of_fields(kind: Any) -> Mapping[str, _Codec]:
    origin = get_origin(kind) or kind
    arguments = dict(_arguments(kind))
    hints = get_type_hints(origin)
    return {each.name: _codec(_resolved(hints[each.name], arguments)) for each in fields(origin)}


def _arguments(kind: Any) -> Iterator[tuple[Any, Any]]:
    """The types for which the type variables of a generic class, and of its bases, stand."""
    origin = get_origin(kind)
    if origin is not None:
        yield from zip(origin.__parameters__, get_args(kind), strict=True)
    for base in getattr(origin or kind, "__orig_bases__", ()):
        if get_origin(base) not in (None, Generic):
            yield from _arguments(base)


def _resolved(hint: Any, arguments: Mapping[Any, Any]) -> Any:
    parameters = getattr(hint, "__parameters__", ())
    if isinstance(hint, TypeVar):
        return arguments[hint]
    return hint[tuple(arguments[each] for each in parameters)] if parameters else hint
