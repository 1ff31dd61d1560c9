"""The services and readers that the sample adds to the application, with their types."""

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from api.shared.context import Info
from strawberry_compiled import projection_of
from tests.sample.domain.model import Author, Book, Shelf
from tests.sample.domain.ports import AuthorReader, BookReader, ShelfReader, TagReader
from tests.sample.domain.service import LibraryService


class LibraryReaders(Protocol):
    authors: AuthorReader
    books: BookReader
    shelves: ShelfReader
    tags: TagReader


class LibraryApp(Protocol):
    library: LibraryService
    read: LibraryReaders


def app_of(info: Info) -> LibraryApp:
    return cast("LibraryApp", info.context.app)


async def shelves(info: Info, ids: Sequence[str]) -> Mapping[str, Shelf]:
    return await app_of(info).read.shelves.by_ids(info.context.actor, ids, projection_of(info))


async def authors(info: Info, ids: Sequence[str]) -> Mapping[str, Author]:
    return await app_of(info).read.authors.by_ids(info.context.actor, ids, projection_of(info))


async def books(info: Info, ids: Sequence[str]) -> Mapping[str, Book]:
    return await app_of(info).read.books.by_ids(info.context.actor, ids, projection_of(info))
