"""Comparators from which every entity's filter is built.

A field with its default value sets no condition. `eq` and `neq` default to UNSET because None is a value to compare
with; all other fields default to None.
"""

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from domain.shared.checks import is_storable
from domain.shared.errors import ErrorCode, InvalidInput
from domain.shared.ids import check_id
from domain.shared.unset import UNSET, Unset

T = TypeVar("T")
F = TypeVar("F")

Path = tuple[str, ...]

DEEPEST = 6  # filters in filters, the outermost included
MOST_CONDITIONS = 64
LONGEST_TEXT = 1_000  # characters of a compared text: matching a long pattern against many rows is expensive
_PREFIX = "domain.shared.filters.prefix"
_WITHOUT_CONDITIONS: dict[type[Any], Any] = {}  # by kind of filter


def without_conditions(kind: type[F]) -> F:
    """The filter of the kind that matches everything; always the same object, so that lists recognize it at once."""
    if kind not in _WITHOUT_CONDITIONS:
        _WITHOUT_CONDITIONS[kind] = kind()
    found: F = _WITHOUT_CONDITIONS[kind]
    return found


def has_conditions(filter: Any) -> bool:
    """Whether the filter has a condition, so that it may not match everything."""
    empty = without_conditions(type(filter))
    return filter is not empty and bool(filter != empty)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdComparator:
    eq: str | Unset | None = UNSET
    neq: str | Unset | None = UNSET
    in_: tuple[str, ...] | None = None
    not_in: tuple[str, ...] | None = None
    is_null: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumComparator(Generic[T]):
    eq: T | Unset | None = UNSET
    neq: T | Unset | None = UNSET
    in_: tuple[T, ...] | None = None
    not_in: tuple[T, ...] | None = None
    is_null: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextComparator:
    """`contains` and `starts_with` ignore case and take `%` and `_` literally."""

    eq: str | Unset | None = UNSET
    neq: str | Unset | None = UNSET
    in_: tuple[str, ...] | None = None
    not_in: tuple[str, ...] | None = None
    contains: str | None = None
    starts_with: str | None = None
    is_null: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierComparator:
    """Comparator for a key and a number such as ENG-12, which every compared object has; ignores case."""

    eq: str | Unset | None = UNSET
    neq: str | Unset | None = UNSET
    in_: tuple[str, ...] | None = None
    not_in: tuple[str, ...] | None = None
    starts_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderComparator(Generic[T]):
    """Comparator for ordered values: numbers, dates, times, ordered enums."""

    eq: T | Unset | None = UNSET
    neq: T | Unset | None = UNSET
    in_: tuple[T, ...] | None = None
    not_in: tuple[T, ...] | None = None
    lt: T | None = None
    lte: T | None = None
    gt: T | None = None
    gte: T | None = None
    is_null: bool | None = None


# Classes and not aliases, because Python 3.11 cannot call an alias of a frozen class with slots.
@dataclass(frozen=True, slots=True, kw_only=True)
class IntComparator(OrderComparator[int]):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class DateComparator(OrderComparator[date]):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTimeComparator(OrderComparator[datetime]):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ListComparator(Generic[T]):
    """`some` item matches, `every` item matches (also when there are none), `none` matches."""

    some: T | None = None
    every: T | None = None
    none: T | None = None


def ids_of(prefix: str) -> Any:
    """A field of a filter that compares ids of one kind."""
    return field(default=None, metadata={_PREFIX: prefix})


def operands_of(part: Any) -> dict[str, Any]:
    """The fields of a filter or comparator that set a condition, by name."""
    pairs = ((each.name, getattr(part, each.name), each.default) for each in fields(part))
    return {name: value for name, value, default in pairs if value is not default}


def is_blank(part: object) -> bool:
    """Whether a filter or comparator has no condition, however deep it is nested, and so matches everything."""
    if not is_dataclass(part):
        return False
    return all(_is_blank_field(name, value) for name, value in operands_of(part).items())


def check_filter(filter: object) -> None:
    """Raises InvalidInput for a filter that is nested too deeply, or has too many conditions, too long or unstorable
    text, or ids of another kind. An error in one value carries the path of that value."""
    if _conditions(filter, ("filter",), depth=1) > MOST_CONDITIONS:
        message = f"A filter can have at most {MOST_CONDITIONS} conditions."
        raise InvalidInput(message, path=("filter",), code=ErrorCode.LIMIT_EXCEEDED)


def _is_blank_field(name: str, value: object) -> bool:
    match name:
        case "and_":
            return isinstance(value, tuple) and all(map(is_blank, value))
        case "or_":
            return isinstance(value, tuple) and any(map(is_blank, value))
        case "not_" | "some" | "none":
            return False
    return is_blank(value)


def _conditions(part: object, path: Path, *, depth: int, prefix: str | None = None) -> int:
    """`prefix` is the kind of the compared ids; null for values other than ids."""
    if isinstance(part, tuple):
        found = (_conditions(item, (*path, str(place)), depth=depth) for place, item in enumerate(part))
        return sum(found) or 1
    if isinstance(part, IdComparator | EnumComparator | TextComparator | IdentifierComparator | OrderComparator):
        operands = operands_of(part)
        for name, operand in operands.items():
            _check_operand(operand, (*path, name), prefix)
        return len(operands) or 1
    if not is_dataclass(part):
        _check_operand(part, path, None)
        return 1
    if not isinstance(part, ListComparator):
        if depth > DEEPEST:
            message = f"A filter can be nested at most {DEEPEST} levels deep."
            raise InvalidInput(message, path=("filter",), code=ErrorCode.LIMIT_EXCEEDED)
        depth += 1
    kinds = {each.name: each.metadata.get(_PREFIX) for each in fields(part)}
    said = operands_of(part).items()
    return sum(_conditions(item, (*path, name), depth=depth, prefix=kinds[name]) for name, item in said) or 1


def _check_operand(operand: object, path: Path, prefix: str | None) -> None:
    if isinstance(operand, tuple):
        for place, item in enumerate(operand):
            _check_operand(item, (*path, str(place)), prefix)
    elif isinstance(operand, str):
        if prefix is not None:
            check_id(operand, prefix, path)
        elif not is_storable(operand):
            raise InvalidInput("A filter must not contain NUL or lone surrogates.", path=path)
        elif len(operand) > LONGEST_TEXT:
            message = f"A text in a filter can have at most {LONGEST_TEXT:,} characters."
            raise InvalidInput(message, path=path, code=ErrorCode.TOO_LONG)
