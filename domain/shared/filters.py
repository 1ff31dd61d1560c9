"""The comparators that every entity's filter is built of; fields that are None say nothing."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

T = TypeVar("T")


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


IntComparator = OrderComparator[int]
DateComparator = OrderComparator[date]
DateTimeComparator = OrderComparator[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListComparator(Generic[T]):
    """`some` item matches, `every` item matches (also when there are none), `none` matches."""

    some: T | None = None
    every: T | None = None
    none: T | None = None
