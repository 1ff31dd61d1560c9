from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from domain.shared.actor import Actor
from domain.shared.errors import NotFound
from domain.shared.events import Event
from domain.shared.ids import IdFactory
from domain.workspaces.model import Member
from infra.db.arrays import among_values
from infra.db.list_sizes import ListKey, ListSizes
from infra.db.repository import SqlParentRepository, SqlTenantRepository
from infra.db.visibility import GuestRule
from infra.db.write_connection import Connection
from infra.workspaces.tables import AreaGrantRow
from tests.sample.domain.model import Author, Book, Shelf, Tag
from tests.sample.infra.tables import AuthorRow, BookRow, BookTagRow, ShelfRow, TagRow

GRANT_PREFIX = "sga"


class SqlShelfRepository(SqlParentRepository[Shelf]):
    table = ShelfRow
    entity = Shelf
    guests = GuestRule.of_areas(ShelfRow.workspace_id, ShelfRow.id)
    conflicts = {
        "uq_shelf_workspace_id_name": (
            "name",
            "Another shelf of the workspace has this name. Choose a different name.",
        ),
        "fk_book_workspace_id_shelf_id": ("id", "This shelf has books. Delete them first."),
    }


class SqlAuthorRepository(SqlParentRepository[Author]):
    table = AuthorRow
    entity = Author


class SqlTagRepository(SqlTenantRepository[Tag]):
    table = TagRow
    entity = Tag
    conflicts = {
        "uq_tag_workspace_id_name": ("name", "Another tag of the workspace has this name. Choose a different name.")
    }


class SqlBookRepository(SqlParentRepository[Book]):
    table = BookRow
    entity = Book
    guests = GuestRule.of_areas(BookRow.workspace_id, BookRow.shelf_id)
    conflicts = {"fk_book_workspace_id_parent_id": ("id", "This book has volumes. Delete them first.")}

    async def add_all(self, entities: Collection[Book]) -> None:
        await super().add_all(entities)
        self._count(entities, 1)

    async def save(self, before: Book, after: Book) -> None:
        await super().save(before, after)
        if _lists_of(before) != _lists_of(after):
            self._count([before], -1)
            self._count([after], 1)

    async def remove(self, entity: Book) -> None:
        await super().remove(entity)
        self._count([entity], -1)

    async def tag_ids_of(self, book: Book) -> frozenset[str]:
        of_book = (BookTagRow.workspace_id == book.workspace_id) & (BookTagRow.book_id == book.id)
        return frozenset(await self._connection.scalars(select(BookTagRow.tag_id).where(of_book)))

    async def add_tags(self, workspace_id: str, tag_ids: Mapping[str, frozenset[str]]) -> None:
        rows = [
            {"workspace_id": workspace_id, "book_id": book_id, "tag_id": tag_id}
            for book_id, ids in tag_ids.items()
            for tag_id in sorted(ids)
        ]
        await self._guarded(insert(BookTagRow), rows)

    async def retag(self, book: Book, before: frozenset[str], after: frozenset[str]) -> None:
        if gone := sorted(before - after):
            of_book = (BookTagRow.workspace_id == book.workspace_id) & (BookTagRow.book_id == book.id)
            await self._connection.execute(delete(BookTagRow).where(of_book, among_values(BookTagRow.tag_id, gone)))
        if new := after - before:
            await self.add_tags(book.workspace_id, {book.id: new})

    async def lock_volumes(self, workspace_id: str) -> None:
        await self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(workspace_id, 1))))

    async def ancestor_ids(self, book: Book) -> frozenset[str]:
        parents = select(BookRow.parent_id).where(BookRow.workspace_id == book.workspace_id)
        above = parents.where(BookRow.id == book.id).cte("above", recursive=True)
        above = above.union(parents.join(above, BookRow.id == above.c.parent_id))
        return frozenset(
            await self._connection.scalars(select(above.c.parent_id).where(above.c.parent_id.is_not(None)))
        )

    def _count(self, books: Iterable[Book], by: int) -> None:
        for book in books:
            self._sizes.change(_lists_of(book), by)


def _lists_of(book: Book) -> list[ListKey]:
    """Lists with stored sizes that contain the book."""
    parents = (book.workspace_id, book.shelf_id, book.author_id, book.parent_id)
    return [ListKey(book.workspace_id, parent, book.availability) for parent in parents if parent is not None]


class SqlShelfAreas:
    """Shelves as the areas to which guests get access."""

    def __init__(self, connection: Connection, ids: IdFactory, sizes: ListSizes) -> None:
        self._connection = connection
        self._shelves = SqlShelfRepository(connection, sizes)
        self._ids = ids

    async def require(self, actor: Actor, workspace_id: str, area_ids: Sequence[str]) -> None:
        shelves = await self._shelves.get_all(actor, area_ids, path=("area_ids",))
        if any(shelf.workspace_id != workspace_id for shelf in shelves):
            raise NotFound("This shelf does not exist or is not visible to you.", path=("area_ids",))

    async def let_in(self, guest: Member, area_ids: Sequence[str], *, now: datetime) -> Sequence[Event]:
        left = (ShelfRow.workspace_id == guest.workspace_id) & among_values(ShelfRow.id, area_ids)
        rows = [
            {
                "workspace_id": guest.workspace_id,
                "id": self._ids.new_in(guest.workspace_id, GRANT_PREFIX),
                "area_id": shelf.id,
                "member_id": guest.id,
                "created_at": now,
            }
            for shelf in await self._shelves.where(left, for_update=True)
        ]
        if rows:
            await self._connection.execute(insert(AreaGrantRow), rows)
        return ()

    async def leave_all(self, member: Member) -> Sequence[Event]:
        of_member = (AreaGrantRow.workspace_id == member.workspace_id) & (AreaGrantRow.member_id == member.id)
        await self._connection.execute(delete(AreaGrantRow).where(of_member))
        return ()
