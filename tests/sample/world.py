"""A small world of the sample: two libraries that know nothing of each other."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Insert, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.app import App
from domain.shared.actor import Role
from domain.workspaces.model import Member, Workspace
from infra.workspaces.tables import AreaGrantRow
from tests.factories.accounts import IDS
from tests.factories.moments import MADE
from tests.factories.workspaces import WorkspaceFactory
from tests.routes import twins
from tests.sample.application import SCHEMA
from tests.sample.domain.conditions import Condition
from tests.sample.domain.model import Author, Book, Shelf, Tag
from tests.sample.factories import AuthorFactory, BookFactory, ShelfFactory, TagFactory
from tests.sample.infra.repository import (
    GRANT_PREFIX,
    SqlAuthorRepository,
    SqlBookRepository,
    SqlShelfRepository,
    SqlTagRepository,
)
from tests.sample.infra.tables import TABLES, BookTagRow
from tests.stored_entities import PLATFORM
from tests.worlds import Team, TwoWorkspaces


@dataclass(frozen=True, kw_only=True)
class Library(Team):
    """A team with a shelf that its guest sees, and another one; an author and a tag; a book and its volume."""

    shelf: Shelf
    other_shelf: Shelf
    author: Author
    tag: Tag
    book: Book
    volume: Book

    @property
    def entities(self) -> list[Any]:
        return [
            *super().entities,
            self.shelf,
            self.other_shelf,
            self.author,
            self.tag,
            self.book,
            self.volume,
        ]

    @property
    def area_id(self) -> str:
        return self.shelf.id


@dataclass(frozen=True, kw_only=True)
class LibraryWorld(TwoWorkspaces[Library]):
    schema = SCHEMA
    repositories = {
        **PLATFORM,
        Shelf: SqlShelfRepository,
        Author: SqlAuthorRepository,
        Tag: SqlTagRepository,
        Book: SqlBookRepository,
    }
    further = tuple(table.__table__ for table in TABLES)

    async def tagged(self, book: Book, *tags: Tag) -> None:
        """Gives the stored book these tags."""
        rows = [{"workspace_id": book.workspace_id, "book_id": book.id, "tag_id": tag.id} for tag in tags]
        async with self.engine.begin() as connection:
            await connection.execute(insert(BookTagRow), rows)

    async def let_in(self, library: Library, shelf: Shelf) -> None:
        """Lets the guest in to the stored shelf."""
        async with self.engine.begin() as connection:
            await connection.execute(letting_in(library.members[Role.GUEST], shelf))


def letting_in(guest: Member, shelf: Shelf) -> Insert:
    """The statement that lets the stored guest in to the stored shelf."""
    grant_id = IDS.new_in(guest.workspace_id, GRANT_PREFIX)
    return insert(AreaGrantRow).values(
        workspace_id=guest.workspace_id, id=grant_id, area_id=shelf.id, member_id=guest.id, created_at=MADE
    )


def library(workspace: Workspace) -> Library:
    shelf, author = ShelfFactory(workspace=workspace, name="Novels"), AuthorFactory(workspace=workspace, name="Woolf")
    book = BookFactory(shelf=shelf, title="Diaries", author_id=author.id, condition=Condition.GOOD)
    return Library(
        **vars(Team.of(workspace)),
        shelf=shelf,
        other_shelf=ShelfFactory(workspace=workspace, name="Atlases"),
        author=author,
        tag=TagFactory(workspace=workspace, name="classic"),
        book=book,
        volume=BookFactory(shelf=shelf, title="Diaries, volume 1", parent_id=book.id),
    )


async def build_world(app: App, engine: AsyncEngine) -> LibraryWorld:
    # Equal routes, so that an ID of one workspace is looked up in the other and has to be refused there.
    here, elsewhere = (library(WorkspaceFactory(id=workspace_id)) for workspace_id in twins())
    world = LibraryWorld(app=app, engine=engine, here=here, elsewhere=elsewhere)
    await world.store(*here.entities, *elsewhere.entities)
    for each in (here, elsewhere):
        await world.tagged(each.book, each.tag)
        await world.let_in(each, each.shelf)
    return world
