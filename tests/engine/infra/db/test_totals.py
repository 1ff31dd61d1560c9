"""Numbers of items: exact up to a bound, then a bound, and never the reason why a page fails."""

from collections.abc import Sequence

import pytest
from sqlalchemy import func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.pages import MOST_COUNTED
from infra.db import totals
from infra.db.read import ReadSession
from tests.engine.infra.db.keyset_items import ALL_ROWS, NOON, ROWS, ItemRow, fill, page, plan, run

SIZES = {"few": 2, "most": MOST_COUNTED, "more": MOST_COUNTED + 1}


@pytest.fixture(scope="module")
async def crowded(engine: AsyncEngine) -> None:
    """Items under parents by the names in SIZES."""
    await fill(engine, [])
    for parent, size in SIZES.items():
        number = func.generate_series(1, size).column_valued("number")
        row = {"id": func.concat(parent, number), "parent": literal(parent), "created_at": literal(NOON)}
        row |= {"number": number}
        await run(engine, insert(ItemRow).from_select(list(row), select(*row.values())))


async def test_lists_are_counted_up_to_a_bound(reads: ReadSession, crowded: None) -> None:
    wanted = plan([], parents=list(SIZES), first=1, is_counted=True)
    pages = await wanted.pages(reads, ALL_ROWS, lambda row: row[0], parent=ItemRow.parent)
    under = dict(zip(SIZES, pages, strict=True))
    alone = {parent: await page(reads, [], parent=parent, first=1, is_counted=True) for parent in SIZES}
    for found in (under, alone):
        got = {parent: (each.total_count, each.total_count_is_exact) for parent, each in found.items()}
        assert got == {"few": (2, True), "most": (MOST_COUNTED, True), "more": (MOST_COUNTED, False)}


async def test_a_count_that_takes_too_long_gives_what_the_page_shows(
    reads: ReadSession, crowded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "COUNT_SECONDS", 0)
    wanted = plan([], parents=["more", "few"], first=3, is_counted=True)
    more, few = await wanted.pages(reads, ALL_ROWS, lambda row: row[0], parent=ItemRow.parent)
    alone = await plan([], parents=["more"], first=3, is_counted=True).page(reads, ROWS, tuple, parent="more")
    for found in (more, alone):
        assert (len(found.nodes), found.total_count, found.total_count_is_exact) == (3, 4, False)
    assert (few.total_count, few.total_count_is_exact) == (2, True)


async def test_stored_sizes_take_the_place_of_a_count(reads: ReadSession, crowded: None) -> None:
    async def sizes(parents: Sequence[str]) -> dict[str, int]:
        asked.append(list(parents))
        return dict.fromkeys(parents, 12_345)

    asked: list[list[str]] = []
    wanted = plan([], parents=["more", "few"], first=3, is_counted=True)
    pages = await wanted.pages(reads, ALL_ROWS, lambda row: row[0], parent=ItemRow.parent, sizes=sizes)
    assert [(each.total_count, each.total_count_is_exact) for each in pages] == [(12_345, True), (2, True)]
    assert asked == [["more"]]
