"""The comparators that every entity's filter is built of; fields that are None say nothing."""

from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from domain.shared.checks import is_storable
from domain.shared.errors import ErrorCode, InvalidInput

T = TypeVar("T")

DEEPEST = 6  # filters in filters, the outermost included
MOST_CONDITIONS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class IdComparator:
    eq: str | None = None
    neq: str | None = None
    in_: tuple[str, ...] | None = None
    not_in: tuple[str, ...] | None = None
    is_null: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumComparator(Generic[T]):
    eq: T | None = None
    neq: T | None = None
    in_: tuple[T, ...] | None = None
    not_in: tuple[T, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextComparator:
    """`contains` and `starts_with` ignore case and take `%` and `_` literally."""

    eq: str | None = None
    neq: str | None = None
    in_: tuple[str, ...] | None = None
    not_in: tuple[str, ...] | None = None
    contains: str | None = None
    starts_with: str | None = None
    is_null: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderComparator(Generic[T]):
    """For whatever can be less or greater: numbers, dates, times."""

    eq: T | None = None
    neq: T | None = None
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


def check_filter(filter: object) -> None:
    """Raises InvalidInput for a filter that is nested too deeply, has too many conditions, or unstorable text."""
    if _conditions(filter, depth=1) > MOST_CONDITIONS:
        message = f"A filter must have at most {MOST_CONDITIONS} conditions."
        raise InvalidInput(message, path=("filter",), code=ErrorCode.LIMIT_EXCEEDED)


def _conditions(part: object, *, depth: int) -> int:
    if isinstance(part, tuple):
        return sum(_conditions(item, depth=depth) for item in part) or 1
    if isinstance(part, IdComparator | EnumComparator | TextComparator | OrderComparator):
        operands = _said(part)
        for operand in operands:
            _check_texts(operand if isinstance(operand, tuple) else (operand,))
        return len(operands) or 1
    if isinstance(part, ListComparator):
        return sum(_conditions(item, depth=depth) for item in _said(part)) or 1
    if is_dataclass(part):
        if depth > DEEPEST:
            message = f"A filter must be nested at most {DEEPEST} deep."
            raise InvalidInput(message, path=("filter",), code=ErrorCode.LIMIT_EXCEEDED)
        return sum(_conditions(item, depth=depth + 1) for item in _said(part)) or 1
    _check_texts((part,))
    return 1


def _said(part: Any) -> list[object]:
    values = (getattr(part, field.name) for field in fields(part))
    return [value for value in values if value is not None]


def _check_texts(operands: tuple[object, ...]) -> None:
    if any(isinstance(operand, str) and not is_storable(operand) for operand in operands):
        raise InvalidInput("A filter must not contain NUL or lone surrogates.", path=("filter",))
