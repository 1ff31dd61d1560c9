"""Readers answer a projection with rows that have the same values as the entities, for members and for guests."""

from collections.abc import Sequence
from datetime import date, timedelta
from inspect import getmembers, ismethod, signature
from random import Random
from typing import Any

import pytest

from domain.accounts.model import User
from domain.shared.actor import Actor, Role
from domain.shared.filters import OrderComparator, TextComparator
from domain.shared.pages import Direction, Sort
from domain.workspaces.model import Member, Workspace
from domain.workspaces.queries import MemberQuery
from tests.factories.moments import MADE
from tests.rows_of_readers import Reading, compare_lists, compare_lookups, compare_pages, compare_walks
from tests.sample.domain.conditions import Condition
from tests.sample.domain.model import Author, Book, Shelf, Tag
from tests.sample.domain.queries import (
    AuthorQuery,
    BookFilter,
    BookOrder,
    BookQuery,
    ShelfOrder,
    ShelfQuery,
    TagFilter,
    TagQuery,
)
from tests.sample.factories import BookFactory
from tests.sample.world import LibraryWorld

PAGES: dict[str, tuple[type[Any], type[Any], Sequence[Any]]] = {
    "books.of_workspaces": (
        Workspace,
        Book,
        [
            BookQuery(),
            BookQuery(includes_archived=True, sort=(Sort(by=BookOrder.CONDITION, direction=Direction.DESC),)),
            BookQuery(filter=BookFilter(title=TextComparator(contains="ook"))),
            BookQuery(
                filter=BookFilter(condition=OrderComparator(gte=Condition.FAIR)),
                sort=(Sort(by=BookOrder.DUE_ON), Sort(by=BookOrder.CONDITION)),
            ),
        ],
    ),
    "books.of_shelves": (Shelf, Book, [BookQuery(), BookQuery(sort=(Sort(by=BookOrder.TITLE),))]),
    "books.of_authors": (Author, Book, [BookQuery(), BookQuery(sort=(Sort(by=BookOrder.CONDITION),))]),
    "books.volumes_of_books": (Book, Book, [BookQuery(includes_archived=True)]),
    "authors.of_workspaces": (Workspace, Author, [AuthorQuery()]),
    "shelves.of_workspaces": (
        Workspace,
        Shelf,
        [ShelfQuery(), ShelfQuery(sort=(Sort(by=ShelfOrder.CREATED_AT, direction=Direction.DESC),))],
    ),
    "tags.of_workspaces": (
        Workspace,
        Tag,
        [TagQuery(), TagQuery(filter=TagFilter(name=TextComparator(contains="a")))],
    ),
    "members.of_workspaces": (Workspace, Member, [MemberQuery()]),
}
"""Reader of pages -> parents, items, queries."""
LOOKUPS: dict[str, type[Any]] = {
    "authors.by_ids": Author,
    "books.by_ids": Book,
    "members.by_ids": Member,
    "shelves.by_ids": Shelf,
    "tags.by_ids": Tag,
    "users.named_by_ids": User,
    "workspaces.by_ids": Workspace,
}
READERS = {Author: "authors", Book: "books", Shelf: "shelves", Workspace: "workspaces"}
TAGS_OF_BOOKS = "books.tags_of_books"


@pytest.fixture(
    params=[
        "guest",
        pytest.param("owner", marks=pytest.mark.verify),
        pytest.param("system", marks=pytest.mark.verify),
    ]
)
async def reading(request: pytest.FixtureRequest, world: LibraryWorld) -> Reading:
    """The world with random books on both shelves."""
    here, random = world.here, Random(7)
    books = [here.book, here.volume]
    for number in range(10):
        above = random.choice([None, *(each for each in books if each.shelf_id == here.shelf.id)])
        books.append(
            BookFactory(
                shelf=random.choice([here.shelf, here.other_shelf]) if above is None else here.shelf,
                title=f"Book {number}",
                parent_id=None if above is None else above.id,
                author_id=random.choice([None, here.author.id]),
                condition=random.choice([None, *Condition]),
                due_on=random.choice([None, date(2026, 1, 1) + timedelta(days=number)]),
                archived_at=random.choice([None, None, MADE]),
            )
        )
    await world.store(*books[2:])
    for book in books[2:]:
        if random.random() < 0.5:
            await world.tagged(book, here.tag)
    people = [*here.people.values(), *here.members.values()]
    objects = [here.workspace, *people, here.author, here.tag, here.shelf, here.other_shelf, *books]
    actors = {
        "guest": world.client(Role.GUEST).actor,
        "owner": world.owner.actor,
        "system": Actor.system(),
    }
    return Reading(app=world.app, actor=actors[request.param], random=Random(2), objects=objects, readers=READERS)


def test_every_reader_that_takes_a_projection_is_tried(world: LibraryWorld) -> None:
    taking = {
        f"{name}.{verb}"
        for name, reader in vars(world.app.read).items()
        for verb, method in getmembers(reader, ismethod)
        if "projection" in signature(method).parameters and not verb.startswith("_")
    }
    assert taking == {*LOOKUPS, TAGS_OF_BOOKS}


async def test_rows_by_id_are_the_entities(reading: Reading) -> None:
    for name, kind in LOOKUPS.items():
        await compare_lookups(reading, reading.method(name), kind)


async def test_lists_of_rows_are_those_of_entities(reading: Reading) -> None:
    await compare_lists(reading, reading.method(TAGS_OF_BOOKS), Book, Tag)


async def test_pages_of_rows_are_those_of_entities(reading: Reading) -> None:
    for name, (parent, kind, queries) in PAGES.items():
        parents = await reading.parents(parent)
        reading.random.shuffle(parents)
        for query in queries:
            await compare_pages(reading, reading.method(name), parents, kind, query)


async def test_pages_of_rows_lead_through_a_list_both_ways(reading: Reading) -> None:
    for name, (parent, _, queries) in PAGES.items():
        for query, above in [(query, above) for query in queries for above in await reading.parents(parent)]:
            await compare_walks(reading, reading.method(name), above, query)
