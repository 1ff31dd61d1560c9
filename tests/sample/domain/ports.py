from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.shared.actor import Actor
from domain.shared.pages import Page, PageRequest
from domain.shared.projections import Projection
from domain.shared.repositories import Repository
from domain.shared.uow import UnitOfWork
from domain.workspaces.model import Workspace
from tests.sample.domain.model import Author, Book, Shelf, Tag
from tests.sample.domain.queries import AuthorQuery, BookQuery, ShelfQuery, TagQuery


class BookRepository(Repository[Book], Protocol):
    async def tag_ids_of(self, book: Book) -> frozenset[str]: ...

    async def add_tags(self, workspace_id: str, tag_ids: Mapping[str, frozenset[str]]) -> None:
        """Tags books, by the ID of the book."""
        ...

    async def retag(self, book: Book, before: frozenset[str], after: frozenset[str]) -> None: ...

    async def lock_volumes(self, workspace_id: str) -> None:
        """Locks the parents of all books of the workspace until the transaction ends."""
        ...

    async def ancestor_ids(self, book: Book) -> frozenset[str]:
        """The parent of the book, its parent, and so on."""
        ...


class LibraryUow(UnitOfWork, Protocol):
    @property
    def workspaces(self) -> Repository[Workspace]: ...
    @property
    def shelves(self) -> Repository[Shelf]: ...
    @property
    def authors(self) -> Repository[Author]: ...
    @property
    def tags(self) -> Repository[Tag]: ...
    @property
    def books(self) -> BookRepository: ...


class ShelfReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Shelf]: ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: ShelfQuery, request: PageRequest
    ) -> Sequence[Page[Shelf]]: ...


class AuthorReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Author]: ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: AuthorQuery, request: PageRequest
    ) -> Sequence[Page[Author]]: ...


class TagReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Tag]: ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: TagQuery, request: PageRequest
    ) -> Sequence[Page[Tag]]: ...


class BookReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Book]: ...

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], query: BookQuery, request: PageRequest
    ) -> Sequence[Page[Book]]: ...

    async def of_shelves(
        self, actor: Actor, shelves: Sequence[Shelf], query: BookQuery, request: PageRequest
    ) -> Sequence[Page[Book]]: ...

    async def of_authors(
        self, actor: Actor, authors: Sequence[Author], query: BookQuery, request: PageRequest
    ) -> Sequence[Page[Book]]: ...

    async def volumes_of_books(
        self, actor: Actor, books: Sequence[Book], query: BookQuery, request: PageRequest
    ) -> Sequence[Page[Book]]: ...

    async def tags_of_books(
        self, actor: Actor, books: Sequence[Book], projection: Projection = None
    ) -> Sequence[Sequence[Tag]]: ...
