"""Batch fields return one result per parent, also for repeated parents."""

from typing import Any

import pytest

from domain.shared.actor import Actor, Role
from domain.shared.pages import PageRequest
from domain.workspaces.queries import MemberQuery
from infra.batches.repository import SqlBatchRunRepository
from tests.factories.batches import BatchRunFactory, BatchSkipFactory
from tests.repeated_parents import Batch, expect_an_answer_for_each
from tests.sample.domain.queries import AuthorQuery, BookQuery, ShelfQuery, TagQuery
from tests.sample.factories import BookFactory
from tests.sample.world import LibraryWorld

FIRST = PageRequest(first=2, is_counted=True)
BATCHES: dict[str, tuple[str, Batch]] = {
    "Author.books": (
        "author",
        lambda app, actor, parents: app.read.books.of_authors(actor, parents, BookQuery(), FIRST),
    ),
    "BatchRun.skipped": (
        "batch_run",
        lambda app, actor, parents: app.read.batch_runs.skipped_of_runs(actor, parents, FIRST),
    ),
    "Book.tags": ("book", lambda app, actor, parents: app.read.books.tags_of_books(actor, parents)),
    "Book.volumes": (
        "book",
        lambda app, actor, parents: app.read.books.volumes_of_books(actor, parents, BookQuery(), FIRST),
    ),
    "Shelf.books": ("shelf", lambda app, actor, parents: app.read.books.of_shelves(actor, parents, BookQuery(), FIRST)),
    "Workspace.authors": (
        "workspace",
        lambda app, actor, parents: app.read.authors.of_workspaces(actor, parents, AuthorQuery(), FIRST),
    ),
    "Workspace.batchRuns": (
        "workspace",
        lambda app, actor, parents: app.read.batch_runs.of_workspaces(actor, parents, FIRST),
    ),
    "Workspace.books": (
        "workspace",
        lambda app, actor, parents: app.read.books.of_workspaces(actor, parents, BookQuery(), FIRST),
    ),
    "Workspace.members": (
        "workspace",
        lambda app, actor, parents: app.read.members.of_workspaces(actor, parents, MemberQuery(), FIRST),
    ),
    "Workspace.shelves": (
        "workspace",
        lambda app, actor, parents: app.read.shelves.of_workspaces(actor, parents, ShelfQuery(), FIRST),
    ),
    "Workspace.tags": (
        "workspace",
        lambda app, actor, parents: app.read.tags.of_workspaces(actor, parents, TagQuery(), FIRST),
    ),
}


async def parents(world: LibraryWorld, kind: str) -> list[Any]:
    """Two, each with something under it."""
    if kind in ("batch_run", "workspace"):
        runs = await batch_runs(world)
        if kind == "batch_run":
            return runs
    if kind == "author":
        await world.store(
            *(BookFactory(shelf=place.shelf, author_id=place.author.id) for place in (world.here, world.elsewhere))
        )
    return [getattr(place, kind) for place in (world.here, world.elsewhere)]


async def batch_runs(world: LibraryWorld) -> list[Any]:
    """A batch run here and one elsewhere, each with a skipped row of its own."""
    made = [
        BatchRunFactory(workspace=place.workspace, started_by_id=place.people[Role.OWNER].id)
        for place in (world.here, world.elsewhere)
    ]
    async with world.engine.begin() as connection:
        repository = SqlBatchRunRepository(connection)
        await repository.add_all(made)
        for index, run in enumerate(made):
            await repository.add_skips(run, [BatchSkipFactory(workspace_id=run.workspace_id, index=index)])
    return made


@pytest.mark.parametrize("name", BATCHES)
async def test_a_parent_given_twice_is_answered_twice(world: LibraryWorld, name: str) -> None:
    kind, batch = BATCHES[name]
    one, other = await parents(world, kind)
    await expect_an_answer_for_each(world.app, batch, one, other)


async def test_ids_given_twice_are_answered_once(world: LibraryWorld) -> None:
    read: Any = world.app.read
    ids = [world.here.book.id, world.elsewhere.book.id, world.here.book.id]
    found = await read.books.by_ids(Actor.system(), ids)
    assert found == {book.id: book for book in (world.here.book, world.elsewhere.book)}
