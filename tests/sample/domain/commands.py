from dataclasses import dataclass
from datetime import date

from domain.shared.many import BatchCommand
from domain.shared.sets import SetChange
from domain.shared.unset import UNSET, Changes, Unset
from tests.sample.domain.conditions import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfDraft:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfChanges(Changes):
    name: str | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorDraft:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDraft:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDraft:
    title: str
    description: str = ""
    condition: Condition | None = None
    pages: int | None = None
    published_on: date | None = None
    lent_on: date | None = None
    due_on: date | None = None
    author_id: str | None = None
    parent_id: str | None = None
    tag_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookBatchCreate(BatchCommand):
    """Books to put on a shelf."""

    shelf_id: str
    books: tuple[BookDraft, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookChanges(Changes):
    title: str | Unset = UNSET
    description: str | Unset = UNSET
    condition: Condition | Unset | None = UNSET
    pages: int | Unset | None = UNSET
    published_on: date | Unset | None = UNSET
    lent_on: date | Unset | None = UNSET
    due_on: date | Unset | None = UNSET
    author_id: str | Unset | None = UNSET
    parent_id: str | Unset | None = UNSET
    tags: SetChange | Unset = UNSET
