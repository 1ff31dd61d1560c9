from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.shared.filters import (
    DateComparator,
    DateTimeComparator,
    IdComparator,
    IntComparator,
    ListComparator,
    OrderComparator,
    TextComparator,
    ids_of,
)
from domain.shared.pages import Direction, Sort
from tests.sample.domain.conditions import Condition
from tests.sample.domain.model import Author, Book, Shelf, Tag


class ShelfOrder(StrEnum):
    NAME = "name"
    CREATED_AT = "created_at"


class NamedOrder(StrEnum):
    """Orders of authors and tags."""

    NAME = "name"


class BookOrder(StrEnum):
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    TITLE = "title"
    CONDITION = "condition"
    PAGES = "pages"
    DUE_ON = "due_on"


_ALWAYS = ((BookOrder.CREATED_AT,), (BookOrder.UPDATED_AT,), (BookOrder.CONDITION,), (BookOrder.DUE_ON,))
INDEXED_ORDERS: Mapping[str, tuple[tuple[BookOrder, ...], ...]] = MappingProxyType(
    {
        "workspace_id": _ALWAYS,
        "shelf_id": (*_ALWAYS, (BookOrder.TITLE,)),
        "author_id": ((BookOrder.CREATED_AT,),),
        "parent_id": ((BookOrder.CREATED_AT,),),
    }
)
"""Orders that have an index, by the field of the list's parent. Each is completed by `CREATED_AT`."""
COVERED_LISTS = frozenset({"author_id", "parent_id"})
"""Parents of lists whose index also has the other sort keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfFilter:
    and_: "tuple[ShelfFilter, ...] | None" = None
    or_: "tuple[ShelfFilter, ...] | None" = None
    not_: "ShelfFilter | None" = None
    id: IdComparator | None = ids_of(Shelf.prefix)
    name: TextComparator | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorFilter:
    and_: "tuple[AuthorFilter, ...] | None" = None
    or_: "tuple[AuthorFilter, ...] | None" = None
    not_: "AuthorFilter | None" = None
    id: IdComparator | None = ids_of(Author.prefix)
    name: TextComparator | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TagFilter:
    and_: "tuple[TagFilter, ...] | None" = None
    or_: "tuple[TagFilter, ...] | None" = None
    not_: "TagFilter | None" = None
    id: IdComparator | None = ids_of(Tag.prefix)
    name: TextComparator | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFilter:
    and_: "tuple[BookFilter, ...] | None" = None
    or_: "tuple[BookFilter, ...] | None" = None
    not_: "BookFilter | None" = None
    id: IdComparator | None = ids_of(Book.prefix)
    title: TextComparator | None = None
    condition: OrderComparator[Condition] | None = None
    shelf: ShelfFilter | None = None
    author: AuthorFilter | None = None
    author_id: IdComparator | None = ids_of(Author.prefix)
    parent_id: IdComparator | None = ids_of(Book.prefix)
    tags: ListComparator[TagFilter] | None = None
    pages: IntComparator | None = None
    published_on: DateComparator | None = None
    lent_on: DateComparator | None = None
    due_on: DateComparator | None = None
    archived_at: DateTimeComparator | None = None
    created_at: DateTimeComparator | None = None
    updated_at: DateTimeComparator | None = None


SHELF_ORDER = (Sort(by=ShelfOrder.NAME),)
NAMED_ORDER = (Sort(by=NamedOrder.NAME),)
BOOK_ORDER = (Sort(by=BookOrder.CREATED_AT, direction=Direction.DESC),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfQuery:
    filter: ShelfFilter = ShelfFilter()
    sort: tuple[Sort[ShelfOrder], ...] = SHELF_ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorQuery:
    filter: AuthorFilter = AuthorFilter()
    sort: tuple[Sort[NamedOrder], ...] = NAMED_ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class TagQuery:
    filter: TagFilter = TagFilter()
    sort: tuple[Sort[NamedOrder], ...] = NAMED_ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class BookQuery:
    """Filter and order of a list of books, without archived ones by default."""

    filter: BookFilter = BookFilter()
    sort: tuple[Sort[BookOrder], ...] = BOOK_ORDER
    includes_archived: bool = False
