"""Conversion of GraphQL inputs to the domain's commands and filters."""

from datetime import date, datetime
from typing import Any, ClassVar, Generic, TypeVar

import strawberry
from strawberry import Maybe, Some

from api.shared.scalars import Revision
from domain.shared import filters
from domain.shared.entities import names_of
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
    sent = ((name, getattr(value, name, None)) for name in names_of(described))
    return described(**{name: to_domain(item) for name, item in sent if item is not None})


@strawberry.input(description="Common input of all mutations.")
class MutationInput:
    client_mutation_id: str | None = strawberry.field(
        default=None, description="Text for the client's own use, returned unchanged in the payload. Default: none."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="Key that makes retries safe: one line of at most 255 characters, chosen by the client. A "
        "request that is repeated with the key within 24 hours is executed only once, and the retry "
        "returns the first result. A different request with the key is rejected with "
        "`IDEMPOTENCY_MISMATCH`. Default: none.",
    )


@strawberry.input(description="Common input of all updates of objects in a workspace.")
class UpdateInput(MutationInput):
    expected_revision: Revision | None = strawberry.field(
        default=None,
        description="Revision of the workspace at which you read the object: `revision` of a payload or of the "
        "workspace, or `upTo` of its changes. The update is rejected with `CONFLICT` and changes nothing if a later "
        "revision changed a field that the update sends too, to another value. Other changes are merged, and so are "
        "`add` and `remove` of collections. Null or omitted: the update overwrites later changes.",
    )


@strawberry.input(description="A change of a collection of IDs: either `set`, or `add` and `remove`.")
class IdSetChange:
    describes: ClassVar[type] = SetChange

    set: list[strawberry.ID] | None = strawberry.field(
        default=None, description="IDs that replace the whole collection. Cannot be combined with `add` or `remove`."
    )
    add: list[strawberry.ID] | None = strawberry.field(default=None, description="IDs to add to the collection.")
    remove: list[strawberry.ID] | None = strawberry.field(
        default=None, description="IDs to remove from the collection."
    )


WITHOUT_CONDITIONS = "All given conditions must match. An empty filter matches everything."
ALL_HOLD = "Matches if all of the given filters match. An empty list matches everything."
ONE_HOLDS = "Matches if at least one of the given filters matches. An empty list matches nothing."
DOES_NOT_HOLD = "Matches if the given filter does not match."
_TERMS = (
    "All given conditions must match; an empty comparison matches everything. "
    "Null has no effect, except in `eq` and `neq`."
)
_EQ = "Matches values equal to the given value. Null matches items without a value."
_NEQ = "Matches values not equal to the given value, and items without a value. Null matches items with a value."
_IN = "Matches values equal to one of the given values. An empty list matches nothing."
_NOT_IN = (
    "Matches values that are not among the given values, and items without a value. An empty list matches everything."
)
_LT = "Matches values less than the given value."
_LTE = "Matches values less than or equal to the given value."
_GT = "Matches values greater than the given value."
_GTE = "Matches values greater than or equal to the given value."
_IS_NULL = "True matches items without a value, false items with one."


@strawberry.input(description=f"Comparison of an ID. An ID of another type is rejected with `INVALID_ID`. {_TERMS}")
class IdComparator:
    describes: ClassVar[type] = filters.IdComparator

    eq: Maybe[strawberry.ID | None] = strawberry.field(description=_EQ)
    neq: Maybe[strawberry.ID | None] = strawberry.field(description=_NEQ)
    in_: list[strawberry.ID] | None = strawberry.field(default=None, name="in", description=_IN)
    not_in: list[strawberry.ID] | None = strawberry.field(default=None, description=_NOT_IN)
    is_null: bool | None = strawberry.field(default=None, description=_IS_NULL)


@strawberry.input(
    description="Comparison of text in Unicode normal form C. Unless the filtered field says otherwise, only "
    f"`contains` and `startsWith` ignore letter case. {_TERMS}"
)
class StringComparator:
    describes: ClassVar[type] = filters.TextComparator

    eq: Maybe[str | None] = strawberry.field(description=_EQ)
    neq: Maybe[str | None] = strawberry.field(description=_NEQ)
    in_: list[str] | None = strawberry.field(default=None, name="in", description=_IN)
    not_in: list[str] | None = strawberry.field(default=None, description=_NOT_IN)
    contains: str | None = strawberry.field(
        default=None, description="Matches text that contains the given text, ignoring letter case."
    )
    starts_with: str | None = strawberry.field(
        default=None, description="Matches text that starts with the given text, ignoring letter case."
    )
    is_null: bool | None = strawberry.field(default=None, description=_IS_NULL)


@strawberry.input(
    description=f"Comparison of the identifiers of issues, such as `ENG-12`, ignoring letter case. {_TERMS}"
)
class IdentifierComparator:
    describes: ClassVar[type] = filters.IdentifierComparator

    eq: Maybe[str | None] = strawberry.field(
        description="Matches the issue with the identifier. Null matches nothing, as every issue has an identifier."
    )
    neq: Maybe[str | None] = strawberry.field(
        description="Matches issues with another identifier. Null matches every issue."
    )
    in_: list[str] | None = strawberry.field(default=None, name="in", description=_IN)
    not_in: list[str] | None = strawberry.field(default=None, description=_NOT_IN)
    starts_with: str | None = strawberry.field(
        default=None,
        description="Matches identifiers that start with the text: a part of the key (`EN`), the key (`ENG-`), or the "
        "key and the first digits of the number (`ENG-1`).",
    )


@strawberry.input(description=f"Comparison of an ordered value. {_TERMS}")
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


@strawberry.input(description=f"Comparison of an integer. {_TERMS}")
class IntComparator(OrderComparator[int]):
    pass


@strawberry.input(description=f"Comparison of a date. {_TERMS}")
class DateComparator(OrderComparator[date]):
    pass


@strawberry.input(description=f"Comparison of a point in time. {_TERMS}")
class DateTimeComparator(OrderComparator[datetime]):
    pass


@strawberry.input(description=f"Comparison of an enum value. {_TERMS}")
class EnumComparator(Generic[T]):
    describes: ClassVar[type] = filters.EnumComparator

    eq: Maybe[T | None] = strawberry.field(description=_EQ)
    neq: Maybe[T | None] = strawberry.field(description=_NEQ)
    in_: list[T] | None = strawberry.field(default=None, name="in", description=_IN)
    not_in: list[T] | None = strawberry.field(default=None, description=_NOT_IN)
    is_null: bool | None = strawberry.field(default=None, description=_IS_NULL)


# Ordered and unordered enums share the name of their comparator, so that adding an order does not rename it.
@strawberry.input(
    name="EnumComparator",
    description=f"Comparison of an enum value, in the order given in the description of the enum. {_TERMS}",
)
class OrderedEnumComparator(OrderComparator[T]):
    pass


@strawberry.input(description=f"Filter by the items of a list. {WITHOUT_CONDITIONS}")
class ListFilter(Generic[T]):
    describes: ClassVar[type] = filters.ListComparator

    some: T | None = strawberry.field(
        default=None,
        description="Matches if at least one item of the list matches the filter. "
        "An empty filter matches lists with at least one item.",
    )
    every: T | None = strawberry.field(
        default=None, description="Matches if all items of the list match the filter. Empty lists match as well."
    )
    none: T | None = strawberry.field(
        default=None,
        description="Matches if no item of the list matches the filter. An empty filter matches empty lists.",
    )
