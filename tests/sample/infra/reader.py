from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT, DEFAULT_NESTED, Page, PageRequest
from domain.shared.projections import Projection
from domain.workspaces.model import Workspace
from infra.db.entities import builder_of, columns_of
from infra.db.list_sizes import SizedList
from infra.db.parents import Identified, ids_by_workspace, ids_of, lists_by_workspace
from infra.db.projected import NamedColumns
from infra.db.read import ReadSession
from infra.db.reader import EntityList, EntityTable, among_ids
from infra.db.visibility import GuestRule, in_workspace
from tests.sample.domain.conditions import Availability
from tests.sample.domain.model import Author, Book, Shelf, Tag
from tests.sample.domain.queries import (
    COVERED_LISTS,
    INDEXED_ORDERS,
    AuthorQuery,
    BookOrder,
    BookQuery,
    NamedOrder,
    ShelfOrder,
    ShelfQuery,
    TagQuery,
)
from tests.sample.infra.filters import AUTHOR_FILTERS, BOOK_FILTERS, SHELF_FILTERS, TAG_FILTERS
from tests.sample.infra.tables import AuthorRow, BookRow, BookTagRow, ShelfRow, TagRow, has_availability

_SHELVES = EntityTable(
    ShelfRow,
    Shelf,
    orders=ShelfOrder,
    columns={ShelfOrder.NAME: ShelfRow.name, ShelfOrder.CREATED_AT: ShelfRow.created_at},
    filters=SHELF_FILTERS,
    visible_by=ShelfRow.workspace_id,
    guests=GuestRule.of_areas(ShelfRow.workspace_id, ShelfRow.id),
)
_SHELVES_OF = _SHELVES.children_of(ShelfRow.workspace_id, name="shelves", default=DEFAULT)
_AUTHORS = EntityTable(
    AuthorRow,
    Author,
    orders=NamedOrder,
    columns={NamedOrder.NAME: AuthorRow.name},
    filters=AUTHOR_FILTERS,
    visible_by=AuthorRow.workspace_id,
)
_AUTHORS_OF = _AUTHORS.children_of(AuthorRow.workspace_id, name="authors", default=DEFAULT)
_TAGS = EntityTable(
    TagRow,
    Tag,
    orders=NamedOrder,
    columns={NamedOrder.NAME: TagRow.name},
    filters=TAG_FILTERS,
    visible_by=TagRow.workspace_id,
)
_TAGS_OF = _TAGS.children_of(TagRow.workspace_id, name="tags", default=DEFAULT)
_BOOKS = EntityTable(
    BookRow,
    Book,
    orders=BookOrder,
    columns={order: getattr(BookRow, order.value) for order in BookOrder},
    filters=BOOK_FILTERS,
    visible_by=BookRow.workspace_id,
    guests=GuestRule.of_areas(BookRow.workspace_id, BookRow.shelf_id),
    completed_by=BookOrder.CREATED_AT,
    indexed=INDEXED_ORDERS,
    covered=COVERED_LISTS,
    narrowing=("created_at", "updated_at", "due_on", "tags", "author_id", "parent_id", "id"),
)
_TAGS_OF_BOOKS = (
    select(BookTagRow.book_id, *columns_of(TagRow, Tag))
    .join(TagRow, in_workspace(TagRow.workspace_id) & (TagRow.id == BookTagRow.tag_id))
    .where(in_workspace(BookTagRow.workspace_id), among_ids(BookTagRow.book_id))
    .order_by(BookTagRow.book_id, TagRow.name, TagRow.id)
)
_TAG_COLUMNS = NamedColumns.of(TagRow, Tag)
_build_tag = builder_of(Tag, start=1)


class _Lists(NamedTuple):
    """Lists of books under one kind of parent."""

    on_shelf: EntityList[Book, BookOrder]
    with_archived: EntityList[Book, BookOrder]

    def of(self, query: BookQuery) -> EntityList[Book, BookOrder]:
        return self.with_archived if query.includes_archived else self.on_shelf


def _lists(
    parent: InstrumentedAttribute[Any], *, default: int = DEFAULT_NESTED, is_whole_for_guests: bool = True
) -> _Lists:
    def listed(name: str, *parts: Availability) -> EntityList[Book, BookOrder]:
        branches = tuple(has_availability(each) for each in parts)
        return _BOOKS.children_of(
            parent,
            or_(*branches),
            name=f"{name} by {parent.key}",
            default=default,
            branches=branches,
            sized=SizedList(parts, is_whole_for_guests=is_whole_for_guests),
        )

    return _Lists(
        on_shelf=listed("books", Availability.ON_SHELF),
        with_archived=listed("books, archived too,", Availability.ON_SHELF, Availability.ARCHIVED),
    )


_OF_WORKSPACES = _lists(BookRow.workspace_id, default=DEFAULT)
_OF_SHELVES = _lists(BookRow.shelf_id)
# Guests see those books of an author that stand on their shelves.
_OF_AUTHORS = _lists(BookRow.author_id, is_whole_for_guests=False)
_VOLUMES = _lists(BookRow.parent_id)


class SqlShelfReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Shelf]:
        return await _SHELVES.by_ids(self._reads, actor, ids, projection)

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: ShelfQuery, request: PageRequest
    ) -> Sequence[Page[Shelf]]:
        return await _SHELVES_OF.pages(
            self._reads, actor, workspaces, filter=query.filter, sort=query.sort, request=request
        )


class SqlAuthorReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Author]:
        return await _AUTHORS.by_ids(self._reads, actor, ids, projection)

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: AuthorQuery, request: PageRequest
    ) -> Sequence[Page[Author]]:
        return await _AUTHORS_OF.pages(
            self._reads, actor, workspaces, filter=query.filter, sort=query.sort, request=request
        )


class SqlTagReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Tag]:
        return await _TAGS.by_ids(self._reads, actor, ids, projection)

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: TagQuery, request: PageRequest
    ) -> Sequence[Page[Tag]]:
        return await _TAGS_OF.pages(
            self._reads, actor, workspaces, filter=query.filter, sort=query.sort, request=request
        )


class SqlBookReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Book]:
        return await _BOOKS.by_ids(self._reads, actor, ids, projection)

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: BookQuery, request: PageRequest
    ) -> Sequence[Page[Book]]:
        return await self._pages(_OF_WORKSPACES, actor, workspaces, query, request)

    async def of_shelves(
        self, actor: Actor, shelves: Sequence[Shelf], query: BookQuery, request: PageRequest
    ) -> Sequence[Page[Book]]:
        return await self._pages(_OF_SHELVES, actor, shelves, query, request)

    async def of_authors(
        self, actor: Actor, authors: Sequence[Author], query: BookQuery, request: PageRequest
    ) -> Sequence[Page[Book]]:
        return await self._pages(_OF_AUTHORS, actor, authors, query, request)

    async def volumes_of_books(
        self, actor: Actor, books: Sequence[Book], query: BookQuery, request: PageRequest
    ) -> Sequence[Page[Book]]:
        return await self._pages(_VOLUMES, actor, books, query, request)

    async def tags_of_books(
        self, actor: Actor, books: Sequence[Book], projection: Projection = None
    ) -> Sequence[Sequence[Tag]]:
        if projection is not None:
            of = BookTagRow.book_id
            return await lists_by_workspace(self._reads, books, _TAGS_OF_BOOKS, _TAG_COLUMNS, projection, parent=of)
        found: dict[str, list[Tag]] = {book.id: [] for book in books}
        for workspace_id, ids in ids_by_workspace(books, ids_of(books)).items():
            for row in await self._reads.fetch(_TAGS_OF_BOOKS, workspace_id=workspace_id, ids=ids):
                found[row[0]].append(_build_tag(row))
        return [found[book.id] for book in books]

    async def _pages(
        self, lists: _Lists, actor: Actor, parents: Sequence[Identified], query: BookQuery, request: PageRequest
    ) -> Sequence[Page[Book]]:
        return await lists.of(query).pages(
            self._reads, actor, parents, filter=query.filter, sort=query.sort, request=request
        )
