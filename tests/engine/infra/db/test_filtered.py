"""The two forms of a page with a filter give one answer, and a list chooses between them."""

from dataclasses import dataclass, replace
from datetime import date
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Select, select

from domain.shared.errors import ErrorCode
from domain.shared.pages import Page, Sort
from infra.db.filter_values import FoundIds
from infra.db.filtered import (
    MOST_COST,
    MOST_REMEMBERED,
    REFUSED_SECONDS,
    FilteredRead,
    FilteredRows,
    FilterTooBroad,
    Remembered,
    shape_of,
)
from infra.db.keyset import KeysetPlan
from infra.db.keyset_statements import Parts
from infra.db.pages import PageRows
from infra.db.read import ReadSession
from tests.engine.infra.db.keyset_items import (
    ALL_ROWS,
    ROWS,
    ItemRow,
    Order,
    explain,
    few,
    fill,
    item,
    items,
    keysets,
    page,
    plan,
    rows_read,
    sorts,
)

MODULE = "infra.db.filtered"
BY_CREATION = [Sort(by=Order.CREATED_AT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilter:
    and_: "tuple[ItemFilter, ...] | None" = None
    number: int | None = None
    due: date | None = None


def read_of(
    reads: ReadSession,
    wanted: KeysetPlan,
    rows: Select[Any] = ROWS,
    *,
    parts: Parts | None = None,
    of_parent: Any = None,
    filter: ItemFilter = ItemFilter(number=7),
    most: int = 3,
    **params: Any,
) -> FilteredRead:
    return FilteredRead(
        reads=reads,
        plan=wanted,
        rows=FilteredRows(*[rows.where(ItemRow.number >= 0)] * 3),
        branches=(),
        parts=parts,
        parent=of_parent,
        params=params,
        most=most,
        filter=filter,
        narrowing=("number", "due"),
    )


def built(pages: PageRows | None) -> list[Page[str]]:
    assert pages is not None
    return pages.of_entities(lambda row: row[0])


def shown(pages: PageRows | None) -> list[Any]:
    return [(each.nodes, list(each.cursors), each.page_info) for each in built(pages)]


@few
@given(
    items=items(parents="abc"),
    sort=sorts,
    size=st.integers(1, 3),
    is_backward=st.booleans(),
    keyset=keysets,
    data=st.data(),
)
async def test_both_forms_give_the_same_pages(engine, reads, items, sort, size, is_backward, keyset, data):
    await fill(engine, items)
    request: dict[str, Any] = {"last" if is_backward else "first": size}
    start = list((await page(reads, sort, first=100, keyset=keyset)).cursors)
    parents = ["b", "nobody", "a", "b", "c"]
    if start and data.draw(st.booleans()):
        parents = ["a"]
        request["before" if is_backward else "after"] = data.draw(st.sampled_from(start))
    wanted = plan(sort, parents=parents, keyset=keyset, **request)
    for read in (
        read_of(reads, wanted, parent=parents[0], most=99),
        read_of(reads, wanted, ALL_ROWS, parts=Parts(ItemRow.parent, "chosen"), chosen=["a", "c"], most=99),
        read_of(reads, wanted, ALL_ROWS, of_parent=ItemRow.parent, most=99),
    ):
        assert shown(await read.fenced(60)) == shown(await read.plain(60))


@pytest.fixture
async def three(engine, reads, monkeypatch) -> FilteredRead:
    """A read of three items, which no busy machine makes too slow."""
    monkeypatch.setattr(f"{MODULE}.SECONDS", 60)
    await fill(engine, [item(id=f"i{number}") for number in range(3)])
    return read_of(reads, plan(BY_CREATION), ALL_ROWS)


async def rows_charged(reads: ReadSession, read: FilteredRead, remembered: Remembered) -> int:
    async with reads.scope() as scope:
        [got] = built(await read.pages(remembered, "order"))
        assert len(got.nodes) in (0, 3)
        return scope.rows_read


async def test_a_fast_plain_form_is_all_that_is_needed(three, monkeypatch):
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 60)
    remembered = Remembered()
    [got] = built(await three.pages(remembered, "order"))
    assert got.nodes == ["i0", "i1", "i2"]
    assert len(remembered) == 0


async def test_a_slow_plain_form_is_left_out_the_next_time(three, monkeypatch):
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 0)
    monkeypatch.setattr(f"{MODULE}.QUICK_SECONDS", 60)
    remembered = Remembered()
    first = await three.pages(remembered, "order")
    assert len(remembered) == 1
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 60)
    monkeypatch.setattr(FilteredRead, "plain", None)
    assert shown(await three.pages(remembered, "order")) == shown(first)
    with pytest.raises(TypeError):
        await three.pages(remembered, "another order")


async def test_a_slow_fenced_form_is_not_remembered(three, monkeypatch):
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 0)
    monkeypatch.setattr(f"{MODULE}.QUICK_SECONDS", 0)
    remembered = Remembered()
    assert len(await three.pages(remembered, "order")) == 1
    assert len(remembered) == 0


async def test_too_many_matches_are_left_to_the_plain_form(three, monkeypatch):
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 0)
    two = replace(three, most=2)
    got = await two.pages(Remembered(), "order")
    assert built(got)[0].nodes == ["i0", "i1", "i2"]
    assert (await two.sorted_pages(Remembered(), "order"), await two.holds_at_most()) == (None, False)
    assert await three.holds_at_most()
    assert shown(await three.sorted_pages(Remembered(), "order")) == shown(got)


@pytest.mark.parametrize("is_empty", [False, True])
async def test_both_forms_cost_the_same(engine, reads, three, monkeypatch, is_empty):
    if is_empty:
        await fill(engine, [])
    costs = []
    for first, most in ((60, 3), (0, 3), (0, 2)):
        monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", first)
        costs.append(await rows_charged(reads, replace(three, most=most), Remembered()))
    assert costs == [0 if is_empty else 3] * 3


@pytest.mark.parametrize(
    ("filter", "condition"),
    [
        (ItemFilter(), "a condition on NUMBER"),
        (ItemFilter(number=1), "a condition on DUE"),
        (ItemFilter(number=1, due=date(2024, 1, 1)), "more conditions"),
    ],
)
async def test_a_filter_without_an_answer_in_time_is_refused(reads, three, monkeypatch, filter, condition):
    monkeypatch.setattr(f"{MODULE}.SECONDS", 0)
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 0)
    read = read_of(reads, plan(BY_CREATION), ALL_ROWS, filter=filter)
    for refused in (read.pages(Remembered(), "order"), read.sorted_pages(Remembered(), "order")):
        with pytest.raises(FilterTooBroad) as error:
            await refused
        assert (error.value.failure, error.value.path) == (ErrorCode.FILTER_TOO_BROAD, ("filter",))
        assert error.value.message_with(str.upper) == (
            f"This filter takes too long for so many items. Add {condition}."
        )


async def test_a_form_that_costs_too_much_is_refused_before_the_work(three, monkeypatch):
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 0)
    monkeypatch.setattr(FilteredRead, "fenced", None)
    monkeypatch.setattr(f"{MODULE}.MOST_COST", 0.01)
    remembered = Remembered()
    for last, is_refused in ((0, True), (60, True), (60, False)):
        monkeypatch.setattr(f"{MODULE}.LAST_SECONDS", last)
        if is_refused:
            # Once refused, a filter is not tried again so soon.
            with pytest.raises(FilterTooBroad):
                await three.pages(remembered, "order")
        else:
            assert len(await three.pages(Remembered(), "order")) == 1
    with pytest.raises(FilterTooBroad):
        await three.sorted_pages(Remembered(), "order")


async def test_a_filter_like_a_refused_one_is_tried_only_if_it_costs_less(three, monkeypatch):
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 0)
    monkeypatch.setattr(f"{MODULE}.SECONDS", 0)
    remembered = Remembered()
    with pytest.raises(FilterTooBroad):
        await three.pages(remembered, "order")
    monkeypatch.setattr(f"{MODULE}.SECONDS", 60)
    with pytest.raises(FilterTooBroad):
        await three.pages(remembered, "order")
    assert len(await three.pages(remembered, "another order")) == 1

    async def less(read: FilteredRead) -> float:
        return 0.01

    monkeypatch.setattr(FilteredRead, "_cost", less)
    assert len(await three.pages(remembered, "order")) == 1


def test_a_refusal_is_forgotten_after_a_while(monkeypatch):
    remembered = Remembered()
    remembered.add("shape")
    remembered.refuse("shape", 100.0)
    assert ("shape" in remembered, remembered.most_cost("shape")) == (False, 50.0)
    monkeypatch.setattr(f"{MODULE}.monotonic", lambda: monotonic() + REFUSED_SECONDS + 1)
    assert remembered.most_cost("shape") == remembered.most_cost("another") == MOST_COST


async def test_an_estimated_cost_is_not_charged(reads, three):
    async with reads.scope() as scope:
        assert await reads.cost(select(ItemRow.id)) > 0
        assert scope.rows_read == 0


async def test_the_fenced_form_of_one_list_counts_its_items(engine, reads, monkeypatch):
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 0)
    monkeypatch.setattr(f"{MODULE}.SECONDS", 60)
    monkeypatch.setattr("infra.db.totals.COUNT_SECONDS", 0)
    await fill(engine, [item(id=f"i{number}", parent="a" if number else "b") for number in range(6)])
    read = read_of(reads, plan(BY_CREATION, first=2, is_counted=True), parent="a", most=9)
    [alone] = built(await read.pages(Remembered(), "order"))
    assert (len(alone.nodes), alone.total_count, alone.total_count_is_exact) == (2, 5, True)
    wanted = plan(BY_CREATION, parents=["a", "b"], first=2, is_counted=True)
    read = read_of(reads, wanted, ALL_ROWS, of_parent=ItemRow.parent, most=9)
    first, second = built(await read.pages(Remembered(), "order"))
    assert (first.total_count_is_exact, second.total_count_is_exact) == (False, True)


async def test_a_count_like_one_that_was_too_slow_is_left_out(engine, reads, three, monkeypatch):
    monkeypatch.setattr(f"{MODULE}.FIRST_SECONDS", 60)
    await fill(engine, [item(id=f"i{number}") for number in range(6)])
    read = replace(three, plan=plan(BY_CREATION, first=2, is_counted=True))
    remembered = Remembered()

    async def totals(seconds: float) -> list[tuple[int | None, bool]]:
        monkeypatch.setattr("infra.db.totals.COUNT_SECONDS", seconds)
        pages = await read.counted(await read.pages(remembered, "order"), None, remembered)
        return list(zip(pages.totals, pages.are_exact, strict=True))

    assert await totals(60) == [(6, True)]
    assert await totals(0) == [(3, False)]
    assert await totals(60) == [(3, False)]

    async def less(read: FilteredRead) -> float:
        return 0.01

    monkeypatch.setattr(FilteredRead, "_cost_of_count", less)
    assert await totals(60) == [(6, True)]


def test_a_shape_has_no_values():
    one = ItemFilter(and_=(ItemFilter(number=1), ItemFilter(due=date(2024, 1, 1))))
    assert shape_of(one) == shape_of(ItemFilter(and_=(ItemFilter(number=2), ItemFilter(due=date(2023, 1, 1)))))
    assert shape_of(FoundIds(["a"])) == shape_of(FoundIds()) != shape_of("text")
    for other in (ItemFilter(), ItemFilter(number=1), ItemFilter(and_=(ItemFilter(number=1),))):
        assert shape_of(other) != shape_of(one)


def test_the_least_recently_used_shapes_are_forgotten():
    remembered = Remembered()
    for shape in range(MOST_REMEMBERED):
        remembered.add(shape)
    assert 0 in remembered
    remembered.add("new")
    assert (0 in remembered, 1 in remembered, "new" in remembered) == (True, False, True)
    remembered.discard("new")
    assert "new" not in remembered
    assert len(remembered) == MOST_REMEMBERED - 1


async def test_the_fenced_form_does_not_walk_the_index_of_the_order(engine, reads, crowd):
    """One of 200,000 rows matches, and PostgreSQL expects 1,000 of them."""
    wanted = plan(BY_CREATION)
    rows = ALL_ROWS.where(ItemRow.number % 200 == 199, ItemRow.number == 199_999)
    fenced = wanted.fenced(rows, parts=None, parent=None, most=1_000)
    nodes = await explain(engine, fenced.statement, wanted.params)
    assert "keyset_item_created_at_id_idx" not in {node.get("Index Name") for node in nodes}
    assert max(node["Actual Rows"] for node in nodes if node["Node Type"] == "CTE Scan") == 1


async def test_the_fence_stops_at_the_largest_number(engine, reads, crowd):
    wanted = plan(BY_CREATION)
    fenced = wanted.fenced(ALL_ROWS.where(ItemRow.number % 2 == 0), parts=None, parent=None, most=1_000)
    nodes = await explain(engine, fenced.statement, wanted.params)
    assert max(rows_read(node) for node in nodes if "Relation Name" in node) < 3_000
