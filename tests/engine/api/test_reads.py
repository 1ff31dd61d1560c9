"""Lookups by ID on `App.read` find only objects that the actor may see, for every caller."""

from inspect import getmembers, ismethod
from typing import Any

import pytest

from domain.shared.actor import Actor, Role
from infra.batches.repository import SqlBatchRunRepository
from tests.architecture.test_readers import LOOKUP_NAME, UNCHECKED_IDS
from tests.factories.batches import BatchRunFactory
from tests.sample.factories import BookFactory
from tests.sample.world import Library, LibraryWorld

OF_MANY_KINDS = "names.by_ids"
LOOKUPS = ("authors", "batch_runs", "books", "members", "shelves", "tags", "users", "workspaces")
"""Readers with `by_ids`."""


async def an_id(world: LibraryWorld, library: Library, reader: str) -> str:
    """ID of an object of the library that the reader finds."""
    if reader == "batch_runs":
        started_by = library.people[Role.OWNER].id
        run = BatchRunFactory(workspace=library.workspace, started_by_id=started_by)
        async with world.engine.begin() as connection:
            await SqlBatchRunRepository(connection).add_all([run])
        return str(run.id)
    found = {
        "authors": library.author,
        "books": library.book,
        "members": library.members[Role.ADMIN],
        "shelves": library.shelf,
        "tags": library.tag,
        "users": library.people[Role.GUEST],
        "workspaces": library.workspace,
    }
    return str(found[reader].id)


def test_every_lookup_is_tried(world: LibraryWorld) -> None:
    offered = {
        f"{name}.{verb}"
        for name, reader in vars(world.app.read).items()
        for verb, _ in getmembers(reader, ismethod)
        if LOOKUP_NAME.fullmatch(verb) and not verb.startswith("_")
    }
    assert offered - {*UNCHECKED_IDS, OF_MANY_KINDS} == {f"{reader}.by_ids" for reader in LOOKUPS}


@pytest.mark.parametrize("reader", LOOKUPS)
async def test_a_lookup_finds_what_is_visible_alone(world: LibraryWorld, reader: str) -> None:
    here, elsewhere = [await an_id(world, library, reader) for library in (world.here, world.elsewhere)]
    by_ids = getattr(world.app.read, reader).by_ids
    assert (await by_ids(world.owner.actor, [here, elsewhere])).keys() == {here}
    assert await by_ids(world.client(None).actor, [here]) == {}
    assert (await by_ids(Actor.system(), [here, elsewhere])).keys() == {here, elsewhere}


@pytest.mark.parametrize("reader", ["books", "shelves"])
async def test_a_lookup_of_a_guest_finds_nothing_of_other_areas(world: LibraryWorld, reader: str) -> None:
    book = BookFactory(shelf=world.here.other_shelf)
    await world.store(book)
    hidden = {"books": book.id, "shelves": world.here.other_shelf.id}[reader]
    seen = await an_id(world, world.here, reader)
    by_ids = getattr(world.app.read, reader).by_ids
    assert (await by_ids(world.client(Role.GUEST).actor, [hidden, seen])).keys() == {seen}
    assert (await by_ids(world.member.actor, [hidden, seen])).keys() == {hidden, seen}


@pytest.mark.parametrize("reader", ["authors", "shelves", "tags"])
async def test_names_are_those_of_visible_objects(world: LibraryWorld, reader: str) -> None:
    here, elsewhere = [await an_id(world, library, reader) for library in (world.here, world.elsewhere)]
    names = world.app.read.names.by_ids
    assert (await names(world.owner.actor, [here, elsewhere])).keys() == {here}
    assert await names(world.client(None).actor, [here]) == {}
    assert (await names(Actor.system(), [here, elsewhere])).keys() == {here, elsewhere}


async def test_a_guest_reads_no_name_of_other_areas(world: LibraryWorld) -> None:
    here = world.here
    seen, hidden = {here.shelf.id, here.author.id, here.tag.id}, here.other_shelf.id
    names: Any = world.app.read.names.by_ids
    assert (await names(world.client(Role.GUEST).actor, sorted({*seen, hidden}))).keys() == seen
    assert (await names(world.member.actor, sorted({*seen, hidden}))).keys() == {*seen, hidden}
