from infra.db.filters import Filters, ToMany, ToSmallSet
from infra.db.visibility import GuestRule, in_workspace
from tests.sample.domain.queries import AuthorFilter, BookFilter, ShelfFilter, TagFilter
from tests.sample.infra.tables import AuthorRow, BookRow, BookTagRow, ShelfRow, TagRow

SHELF_FILTERS = Filters(of=ShelfFilter, scalars={"id": ShelfRow.id, "name": ShelfRow.name})
AUTHOR_FILTERS = Filters(of=AuthorFilter, scalars={"id": AuthorRow.id, "name": AuthorRow.name})
TAG_FILTERS = Filters(of=TagFilter, scalars={"id": TagRow.id, "name": TagRow.name})

_SCALARS = (
    "id",
    "title",
    "condition",
    "author_id",
    "parent_id",
    "pages",
    "published_on",
    "lent_on",
    "due_on",
    "archived_at",
    "created_at",
    "updated_at",
)

_SHELVES_OF_GUESTS = GuestRule.of_areas(ShelfRow.workspace_id, ShelfRow.id)
BOOK_FILTERS = Filters(
    of=BookFilter,
    scalars={name: getattr(BookRow, name) for name in _SCALARS},
    to_one={
        "shelf": ToSmallSet(
            BookRow.shelf_id, ShelfRow.id, SHELF_FILTERS, in_workspace(ShelfRow.workspace_id), _SHELVES_OF_GUESTS
        ),
        "author": ToSmallSet(
            BookRow.author_id, AuthorRow.id, AUTHOR_FILTERS, in_workspace(AuthorRow.workspace_id), None
        ),
    },
    to_many={
        "tags": ToMany(
            BookRow.id,
            BookTagRow.book_id,
            ToSmallSet(BookTagRow.tag_id, TagRow.id, TAG_FILTERS, in_workspace(TagRow.workspace_id), None),
        ),
    },
)
