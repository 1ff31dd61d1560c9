from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.issues.model import Issue
from domain.issues.priorities import Priority
from infra.db.grams import grams_of
from infra.db.list_sizes import ListSizes
from infra.issues.repository import SqlIssueRepository
from infra.seed.repository import SqlSeedRepository
from infra.transfers.store import SqlImportStore
from tests.factories.moments import MADE
from tests.transactions import transaction

Words = tuple[str, list[str]]  # words of title and description, and trigrams of the title

BLUE_DOOR = ("'blue':1 'door':2", grams_of("Blue door"))
RED_DOOR = ("'door':2 'red':1", grams_of("Red door"))


async def words(engine: AsyncEngine) -> list[Words]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT words::text, title_grams FROM issue_words ORDER BY issue_id"))
        return [tuple(row) for row in rows]


async def versions(engine: AsyncEngine) -> list[str]:
    """The transactions that wrote the rows."""
    async with engine.connect() as connection:
        return list(await connection.scalars(text("SELECT xmin::text FROM issue_words ORDER BY issue_id")))


@pytest.fixture
async def stored(engine: AsyncEngine, issue: Issue) -> Issue:
    async with engine.begin() as connection:
        await SqlIssueRepository(connection, ListSizes()).add(issue)
    return issue


async def save(engine: AsyncEngine, before: Issue, after: Issue) -> None:
    async with engine.begin() as connection:
        await SqlIssueRepository(connection, ListSizes()).save(before, after)


async def test_a_new_issue_has_words(engine, stored):
    assert await words(engine) == [BLUE_DOOR]


async def test_the_seed_and_the_import_write_words(engine, issue):
    other = replace(issue, id=f"{issue.id[:-4]}zzzz", number=issue.number + 1, title="Red door")
    async with transaction(engine) as connection:
        await SqlSeedRepository(connection, ListSizes()).add_issues([issue], assignees={}, labels={}, comments=[])
        await SqlImportStore(connection, ListSizes()).add_issues([other])
    assert sorted(await words(engine)) == sorted([BLUE_DOOR, RED_DOOR])


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({"title": "Red door"}, RED_DOOR),
        ({"description": "Opens left."}, ("'blue':1 'door':2 'left':4 'opens':3", BLUE_DOOR[1])),
        ({"title": "RED DOOR"}, RED_DOOR),
    ],
)
async def test_a_new_title_or_description_changes_the_words(engine, stored, changes, after):
    await save(engine, stored, replace(stored, **changes))
    assert await words(engine) == [after]


async def test_an_import_that_changes_an_issue_changes_its_words(engine, stored):
    async with engine.begin() as connection:
        await SqlImportStore(connection, ListSizes()).save_issues(
            [(stored, replace(stored, title="Red door"))], now=MADE
        )
    assert await words(engine) == [RED_DOOR]


async def test_other_changes_leave_the_words_as_they_were_written(engine, stored):
    before = await versions(engine)
    urgent = replace(stored, priority=Priority.URGENT)
    await save(engine, stored, urgent)
    async with engine.begin() as connection:
        await SqlImportStore(connection, ListSizes()).save_issues(
            [(urgent, replace(urgent, priority=Priority.LOW))], now=MADE
        )
    assert await versions(engine) == before


async def test_a_deleted_issue_has_no_words(engine, stored):
    async with engine.begin() as connection:
        await SqlIssueRepository(connection, ListSizes()).purge(stored)
    assert await words(engine) == []
