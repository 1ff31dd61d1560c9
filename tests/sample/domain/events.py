from typing import ClassVar

from domain.shared.events import FREE_TEXTS, Event


class ShelfEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("name",)


class ShelfCreated(ShelfEvent):
    type: ClassVar[str] = "shelf.created"


class ShelfUpdated(ShelfEvent):
    type: ClassVar[str] = "shelf.updated"


class ShelfDeleted(ShelfEvent):
    type: ClassVar[str] = "shelf.deleted"


class AuthorCreated(Event):
    logged: ClassVar[tuple[str, ...]] = ("name",)
    type: ClassVar[str] = "author.created"


class TagCreated(Event):
    logged: ClassVar[tuple[str, ...]] = ("name",)
    type: ClassVar[str] = "tag.created"


class BookEvent(Event):
    logged: ClassVar[tuple[str, ...]] = (
        "title",
        "description",
        "condition",
        "pages",
        "published_on",
        "lent_on",
        "due_on",
        "author_id",
        "parent_id",
        "archived_at",
    )
    linked: ClassVar[tuple[str, ...]] = ("shelf_id", "tags")


class BookCreated(BookEvent):
    type: ClassVar[str] = "book.created"


class BookUpdated(BookEvent):
    type: ClassVar[str] = "book.updated"


class BookArchived(BookEvent):
    type: ClassVar[str] = "book.archived"


class BookRestored(BookEvent):
    type: ClassVar[str] = "book.restored"


class BookDeleted(BookEvent):
    logged = tuple(name for name in BookEvent.logged if name not in FREE_TEXTS)
    type: ClassVar[str] = "book.deleted"
