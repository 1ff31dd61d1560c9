from datetime import date
from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.batches.inputs import BatchInput
from api.shared.arguments import FILTER_LIMITS
from api.shared.enums import describe_enum
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    DateComparator,
    DateTimeComparator,
    IdComparator,
    IdSetChange,
    IntComparator,
    ListFilter,
    MutationInput,
    OrderedEnumComparator,
    StringComparator,
    UpdateInput,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import IncludeArchived, SortOrder, sorts
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.filters import without_conditions
from tests.sample.domain import commands, queries
from tests.sample.domain.conditions import Condition

describe_enum(
    Condition,
    name="BookCondition",
    description="Condition of a book, in ascending order: POOR, FAIR, GOOD, MINT.",
    POOR="Pages are missing.",
    FAIR="All pages are present.",
    GOOD="Clean and complete.",
    MINT="Never read.",
)


@strawberry.input(description=f"Filter for shelves. {WITHOUT_CONDITIONS}")
class ShelfFilter:
    describes: ClassVar[type] = queries.ShelfFilter

    and_: "list[ShelfFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[ShelfFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "ShelfFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the shelf.")
    name: StringComparator | None = strawberry.field(default=None, description="Filter by the name of the shelf.")


@strawberry.input(description=f"Filter for authors. {WITHOUT_CONDITIONS}")
class AuthorFilter:
    describes: ClassVar[type] = queries.AuthorFilter

    and_: "list[AuthorFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[AuthorFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "AuthorFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the author.")
    name: StringComparator | None = strawberry.field(default=None, description="Filter by the name of the author.")


@strawberry.input(description=f"Filter for tags. {WITHOUT_CONDITIONS}")
class TagFilter:
    describes: ClassVar[type] = queries.TagFilter

    and_: "list[TagFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[TagFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "TagFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the tag.")
    name: StringComparator | None = strawberry.field(default=None, description="Filter by the name of the tag.")


@strawberry.input(description=f"Filter for books. {WITHOUT_CONDITIONS}")
class BookFilter:
    describes: ClassVar[type] = queries.BookFilter

    and_: "list[BookFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[BookFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "BookFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the book.")
    title: StringComparator | None = strawberry.field(default=None, description="Filter by the title of the book.")
    condition: OrderedEnumComparator[Condition] | None = strawberry.field(
        default=None, description="Filter by the condition of the book."
    )
    shelf: ShelfFilter | None = strawberry.field(default=None, description="Filter by the shelf of the book.")
    author: AuthorFilter | None = strawberry.field(default=None, description="Filter by the author of the book.")
    author_id: IdComparator | None = strawberry.field(
        default=None, description="Filter by the ID of the book's author."
    )
    parent_id: IdComparator | None = strawberry.field(
        default=None, description="Filter by the ID of the book's parent."
    )
    tags: ListFilter[TagFilter] | None = strawberry.field(default=None, description="Filter by the tags of the book.")
    pages: IntComparator | None = strawberry.field(default=None, description="Filter by the number of pages.")
    published_on: DateComparator | None = strawberry.field(
        default=None, description="Filter by the date of publication."
    )
    lent_on: DateComparator | None = strawberry.field(
        default=None, description="Filter by the date on which the book was lent."
    )
    due_on: DateComparator | None = strawberry.field(
        default=None, description="Filter by the date on which the book is due."
    )
    archived_at: DateTimeComparator | None = strawberry.field(
        default=None, description="Filter by the time when the book was archived."
    )
    created_at: DateTimeComparator | None = strawberry.field(
        default=None, description="Filter by the time when the book was created."
    )
    updated_at: DateTimeComparator | None = strawberry.field(
        default=None, description="Filter by the time when the book was last changed."
    )


@strawberry.input(one_of=True, description="A sort key for shelves. Set exactly one field.")
class ShelfSort:
    name: Maybe[SortOrder | None] = strawberry.field(description="Sort by the name of the shelf.")
    created_at: Maybe[SortOrder | None] = strawberry.field(description="Sort by the time when the shelf was created.")


@strawberry.input(one_of=True, description="A sort key for authors and tags. Set exactly one field.")
class NamedSort:
    name: Maybe[SortOrder | None] = strawberry.field(description="Sort by name.")


@strawberry.input(one_of=True, description="A sort key for books. Set exactly one field.")
class BookSort:
    created_at: Maybe[SortOrder | None] = strawberry.field(description="Sort by the time when the book was created.")
    updated_at: Maybe[SortOrder | None] = strawberry.field(
        description="Sort by the time when the book was last changed."
    )
    title: Maybe[SortOrder | None] = strawberry.field(description="Sort by the title of the book.")
    condition: Maybe[SortOrder | None] = strawberry.field(
        description="Sort by the condition of the book; `ASC` starts with `POOR`."
    )
    pages: Maybe[SortOrder | None] = strawberry.field(description="Sort by the number of pages.")
    due_on: Maybe[SortOrder | None] = strawberry.field(description="Sort by the date on which the book is due.")


ShelfFilterArgument = Annotated[
    ShelfFilter | None,
    strawberry.argument(description=f"Return only shelves that match the filter. {FILTER_LIMITS}"),
]
ShelfSortArgument = Annotated[
    list[ShelfSort] | None, strawberry.argument(description="Sort keys, most significant first. Default: by name.")
]
AuthorFilterArgument = Annotated[
    AuthorFilter | None,
    strawberry.argument(description=f"Return only authors that match the filter. {FILTER_LIMITS}"),
]
TagFilterArgument = Annotated[
    TagFilter | None, strawberry.argument(description=f"Return only tags that match the filter. {FILTER_LIMITS}")
]
NamedSortArgument = Annotated[
    list[NamedSort] | None, strawberry.argument(description="Sort keys, most significant first. Default: by name.")
]
BookFilterArgument = Annotated[
    BookFilter | None,
    strawberry.argument(description=f"Return only books that match the filter. {FILTER_LIMITS}"),
]
BookSortArgument = Annotated[
    list[BookSort] | None,
    strawberry.argument(description="Sort keys, most significant first. Default: newest book first."),
]


def shelf_query(filter: ShelfFilterArgument = None, sort: ShelfSortArgument = None) -> queries.ShelfQuery:
    return queries.ShelfQuery(
        filter=to_domain(filter) or without_conditions(queries.ShelfFilter),
        sort=sorts(sort, queries.ShelfOrder) or queries.SHELF_ORDER,
    )


def author_query(filter: AuthorFilterArgument = None, sort: NamedSortArgument = None) -> queries.AuthorQuery:
    return queries.AuthorQuery(
        filter=to_domain(filter) or without_conditions(queries.AuthorFilter),
        sort=sorts(sort, queries.NamedOrder) or queries.NAMED_ORDER,
    )


def tag_query(filter: TagFilterArgument = None, sort: NamedSortArgument = None) -> queries.TagQuery:
    return queries.TagQuery(
        filter=to_domain(filter) or without_conditions(queries.TagFilter),
        sort=sorts(sort, queries.NamedOrder) or queries.NAMED_ORDER,
    )


def book_query(
    filter: BookFilterArgument = None, sort: BookSortArgument = None, include_archived: IncludeArchived = False
) -> queries.BookQuery:
    return queries.BookQuery(
        filter=to_domain(filter) or without_conditions(queries.BookFilter),
        sort=sorts(sort, queries.BookOrder) or queries.BOOK_ORDER,
        includes_archived=include_archived,
    )


@strawberry.input(description="Input of the `shelfCreate` mutation.")
class ShelfCreateInput(MutationInput):
    describes: ClassVar[type] = commands.ShelfDraft

    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace in which to create the shelf.")
    name: str = strawberry.field(description="Name of the shelf, unique in the workspace, at most 80 characters.")


@strawberry.input(description="Input of the `shelfUpdate` mutation. Omitted fields keep their values.")
class ShelfUpdateInput(UpdateInput):
    describes: ClassVar[type] = commands.ShelfChanges

    id: strawberry.ID = strawberry.field(description="ID of the shelf to update.")
    name: Maybe[str | None] = never_null("New name of the shelf, unique in the workspace, at most 80 characters.")


@strawberry.input(description="Input of the `shelfDelete` mutation.")
class ShelfDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the shelf to delete. It must be empty.")


@strawberry.input(description="Input of the `authorCreate` mutation.")
class AuthorCreateInput(MutationInput):
    describes: ClassVar[type] = commands.AuthorDraft

    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace in which to create the author.")
    name: str = strawberry.field(description="Name of the author, at most 80 characters.")


@strawberry.input(description="Input of the `tagCreate` mutation.")
class TagCreateInput(MutationInput):
    describes: ClassVar[type] = commands.TagDraft

    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace in which to create the tag.")
    name: str = strawberry.field(description="Name of the tag, unique in the workspace, at most 80 characters.")


@strawberry.input(description="Values of a new book.")
class BookDraftInput:
    describes: ClassVar[type] = commands.BookDraft

    title: str = strawberry.field(description="Title of the book: one line of at most 255 characters.")
    description: str | None = strawberry.field(
        default=None, description="Description of the book, at most 256 KB. Default: empty."
    )
    condition: Condition | None = strawberry.field(
        default=None, description="Condition of the book. Default: not assessed."
    )
    pages: int | None = strawberry.field(default=None, description="Number of pages, 1 to 10,000. Default: unknown.")
    published_on: date | None = strawberry.field(default=None, description="Date of publication. Default: unknown.")
    lent_on: date | None = strawberry.field(
        default=None, description="Date on which the book was lent. Must not be after `dueOn`. Default: not lent."
    )
    due_on: date | None = strawberry.field(
        default=None, description="Date on which the book is due. Default: no due date."
    )
    author_id: strawberry.ID | None = strawberry.field(
        default=None, description="ID of an author of the workspace. Default: unknown author."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="ID of the book on the same shelf whose volume the book is. Default: no parent."
    )
    tag_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="IDs of the tags of the book, at most 20. Default: no tags."
    )


@strawberry.input(description="Input of the `bookCreate` mutation.")
class BookCreateInput(BookDraftInput, MutationInput):
    shelf_id: strawberry.ID = strawberry.field(description="ID of the shelf on which to put the book.")


@strawberry.input(description="Input of the `bookBatchCreate` mutation.")
class BookBatchCreateInput(BatchInput):
    describes: ClassVar[type] = commands.BookBatchCreate

    shelf_id: strawberry.ID = strawberry.field(description="ID of the shelf on which to put the books.")
    books: list[BookDraftInput] = strawberry.field(description=f"Values of the new books, at most {MOST_AT_ONCE:,}.")


@strawberry.input(description="Input of the `bookUpdate` mutation. Omitted fields keep their values.")
class BookUpdateInput(UpdateInput):
    describes: ClassVar[type] = commands.BookChanges

    id: strawberry.ID = strawberry.field(description="ID of the book to update.")
    title: Maybe[str | None] = never_null("New title of the book: one line of at most 255 characters.")
    description: Maybe[str | None] = never_null("New description of the book, at most 256 KB. May be empty.")
    condition: Maybe[Condition | None] = strawberry.field(
        description="New condition of the book. Null removes it; omit the field to keep the current value."
    )
    pages: Maybe[int | None] = strawberry.field(
        description="New number of pages, 1 to 10,000. Null removes it; omit the field to keep the current value."
    )
    published_on: Maybe[date | None] = strawberry.field(
        description="New date of publication. Null removes it; omit the field to keep the current value."
    )
    lent_on: Maybe[date | None] = strawberry.field(
        description="New date on which the book was lent, which must not be after `dueOn`. Null removes it; omit the "
        "field to keep the current value."
    )
    due_on: Maybe[date | None] = strawberry.field(
        description="New date on which the book is due. Null removes it; omit the field to keep the current value."
    )
    author_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="ID of the new author. Null removes the author; omit the field to keep the current value."
    )
    parent_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="ID of the new parent on the same shelf. Null removes the parent; omit the field to keep the "
        "current value."
    )
    tags: Maybe[IdSetChange | None] = never_null("Change of the tags by tag ID. A book can have at most 20 tags.")


@strawberry.input(description="Input of the `bookArchive` mutation.")
class BookArchiveInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the book to archive.")


@strawberry.input(description="Input of the `bookRestore` mutation.")
class BookRestoreInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the book to restore.")


@strawberry.input(description="Input of the `bookDelete` mutation.")
class BookDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the book to delete. It must have no volumes.")
