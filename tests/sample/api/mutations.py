import strawberry

from api.batches.payloads import BatchPayload, BatchRow, id_of_row, object_of_row
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.list_sizes import OF_ROWS, at_most, batch_rows
from api.shared.mutations import Payload, mutation
from domain.shared.batches import MOST_AT_ONCE
from tests.sample.api.inputs import (
    AuthorCreateInput,
    BookArchiveInput,
    BookBatchCreateInput,
    BookCreateInput,
    BookDeleteInput,
    BookRestoreInput,
    BookUpdateInput,
    ShelfCreateInput,
    ShelfDeleteInput,
    ShelfUpdateInput,
    TagCreateInput,
)
from tests.sample.api.library import app_of
from tests.sample.api.types import Author, Book, Shelf, Tag


@strawberry.type(description="Payload of the mutations that create or update a shelf.")
class ShelfPayload(Payload):
    shelf: Shelf | None = strawberry.field(description="The shelf. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `shelfDelete` mutation.")
class ShelfDeletePayload(Payload):
    deleted_shelf_id: strawberry.ID | None = strawberry.field(
        description="ID of the deleted shelf. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `authorCreate` mutation.")
class AuthorPayload(Payload):
    author: Author | None = strawberry.field(description="The new author. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `tagCreate` mutation.")
class TagPayload(Payload):
    tag: Tag | None = strawberry.field(description="The new tag. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the mutations that create or change a book.")
class BookPayload(Payload):
    book: Book | None = strawberry.field(description="The book. Null if `errors` is not empty.")


@strawberry.type(description="Result of one book of a batch.")
class BookBatchResult(BatchRow):
    book_id = id_of_row("ID of the new book. Null if it was not created.")
    book = object_of_row(Book, "The new book. Null if it was not created.")


@strawberry.type(description="Payload of the `bookBatchCreate` mutation.")
class BookBatchPayload(BatchPayload):
    results: list[BookBatchResult] = strawberry.field(
        metadata=at_most(MOST_AT_ONCE, counted_by=OF_ROWS),
        description="Result of each book, in the order of the input, at most 1,000.",
    )


@strawberry.type(description="Payload of the `bookDelete` mutation.")
class BookDeletePayload(Payload):
    deleted_book_id: strawberry.ID | None = strawberry.field(
        description="ID of the deleted book. Null if `errors` is not empty."
    )


@strawberry.type
class LibraryMutations:
    @mutation(description="Creates a shelf. Requires the role `ADMIN` or higher.")
    async def shelf_create(self, info: Info, input: ShelfCreateInput) -> ShelfPayload:
        service = app_of(info).library
        return ShelfPayload.of(await service.create_shelf(info.context.actor, input.workspace_id, to_domain(input)))

    @mutation(description="Updates a shelf. Requires the role `ADMIN` or higher.")
    async def shelf_update(self, info: Info, input: ShelfUpdateInput) -> ShelfPayload:
        service = app_of(info).library
        return ShelfPayload.of(await service.update_shelf(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Deletes an empty shelf. Requires the role `ADMIN` or higher.")
    async def shelf_delete(self, info: Info, input: ShelfDeleteInput) -> ShelfDeletePayload:
        return ShelfDeletePayload.of(await app_of(info).library.delete_shelf(info.context.actor, input.id))

    @mutation(description="Creates an author. Requires the role `MEMBER` or higher.")
    async def author_create(self, info: Info, input: AuthorCreateInput) -> AuthorPayload:
        service = app_of(info).library
        return AuthorPayload.of(await service.create_author(info.context.actor, input.workspace_id, to_domain(input)))

    @mutation(description="Creates a tag. Requires the role `MEMBER` or higher.")
    async def tag_create(self, info: Info, input: TagCreateInput) -> TagPayload:
        service = app_of(info).library
        return TagPayload.of(await service.create_tag(info.context.actor, input.workspace_id, to_domain(input)))

    @mutation(description="Puts a new book on a shelf. Requires the role `MEMBER` or higher.")
    async def book_create(self, info: Info, input: BookCreateInput) -> BookPayload:
        service = app_of(info).library
        return BookPayload.of(await service.create(info.context.actor, input.shelf_id, to_domain(input)))

    @mutation(
        description="Puts up to 1,000 new books on a shelf. Requires the role `MEMBER` or higher.",
        metadata=batch_rows("books"),
    )
    async def book_batch_create(self, info: Info, input: BookBatchCreateInput) -> BookBatchPayload:
        return BookBatchPayload.of(await app_of(info).library.create_all(info.context.actor, to_domain(input)))

    @mutation(description="Updates a book. Requires the role `MEMBER` or higher.")
    async def book_update(self, info: Info, input: BookUpdateInput) -> BookPayload:
        return BookPayload.of(await app_of(info).library.update(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Archives a book. Requires the role `MEMBER` or higher.")
    async def book_archive(self, info: Info, input: BookArchiveInput) -> BookPayload:
        return BookPayload.of(await app_of(info).library.archive(info.context.actor, input.id))

    @mutation(description="Restores an archived book. Requires the role `MEMBER` or higher.")
    async def book_restore(self, info: Info, input: BookRestoreInput) -> BookPayload:
        return BookPayload.of(await app_of(info).library.restore(info.context.actor, input.id))

    @mutation(description="Deletes a book permanently. Requires the role `MEMBER` or higher.")
    async def book_delete(self, info: Info, input: BookDeleteInput) -> BookDeletePayload:
        return BookDeletePayload.of(await app_of(info).library.delete(info.context.actor, input.id))
