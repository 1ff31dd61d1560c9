from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

import strawberry

from api.shared import loads
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.fields import PLACE, batched
from api.shared.node import Node
from api.workspaces.types import Workspace
from domain.shared.pages import Page, PageRequest
from domain.workspaces.model import Workspace as WorkspaceModel
from strawberry_compiled import projection_of, related
from tests.sample.api import library
from tests.sample.api.inputs import author_query, book_query, shelf_query, tag_query
from tests.sample.api.library import app_of
from tests.sample.domain import model
from tests.sample.domain.conditions import Condition
from tests.sample.domain.queries import AuthorQuery, BookQuery, ShelfQuery, TagQuery


@strawberry.type(description="A tag of books of a workspace.")
class Tag(Node):
    describes = model.Tag
    is_read_as_rows = True

    name: str = strawberry.field(description="Name of the tag, unique in the workspace, at most 80 characters.")
    created_at: datetime = strawberry.field(description="Time when the tag was created.")
    updated_at: datetime = strawberry.field(description="Time when the tag was last changed.")


@strawberry.type(description="An author of books.")
class Author(Node):
    describes = model.Author
    is_read_as_rows = True

    name: str = strawberry.field(description="Name of the author, at most 80 characters.")
    created_at: datetime = strawberry.field(description="Time when the author was created.")
    updated_at: datetime = strawberry.field(description="Time when the author was last changed.")

    @connection(
        Annotated["Book", strawberry.lazy("tests.sample.api.types")],
        query=book_query,
        needs=PLACE,
        description="Books of the author, newest first unless `sort` is given. Archived books are excluded unless "
        "`includeArchived` is true.",
    )
    async def books(
        authors: Sequence[model.Author], info: Info, query: BookQuery, request: PageRequest
    ) -> Sequence[Page[model.Book]]:
        return await app_of(info).read.books.of_authors(info.context.actor, authors, query, request)


@strawberry.type(description="A shelf of books. Guests see only the shelves that they were let in to.")
class Shelf(Node):
    describes = model.Shelf
    is_read_as_rows = True

    name: str = strawberry.field(description="Name of the shelf, unique in the workspace, at most 80 characters.")
    created_at: datetime = strawberry.field(description="Time when the shelf was created.")
    updated_at: datetime = strawberry.field(description="Time when the shelf was last changed.")
    workspace = related(
        "workspace_id", loads.workspaces, graphql_type=Workspace, description="The workspace of the shelf."
    )

    @connection(
        Annotated["Book", strawberry.lazy("tests.sample.api.types")],
        query=book_query,
        needs=PLACE,
        description="Books on the shelf, newest first unless `sort` is given. Archived books are excluded unless "
        "`includeArchived` is true.",
    )
    async def books(
        shelves: Sequence[model.Shelf], info: Info, query: BookQuery, request: PageRequest
    ) -> Sequence[Page[model.Book]]:
        return await app_of(info).read.books.of_shelves(info.context.actor, shelves, query, request)


@strawberry.type(description="A book on a shelf.")
class Book(Node):
    describes = model.Book
    is_read_as_rows = True

    title: str = strawberry.field(description="Title of the book: one line of at most 255 characters.")
    description: str = strawberry.field(description="Description of the book, at most 256 KB. May be empty.")
    condition: Condition | None = strawberry.field(description="Condition of the book. Null if it was not assessed.")
    pages: int | None = strawberry.field(description="Number of pages, 1 to 10,000. Null if it is unknown.")
    published_on: date | None = strawberry.field(description="Date of publication. Null if it is unknown.")
    lent_on: date | None = strawberry.field(description="Date on which the book was lent. Null if it is not lent.")
    due_on: date | None = strawberry.field(description="Date on which the book is due. Null if there is none.")
    archived_at: datetime | None = strawberry.field(
        description="Time when the book was archived. Null if it is not archived."
    )
    created_at: datetime = strawberry.field(description="Time when the book was created.")
    updated_at: datetime = strawberry.field(description="Time when the book was last changed.")
    shelf = related("shelf_id", library.shelves, graphql_type=Shelf, description="The shelf that the book stands on.")
    author = related(
        "author_id",
        library.authors,
        graphql_type=Author | None,
        description="The author of the book. Null if the author is unknown.",
    )
    parent = related(
        "parent_id",
        library.books,
        graphql_type=Annotated["Book", strawberry.lazy("tests.sample.api.types")] | None,
        description="The book whose volume the book is. Null if the book is no volume.",
    )

    @batched(
        graphql_type=list[Tag],
        at_most=model.MOST_TAGS,
        needs=PLACE,
        description="Tags of the book, by name, at most 20.",
    )
    async def tags(books: Sequence[model.Book], info: Info) -> Sequence[Sequence[model.Tag]]:
        return await app_of(info).read.books.tags_of_books(info.context.actor, books, projection_of(info))

    @connection(
        Annotated["Book", strawberry.lazy("tests.sample.api.types")],
        query=book_query,
        needs=PLACE,
        description="Volumes of the book, newest first unless `sort` is given. Archived books are excluded unless "
        "`includeArchived` is true.",
    )
    async def volumes(
        books: Sequence[model.Book], info: Info, query: BookQuery, request: PageRequest
    ) -> Sequence[Page[model.Book]]:
        return await app_of(info).read.books.volumes_of_books(info.context.actor, books, query, request)


@strawberry.type
class WorkspaceLibrary:
    """The fields of `Workspace` that lead to its books."""

    @connection(Shelf, query=shelf_query, description="Shelves of the workspace, by name unless `sort` is given.")
    async def shelves(
        workspaces: Sequence[WorkspaceModel], info: Info, query: ShelfQuery, request: PageRequest
    ) -> Sequence[Page[model.Shelf]]:
        return await app_of(info).read.shelves.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(Author, query=author_query, description="Authors of the workspace, by name unless `sort` is given.")
    async def authors(
        workspaces: Sequence[WorkspaceModel], info: Info, query: AuthorQuery, request: PageRequest
    ) -> Sequence[Page[model.Author]]:
        return await app_of(info).read.authors.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(Tag, query=tag_query, description="Tags of the workspace, by name unless `sort` is given.")
    async def tags(
        workspaces: Sequence[WorkspaceModel], info: Info, query: TagQuery, request: PageRequest
    ) -> Sequence[Page[model.Tag]]:
        return await app_of(info).read.tags.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(
        Book,
        query=book_query,
        description="Books of the workspace, newest first unless `sort` is given. Archived books are excluded unless "
        "`includeArchived` is true.",
    )
    async def books(
        workspaces: Sequence[WorkspaceModel], info: Info, query: BookQuery, request: PageRequest
    ) -> Sequence[Page[model.Book]]:
        return await app_of(info).read.books.of_workspaces(info.context.actor, workspaces, query, request)
