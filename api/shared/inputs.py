"""From GraphQL inputs to the domain's commands and filters."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any, ClassVar, Generic, TypeVar

import strawberry
from strawberry import Maybe, Some

from domain.shared import filters
from domain.shared.sets import SetChange

T = TypeVar("T")


def to_domain(value: Any) -> Any:
    """The object that an input describes: sent fields only, lists as tuples."""
    if isinstance(value, Some):
        return to_domain(value.value)
    if isinstance(value, list):
        return tuple(to_domain(item) for item in value)
    described = getattr(type(value), "describes", None)
    if described is None:
        return value
    sent = ((field.name, getattr(value, field.name, None)) for field in fields(described))
    return described(**{name: to_domain(item) for name, item in sent if item is not None})


@strawberry.input(description="What every mutation takes.")
class MutationInput:
    client_mutation_id: str | None = strawberry.field(
        default=None, description="Comes back in the payload, for the client's own use."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="Makes a retry safe: the same request with the same key is carried out once within 24 hours.",
    )


@strawberry.input(description="Changes a collection: either `set`, its whole new content, or `add` and `remove`.")
class IdSetChange:
    describes: ClassVar[type] = SetChange

    set: list[strawberry.ID] | None = strawberry.field(default=None, description="The whole new content.")
    add: list[strawberry.ID] | None = strawberry.field(default=None, description="What to add.")
    remove: list[strawberry.ID] | None = strawberry.field(default=None, description="What to take out.")


WITHOUT_CONDITIONS = "Every condition that is sent must hold; without conditions, everything matches."
ALL_HOLD = "All of these filters match. An empty list matches everything."
ONE_HOLDS = "At least one of these filters matches. An empty list matches nothing."
DOES_NOT_HOLD = "This filter does not match."
_TERMS = f"{WITHOUT_CONDITIONS} Null has no effect, except in `eq` and `neq`."
_EQ = "Equal to this value. Null matches items without a value."
_NEQ = "Not equal to this value; items without a value match too. Null matches items with a value."
_IN = "Equal to one of these values. An empty list matches nothing."
_NOT_IN = "Equal to none of these values; items without a value match too. An empty list matches everything."
_LT, _LTE = "Less than this value.", "Less than or equal to this value."
_GT, _GTE = "Greater than this value.", "Greater than or equal to this value."
_IS_NULL = "True matches items without a value, false items with one."


@strawberry.input(description=f"Compares an ID. An ID of another kind is refused with `INVALID_ID`. {_TERMS}")
class IdComparator:
    describes: ClassVar[type] = filters.IdComparator

    eq: Maybe[strawberry.ID | None] = strawberry.field(description=_EQ)
    neq: Maybe[strawberry.ID | None] = strawberry.field(description=_NEQ)
    in_: list[strawberry.ID] | None = strawberry.field(default=None, name="in", description=_IN)
    not_in: list[strawberry.ID] | None = strawberry.field(default=None, description=_NOT_IN)
    is_null: bool | None = strawberry.field(default=None, description=_IS_NULL)


@strawberry.input(description=f"Compares texts in Unicode normal form C. {_TERMS}")
class StringComparator:
    describes: ClassVar[type] = filters.TextComparator

    eq: Maybe[str | None] = strawberry.field(description=_EQ)
    neq: Maybe[str | None] = strawberry.field(description=_NEQ)
    in_: list[str] | None = strawberry.field(default=None, name="in", description=_IN)
    not_in: list[str] | None = strawberry.field(default=None, description=_NOT_IN)
    contains: str | None = strawberry.field(default=None, description="Contains this text, in any letter case.")
    starts_with: str | None = strawberry.field(default=None, description="Begins with this text, in any letter case.")
    is_null: bool | None = strawberry.field(default=None, description=_IS_NULL)


@strawberry.input(description=f"Compares a value that has an order. {_TERMS}")
class OrderComparator(Generic[T]):
    describes: ClassVar[type] = filters.OrderComparator

    eq: Maybe[T | None] = strawberry.field(description=_EQ)
    neq: Maybe[T | None] = strawberry.field(description=_NEQ)
    in_: list[T] | None = strawberry.field(default=None, name="in", description=_IN)
    not_in: list[T] | None = strawberry.field(default=None, description=_NOT_IN)
    lt: T | None = strawberry.field(default=None, description=_LT)
    lte: T | None = strawberry.field(default=None, description=_LTE)
    gt: T | None = strawberry.field(default=None, description=_GT)
    gte: T | None = strawberry.field(default=None, description=_GTE)
    is_null: bool | None = strawberry.field(default=None, description=_IS_NULL)


@strawberry.input(description=f"Compares an integer. {_TERMS}")
class IntComparator(OrderComparator[int]):
    pass


@strawberry.input(description=f"Compares a date. {_TERMS}")
class DateComparator(OrderComparator[date]):
    pass


@strawberry.input(description=f"Compares a point in time. {_TERMS}")
class DateTimeComparator(OrderComparator[datetime]):
    pass


@strawberry.input(description=f"Compares a value of an enum. {_TERMS}")
class EnumComparator(Generic[T]):
    describes: ClassVar[type] = filters.EnumComparator

    eq: Maybe[T | None] = strawberry.field(description=_EQ)
    neq: Maybe[T | None] = strawberry.field(description=_NEQ)
    in_: list[T] | None = strawberry.field(default=None, name="in", description=_IN)
    not_in: list[T] | None = strawberry.field(default=None, description=_NOT_IN)
    is_null: bool | None = strawberry.field(default=None, description=_IS_NULL)


# Both enum comparators have one name, so that an enum that is given an order keeps the name of its comparator.
@strawberry.input(
    name="EnumComparator", description=f"Compares a value of an enum, in the order that the enum describes. {_TERMS}"
)
class OrderedEnumComparator(OrderComparator[T]):
    pass


@strawberry.input(description=f"Filters by the items of a list. {WITHOUT_CONDITIONS}")
class ListFilter(Generic[T]):
    describes: ClassVar[type] = filters.ListComparator

    some: T | None = strawberry.field(
        default=None, description="At least one item matches; an empty filter matches any item."
    )
    every: T | None = strawberry.field(default=None, description="All items match, or the list is empty.")
    none: T | None = strawberry.field(default=None, description="No item matches. An empty filter matches empty lists.")
