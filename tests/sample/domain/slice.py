from domain.shared.actor import Permission, Role
from domain.shared.events import Event
from domain.shared.jobs import Job
from domain.shared.slices import Reaction, Slice
from tests.sample.domain import events
from tests.sample.domain.errors import LibraryErrorCode
from tests.sample.domain.jobs import AnnounceBook

SHELF_WRITE = Permission("change shelves", Role.ADMIN)
BOOK_WRITE = Permission("change books", Role.MEMBER)


def _announce(event: Event) -> Job:
    return AnnounceBook(book_id=event.subject_id)


SLICE = Slice(
    name="library",
    permissions=(SHELF_WRITE, BOOK_WRITE),
    error_codes=LibraryErrorCode,
    events={
        events.ShelfCreated: (),
        events.ShelfUpdated: (),
        events.ShelfDeleted: (),
        events.AuthorCreated: (),
        events.TagCreated: (),
        events.BookCreated: (Reaction(job=_announce),),
        events.BookUpdated: (),
        events.BookArchived: (),
        events.BookRestored: (),
        events.BookDeleted: (),
    },
    open_to_guests=("author", "tag"),
)
