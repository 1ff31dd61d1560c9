import base64
import logging
from datetime import UTC, date, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Float, Select, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import asyncpg

from domain.shared.errors import ErrorCode, InvalidInput
from domain.shared.pages import Direction, Nulls, Sort
from infra.db.keyset import MOST_KEYS, Keyset
from infra.db.keyset_statements import Parts, count
from infra.db.statements import Statements
from tests.engine.infra.db.keyset_items import (
    ALL_ROWS,
    COLUMNS,
    NOON,
    ROWS,
    Item,
    ItemRow,
    Order,
    Rank,
    branches,
    explain,
    explained,
    few,
    fill,
    in_order,
    item,
    items,
    keysets,
    page,
    parent_sets,
    plan,
    rows_read,
    run,
    sorts,
)


class TestPaging:
    @few
    @given(items=items(), sort=sorts, size=st.integers(1, 5), keyset=keysets, branches=branches)
    async def test_pages_add_up_to_the_sorted_list_both_ways(self, engine, reads, items, sort, size, keyset, branches):
        await fill(engine, items)
        expected = in_order(items, sort, keyset=keyset)
        form = {"keyset": keyset, "branches": branches}
        forward, after, is_last = [], None, False
        while not is_last:
            got = await page(reads, sort, first=size, after=after, is_counted=True, **form)
            forward += got.nodes
            assert got.total_count == len(items)
            assert got.has_previous_page is (after is not None)
            assert got.has_next_page is (len(forward) < len(items))
            after, is_last = got.page_info.end_cursor, not got.has_next_page
        assert forward == expected
        backward, before, is_last = [], None, False
        while not is_last:
            got = await page(reads, sort, last=size, before=before, **form)
            backward[:0] = got.nodes
            assert got.has_next_page is (before is not None)
            assert got.has_previous_page is (len(backward) < len(items))
            before, is_last = got.page_info.start_cursor, not got.has_previous_page
        assert backward == expected

    @few
    @given(items=items(), sort=sorts, size=st.integers(1, 4), data=st.data())
    async def test_untouched_rows_come_exactly_once_whatever_happens_between_pages(
        self, engine, reads, items, sort, size, data
    ):
        await fill(engine, items)
        touched = {item.id for item in items if data.draw(st.booleans())}
        untouched = [item for item in items if item.id not in touched]
        seen, after, is_last, turn = [], None, False, 0
        while not is_last:
            got = await page(reads, sort, first=size, after=after)
            seen += got.nodes
            after, is_last, turn = got.page_info.end_cursor, not got.has_next_page, turn + 1
            victims = [touched.pop()] if touched else []
            newcomer = Item(
                id=f"i{data.draw(st.integers(0, 99))}-{turn}", parent="a", created_at=NOON, due=None, rank=Rank.LOW,
                name="a", number=0,
            )  # fmt: skip
            if turn <= len(items):
                await run(engine, insert(ItemRow).values(newcomer.row))
            if turn % 2:
                await run(engine, delete(ItemRow).where(ItemRow.id.in_(victims)))
            else:
                await run(engine, update(ItemRow).where(ItemRow.id.in_(victims)).values(due=date(1, 1, 1), name=None))
        stable = {item.id for item in untouched}
        assert [id_ for id_ in seen if id_ in stable] == in_order(untouched, sort)

    @few
    @given(
        items=items(parents="abc"),
        sort=sorts,
        size=st.integers(1, 3),
        is_backward=st.booleans(),
        branches=branches,
        data=st.data(),
    )
    async def test_lists_under_many_parents_equal_those_under_each(
        self, engine, reads, items, sort, size, is_backward, branches, data
    ):
        await fill(engine, items)
        request: dict[str, Any] = {"last" if is_backward else "first": size}
        start = (await page(reads, sort, parent="a", first=100)).cursors
        parents = data.draw(st.sampled_from([["b", "nobody", "a", "b", "c"], ["b", "a"], ["a"]]))
        if start and data.draw(st.booleans()):
            parents = ["a"]
            request["before" if is_backward else "after"] = data.draw(st.sampled_from(list(start)))
        wanted = plan(sort, parents=parents, is_counted=True, **request)
        pages = await wanted.pages(reads, ALL_ROWS, lambda row: row[0], parent=ItemRow.parent, branches=branches)
        for parent, got in zip(parents, pages, strict=True):
            one = await page(reads, sort, parent=parent, is_counted=True, **request)
            assert (got.nodes, list(got.cursors)) == (one.nodes, list(one.cursors))
            assert (got.has_next_page, got.has_previous_page) == (one.has_next_page, one.has_previous_page)
            assert got.total_count == one.total_count == sum(item.parent == parent for item in items)

    @few
    @given(
        items=items(parents="abcd"),
        sort=sorts,
        size=st.integers(1, 3),
        is_backward=st.booleans(),
        branches=branches,
        parents=parent_sets,
    )
    async def test_a_list_of_parts_is_the_list_without_the_rest(
        self, engine, reads, items, sort, size, is_backward, branches, parents
    ):
        await fill(engine, items)
        expected = in_order([item for item in items if item.parent in parents], sort)
        seen, cursor, is_last = [], None, False
        while not is_last:
            request = {"last": size, "before": cursor} if is_backward else {"first": size, "after": cursor}
            wanted = plan(sort, is_counted=True, **request)
            parts = {"parts": Parts(ItemRow.parent, "parents"), "parents": sorted(parents)}
            got = await wanted.page(reads, ALL_ROWS, lambda row: row[0], branches=branches, **parts)
            assert got.total_count == len(expected)
            seen = [*got.nodes, *seen] if is_backward else [*seen, *got.nodes]
            cursor = got.page_info.start_cursor if is_backward else got.page_info.end_cursor
            is_last = not (got.has_previous_page if is_backward else got.has_next_page)
        assert seen == expected

    async def test_selected_columns_come_first_and_keys_are_not_selected_twice(self, engine, reads):
        await fill(engine, [item(id="i1", due=date(2024, 1, 2))])
        sort = [Sort(by=Order.DUE), Sort(by=Order.NUMBER)]
        got = await plan(sort).page(reads, ROWS, tuple, parent="a")
        assert got.nodes == [("i1", date(2024, 1, 2), 7)]
        under, _ = await plan(sort, parents=["a", "b"]).pages(reads, ALL_ROWS, tuple, parent=ItemRow.parent)
        assert under.nodes == [("i1", date(2024, 1, 2), 7, "a")]

    async def test_the_default_size_holds_when_none_is_asked_for(self, engine, reads):
        await fill(engine, [item(id=f"i{number:03}") for number in range(60)])
        got = await page(reads, [])
        assert (len(got.nodes), got.has_next_page, got.total_count) == (50, True, None)


def packed(*parts: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()


BY_ALL = [Sort(by=Order.CREATED_AT), Sort(by=Order.DUE), Sort(by=Order.RANK), Sort(by=Order.NAME)]
SCOPE = plan(BY_ALL).scope_of("a")
VALUES = (1709208000000001, 738000, 1, "é", "i1")


class TestCursors:
    @few
    @given(
        created_at=st.datetimes(timezones=st.just(UTC)),
        due=st.none() | st.dates(),
        rank=st.none() | st.sampled_from(Rank),
        name=st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    )
    async def test_values_survive_exactly(self, engine, reads, created_at, due, rank, name):
        await fill(engine, [item(created_at=created_at, due=due, rank=rank, name=name)])
        got = await page(reads, BY_ALL)
        assert plan(BY_ALL, after=got.cursors[0]).after == (created_at, due, rank, name, "i1")
        assert (await page(reads, BY_ALL, after=got.cursors[0])).nodes == []
        assert list(got.cursors) == got.cursors[:] == [got.page_info.end_cursor]

    def test_the_well_formed_one_that_the_bad_ones_vary_is_accepted(self):
        assert plan(BY_ALL, after=packed(1, SCOPE, *VALUES)).after == (
            NOON + timedelta(microseconds=1), date(2021, 7, 29), Rank.LOW, "é", "i1",
        )  # fmt: skip

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "=",
            "a",
            "é",
            "\ud800",
            "not base64!",
            packed(1, SCOPE, *VALUES) + "\n",
            packed(1, SCOPE, *VALUES) + "=====",
            base64.urlsafe_b64encode(b"[" * 3000).decode(),
            base64.urlsafe_b64encode(b"1").decode(),
            base64.urlsafe_b64encode(b"{}").decode(),
            base64.urlsafe_b64encode(b"\xff").decode(),
            packed(),
            packed(1),
            packed(0, SCOPE, *VALUES),
            packed("1", SCOPE, *VALUES),
            packed(1, None, *VALUES),
            packed(1, SCOPE, *VALUES[:-1]),
            packed(1, SCOPE, *VALUES, None),
            packed(1, SCOPE, None, *VALUES[1:]),
            packed(1, SCOPE, True, *VALUES[1:]),
            packed(1, SCOPE, 1.5, *VALUES[1:]),
            packed(1, SCOPE, "2024-01-01", *VALUES[1:]),
            packed(1, SCOPE, 2**63, *VALUES[1:]),
            packed(1, SCOPE, -(2**63), *VALUES[1:]),
            packed(1, SCOPE, VALUES[0], 0, *VALUES[2:]),
            packed(1, SCOPE, VALUES[0], 2**40, *VALUES[2:]),
            packed(1, SCOPE, *VALUES[:2], 2**15, *VALUES[3:]),
            packed(1, SCOPE, *VALUES[:2], -(2**15) - 1, *VALUES[3:]),
            packed(1, SCOPE, *VALUES[:3], "\0", "i1"),
            packed(1, SCOPE, *VALUES[:3], [], "i1"),
            packed(1, SCOPE, *VALUES[:4], None),
            packed(1, SCOPE, *VALUES[:3], "x" * 9000, "i1"),
        ],
    )
    @pytest.mark.parametrize("field", ["after", "before"])
    def test_a_malformed_cursor_is_refused(self, cursor: str, field: str):
        with pytest.raises(InvalidInput, match="malformed") as refused:
            plan(BY_ALL, **{field: cursor})
        assert (refused.value.failure, refused.value.path) == (ErrorCode.INVALID_CURSOR, (field,))

    @pytest.mark.parametrize(
        ("sort", "scope", "parents"),
        [
            (BY_ALL[:-1], "items", ["a"]),
            ([*BY_ALL[:-1], Sort(by=Order.NAME, direction=Direction.DESC)], "items", ["a"]),
            ([*BY_ALL[:-1], Sort(by=Order.NAME, nulls=Nulls.FIRST)], "items", ["a"]),
            (BY_ALL, "others", ["a"]),
            (BY_ALL, "items", ["b"]),
            (BY_ALL, "items", ["a", "b"]),
        ],
    )
    def test_one_of_another_list_parent_filter_or_order_is_refused(
        self, sort: list[Sort[Order]], scope: str, parents: list[str]
    ):
        with pytest.raises(InvalidInput, match="another list") as refused:
            plan(sort, scope, parents, after=packed(1, SCOPE, *VALUES))
        assert (refused.value.failure, refused.value.path) == (ErrorCode.INVALID_CURSOR, ("after",))


class TestSorts:
    def test_a_key_twice_is_refused(self):
        with pytest.raises(InvalidInput, match="only once") as refused:
            plan([Sort(by=Order.DUE), Sort(by=Order.DUE, direction=Direction.DESC)])
        assert refused.value.path == ("sort",)

    def test_too_many_keys_are_refused(self):
        keys = [Sort(by=order) for order in Order]
        assert len(plan(keys[:MOST_KEYS]).keys) == MOST_KEYS + 1
        with pytest.raises(InvalidInput, match="At most 5") as refused:
            plan(keys)
        assert (refused.value.failure, refused.value.path) == (ErrorCode.LIMIT_EXCEEDED, ("sort",))

    def test_the_keys_of_a_sort_are_made_once(self):
        sorts = ([Sort(by=Order.DUE, direction=direction)] for direction in (*Direction, *Direction))
        up, down, again, *_ = [plan(sort).keys for sort in sorts]
        assert up is again
        assert [key.is_descending for key in (*up, *down)] == [False, False, True, True]

    def test_an_order_without_a_column_is_found_at_import(self):
        with pytest.raises(TypeError, match="Order has no column for LENGTH"):
            Keyset(Order, {order: column for order, column in COLUMNS.items() if order != Order.LENGTH},
                   id_column=ItemRow.id)  # fmt: skip

    def test_a_column_that_cannot_travel_is_found_at_import(self):
        with pytest.raises(TypeError, match="cannot be stored in a cursor"):
            Keyset(Order, {**COLUMNS, Order.LENGTH: func.sqrt(ItemRow.number, type_=Float)}, id_column=ItemRow.id)


class TestStatements:
    def test_pages_of_one_shape_share_one_statement(self):
        sort = [Sort(by=Order.DUE), Sort(by=Order.NUMBER, direction=Direction.DESC)]
        scope = plan(sort).scope_of("a")
        first = plan(sort, first=10, after=packed(1, scope, 738000, 1, "i1"))
        second = plan(sort, first=20, after=packed(1, scope, 738001, 2, "i2"))
        assert first.one(ROWS).statement is second.one(ROWS).statement
        assert first.params != second.params

    def test_statements_built_anew_share_one_compilation(self):
        def keys(numbers: int, size: int) -> tuple[Any, Any]:
            rows: Select[Any] = select(ItemRow.id).where(ItemRow.number == numbers)
            request = plan([Sort(by=Order.DUE, direction=Direction.DESC)], first=size)
            one, many = request.one(rows), request.per_parent(rows, parent=ItemRow.parent)
            return one.statement._generate_cache_key(), many.statement._generate_cache_key()

        assert keys(1, 10) == keys(2, 20)

    def test_an_order_of_one_direction_without_nulls_is_one_row_comparison(self):
        sort = [Sort(by=Order.NUMBER, direction=Direction.DESC), Sort(by=Order.CREATED_AT, direction=Direction.DESC)]
        wanted = plan(sort, after=packed(1, plan(sort).scope_of("a"), 1, 2, "i1"))
        sql = str(wanted.one(ROWS).statement.compile(dialect=asyncpg.dialect()))
        assert "UNION" not in sql
        assert "(keyset_item.number, keyset_item.created_at, keyset_item.id) < (" in sql

    @pytest.mark.parametrize("direction", Direction)
    @pytest.mark.parametrize("nulls", Nulls)
    def test_no_clause_on_nulls_keeps_a_plain_index_from_being_used(self, direction: Direction, nulls: Nulls):
        sort = [Sort(by=Order.DUE, direction=direction, nulls=nulls)]
        after_value = plan(sort, after=packed(1, plan(sort).scope_of("a"), 738000, "i1"))
        after_null = plan(sort, after=packed(1, plan(sort).scope_of("a"), None, "i1"))
        for wanted in (plan(sort), after_value, after_null):
            sql = str(wanted.one(ROWS).statement.compile(dialect=asyncpg.dialect()))
            assert "NULLS" not in sql.partition(") AS page")[0]


FILL_SKEWED = """INSERT INTO keyset_item (id, parent, created_at, number)
    SELECT 'i' || n, CASE WHEN n > 30000 THEN 'few' ELSE 'many' END, now(), n FROM generate_series(1, 30030) AS n"""
SKEWED = (
    "CREATE TEMPORARY TABLE keyset_item (LIKE public.keyset_item)",
    FILL_SKEWED,
    "CREATE INDEX ON keyset_item (parent, created_at, id)",
    "ANALYZE keyset_item",
)
CREATED, DUE = Order.CREATED_AT, Order.DUE
DESC, FIRST = Direction.DESC, Nulls.FIRST
TIE, TIE_START, TIE_END = "i000100000", "i000000004", "i000199998"
MOMENT, DAY = 1709208000000000, date(2024, 1, 3).toordinal()
DEEP_PAGES = {
    "first": ([Sort(by=CREATED, direction=DESC)], None),
    "amid ties": ([Sort(by=CREATED, direction=DESC)], (MOMENT, TIE)),
    "amid ties, upwards": ([Sort(by=CREATED)], (MOMENT, TIE)),
    "at the end of the ties": ([Sort(by=CREATED)], (MOMENT, TIE_END)),
    "at the beginning of the ties": ([Sort(by=CREATED, direction=DESC)], (MOMENT, TIE_START)),
    "first with nulls last": ([Sort(by=DUE, direction=DESC)], None),
    "first with nulls first": ([Sort(by=DUE, nulls=FIRST)], None),
    "amid days": ([Sort(by=DUE)], (DAY, TIE)),
    "amid days, downwards": ([Sort(by=DUE, direction=DESC)], (DAY, TIE)),
    "amid nulls": ([Sort(by=DUE, direction=DESC)], (None, TIE)),
    "amid nulls that come first": ([Sort(by=DUE, nulls=FIRST)], (None, TIE_END)),
    "in two directions": ([Sort(by=Order.RANK, direction=DESC), Sort(by=CREATED)], (1, MOMENT + 100_000_000, TIE)),
}


class TestQueryPlans:
    @pytest.mark.parametrize("name", DEEP_PAGES)
    async def test_a_deep_page_reads_no_more_than_it_shows(self, engine, crowd, name):
        sort, values = DEEP_PAGES[name]
        after = None if values is None else packed(1, plan(sort).scope_of("a"), *values)
        wanted = plan(sort, first=50, after=after)
        statement = wanted.one(ALL_ROWS).statement
        nodes = await explain(engine, statement, wanted.params)
        scans = [node for node in nodes if "Relation Name" in node]
        assert {node["Node Type"] for node in scans} <= {"Index Scan", "Index Only Scan"}
        # The last two IDs are found by the primary key, and a filter removes them.
        assert sum(rows_read(node) for node in scans) <= 51 + 2
        assert all(node["Actual Rows"] <= 51 for node in nodes if "Sort" in node["Node Type"])

    @pytest.mark.parametrize("name", ["first with nulls last", "amid days"])
    async def test_a_range_behind_a_full_page_is_not_read(self, engine, crowd, name):
        sort, values = DEEP_PAGES[name]
        after = None if values is None else packed(1, plan(sort).scope_of("a"), *values)
        wanted = plan(sort, first=50, after=after)
        nodes = await explain(engine, wanted.one(ALL_ROWS).statement, wanted.params)
        assert [node["Actual Loops"] for node in scans_of_nulls(nodes)] == [0]

    async def test_a_range_behind_a_full_page_is_not_read_under_any_parent(self, engine, crowd):
        wanted = plan([Sort(by=DUE, direction=DESC)], first=3)
        params = wanted.params | {"keyset_parents": ["p1", "p2"]}
        nodes = await explain(engine, wanted.per_parent(ALL_ROWS, parent=ItemRow.parent).statement, params)
        assert [node["Actual Loops"] for node in scans_of_nulls(nodes)] == [0]

    async def test_branches_are_merged_from_their_indexes(self, engine, crowd):
        branches = (ItemRow.rank == Rank.LOW, ItemRow.rank == Rank.HIGH)
        wanted = plan([Sort(by=CREATED, direction=DESC)], first=50)
        nodes = await explain(engine, wanted.one(ALL_ROWS, branches=branches).statement, wanted.params)
        assert sum(rows_read(node) for node in nodes if "Relation Name" in node) <= 2 * 51

    async def test_lists_under_parents_read_no_more_than_they_show(self, engine, crowd):
        sort = [Sort(by=CREATED, direction=DESC)]
        wanted = plan(sort, first=3, after=packed(1, plan(sort).scope_of("a"), MOMENT + 100_000_000_000, TIE))
        params = wanted.params | {"keyset_parents": [f"p{number}" for number in range(0, 100, 2)]}
        nodes = await explain(engine, wanted.per_parent(ALL_ROWS, parent=ItemRow.parent).statement, params)
        scans = [node for node in nodes if "Relation Name" in node]
        assert {node["Node Type"] for node in scans} <= {"Index Scan", "Index Only Scan"}
        assert sum(rows_read(node) for node in scans) == 50 * 4

    async def test_lists_under_parents_are_not_sorted_again(self, engine, crowd):
        wanted = plan([Sort(by=CREATED, direction=DESC)], first=3)
        params = wanted.params | {"keyset_parents": [f"p{number}" for number in range(100)]}
        nodes = await explain(engine, wanted.per_parent(ALL_ROWS, parent=ItemRow.parent).statement, params)
        assert [node["Node Type"] for node in nodes if "Sort" in node["Node Type"]] == []

    async def test_lists_under_few_parents_are_not_planned_each_time(self, engine, crowd):
        wanted = plan([Sort(by=CREATED)], first=3)
        query = wanted.per_parent(ALL_ROWS, parent=ItemRow.parent).statement
        found = Statements(asyncpg.dialect()).query(query, wanted.params | {"keyset_parents": ["p1", "p2"]})
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            prepared = await driver.prepare(found.text)
            for _ in range(7):
                assert len(await prepared.fetch(*found.arguments)) == 2 * 4
            plans = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1"
            assert tuple(await driver.fetchrow(plans, found.text)) == (2, 5)

    async def test_one_parent_takes_one_statement_without_a_join(self, engine, reads, crowd, caplog):
        wanted = plan([Sort(by=CREATED)], parents=["p2"], first=3, is_counted=True)
        with caplog.at_level(logging.DEBUG, "infra.db.read"):
            [got] = await wanted.pages(reads, ALL_ROWS, lambda row: row[0], parent=ItemRow.parent, totals=[2000])
        assert (got.nodes, got.total_count) == (["i000000002", "i000000102", "i000000202"], 2000)
        assert (got.has_next_page, got.total_count_is_exact) == (True, True)
        [sent] = caplog.messages
        assert "JOIN" not in sent

    @pytest.mark.parametrize("number", [0, 1, 3])
    async def test_parts_are_read_without_the_rest(self, engine, crowd, number):
        """Reads odd parents, which have the newest rows: the sort order alone would read 100,000 others first."""
        sort = [Sort(by=CREATED)]
        wanted = plan(sort, first=50)
        query = wanted.one(ALL_ROWS, parts=Parts(ItemRow.parent, "parents"))
        params = wanted.params | {"parents": [f"p{each}" for each in range(1, 2 * number, 2)]}
        nodes = await explain(engine, query.statement, params)
        scans = [node for node in nodes if "Relation Name" in node]
        assert {node["Node Type"] for node in scans} <= {"Index Scan", "Index Only Scan"}
        assert sum(rows_read(node) for node in scans) == 51 * number

    async def test_counting_parts_reads_no_others(self, engine):
        """Counts a part of 30 rows beside one of 30,000, in a temporary table that hides the real one."""
        statement = count(ALL_ROWS, Parts(ItemRow.parent, "parents"))
        async with engine.connect() as connection:
            for line in SKEWED:
                await connection.execute(text(line))
            try:
                nodes = await explained(connection, statement, {"parents": ["few"]})
            finally:
                await connection.execute(text("DROP TABLE pg_temp.keyset_item"))
        assert sum(rows_read(node) for node in nodes if "Relation Name" in node) == 30

    async def test_the_database_keeps_the_plan_of_a_page(self, reads, crowd):
        kept = text("SELECT sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE 'SELECT keyset_item.%'")
        async with reads.scope():
            before = (await reads.fetch(kept))[0][0] or 0
            for _ in range(10):
                await plan([Sort(by=CREATED, direction=DESC)]).page(reads, ALL_ROWS, tuple)
            assert (await reads.fetch(kept))[0][0] > before


def scans_of_nulls(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        node
        for node in nodes
        if "Relation Name" in node and "(due IS NULL)" in node.get("Index Cond", "") + node.get("Filter", "")
    ]
