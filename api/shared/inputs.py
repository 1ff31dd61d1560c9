"""From GraphQL inputs to the domain's commands and filters."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any, ClassVar, Generic, TypeVar

import strawberry
from strawberry import Some

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


@strawberry.input(description="Compares an id.")
class IdComparator:
    describes: ClassVar[type] = filters.IdComparator

    eq: strawberry.ID | None = strawberry.field(default=None, description="Is this id.")
    neq: strawberry.ID | None = strawberry.field(default=None, description="Is not this id.")
    in_: list[strawberry.ID] | None = strawberry.field(default=None, name="in", description="Is one of these.")
    not_in: list[strawberry.ID] | None = strawberry.field(default=None, description="Is none of these.")
    is_null: bool | None = strawberry.field(default=None, description="Whether there is none.")


@strawberry.input(description="Compares text.")
class StringComparator:
    describes: ClassVar[type] = filters.TextComparator

    eq: str | None = strawberry.field(default=None, description="Is exactly this.")
    neq: str | None = strawberry.field(default=None, description="Is not exactly this.")
    in_: list[str] | None = strawberry.field(default=None, name="in", description="Is one of these.")
    not_in: list[str] | None = strawberry.field(default=None, description="Is none of these.")
    contains: str | None = strawberry.field(default=None, description="Contains this, whatever the letter case.")
    starts_with: str | None = strawberry.field(default=None, description="Begins with this, whatever the letter case.")
    is_null: bool | None = strawberry.field(default=None, description="Whether there is none.")


@strawberry.input(description="Compares what can be less or greater.")
class OrderComparator(Generic[T]):
    describes: ClassVar[type] = filters.OrderComparator

    eq: T | None = strawberry.field(default=None, description="Is equal to this.")
    neq: T | None = strawberry.field(default=None, description="Is not equal to this.")
    in_: list[T] | None = strawberry.field(default=None, name="in", description="Is one of these.")
    not_in: list[T] | None = strawberry.field(default=None, description="Is none of these.")
    lt: T | None = strawberry.field(default=None, description="Is less than this.")
    lte: T | None = strawberry.field(default=None, description="Is at most this.")
    gt: T | None = strawberry.field(default=None, description="Is greater than this.")
    gte: T | None = strawberry.field(default=None, description="Is at least this.")
    is_null: bool | None = strawberry.field(default=None, description="Whether there is none.")


@strawberry.input(description="Compares a whole number.")
class IntComparator(OrderComparator[int]):
    pass


@strawberry.input(description="Compares a day.")
class DateComparator(OrderComparator[date]):
    pass


@strawberry.input(description="Compares a moment.")
class DateTimeComparator(OrderComparator[datetime]):
    pass


@strawberry.input(description="Compares one of a fixed set of values.")
class EnumComparator(Generic[T]):
    describes: ClassVar[type] = filters.EnumComparator

    eq: T | None = strawberry.field(default=None, description="Is this.")
    neq: T | None = strawberry.field(default=None, description="Is not this.")
    in_: list[T] | None = strawberry.field(default=None, name="in", description="Is one of these.")
    not_in: list[T] | None = strawberry.field(default=None, description="Is none of these.")


@strawberry.input(description="Looks into a list.")
class ListFilter(Generic[T]):
    describes: ClassVar[type] = filters.ListComparator

    some: T | None = strawberry.field(default=None, description="At least one item matches.")
    every: T | None = strawberry.field(default=None, description="All items match, also when there are none.")
    none: T | None = strawberry.field(default=None, description="No item matches.")
