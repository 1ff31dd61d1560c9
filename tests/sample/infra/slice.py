from functools import cached_property
from typing import Any

from domain.app import App
from infra.db.first_use import Repositories, first_use
from infra.db.named_rows import NamedRows
from infra.parts import Parts, SliceAdapters
from tests.sample.domain.jobs import AnnounceBook
from tests.sample.domain.service import LibraryService
from tests.sample.domain.slice import SLICE as RULES
from tests.sample.infra.reader import SqlAuthorReader, SqlBookReader, SqlShelfReader, SqlTagReader
from tests.sample.infra.repository import (
    SqlAuthorRepository,
    SqlBookRepository,
    SqlShelfAreas,
    SqlShelfRepository,
    SqlTagRepository,
)
from tests.sample.infra.tables import TABLES, AuthorRow, ShelfRow, TagRow


class LibraryRepositories(Repositories):
    shelves = first_use(SqlShelfRepository, with_sizes=True)
    authors = first_use(SqlAuthorRepository, with_sizes=True)
    tags = first_use(SqlTagRepository)
    books = first_use(SqlBookRepository, with_sizes=True)

    @cached_property
    def areas(self) -> SqlShelfAreas:
        return SqlShelfAreas(self.connection, self.ids, self.sizes)


def _provide(app: App, parts: Parts) -> None:
    # The attributes of `App` are those of the slices of this repository.
    library: Any = app
    library.read.shelves = SqlShelfReader(parts.reads)
    library.read.authors = SqlAuthorReader(parts.reads)
    library.read.tags = SqlTagReader(parts.reads)
    library.read.books = SqlBookReader(parts.reads)
    library.library = LibraryService(parts.uow, parts.ids)


async def _announce(app: Any, actor: Any, job: AnnounceBook) -> None:
    await app.library.announce(actor, job)


SLICE = SliceAdapters(
    domain=RULES,
    tables=TABLES,
    named=(
        NamedRows(name=ShelfRow.name, area_id=ShelfRow.id),
        NamedRows(name=AuthorRow.name),
        NamedRows(name=TagRow.name),
    ),
    repositories=LibraryRepositories,
    provide=_provide,
    jobs={AnnounceBook: _announce},
)
