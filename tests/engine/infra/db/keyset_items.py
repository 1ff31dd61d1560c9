"""A table for tests of keyset pages, with values, orders and requests that hypothesis draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sqlalchemy import DateTime, Integer, MetaData, Select, bindparam, delete, func, insert, select
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from domain.shared.pages import Direction, Nulls, Page, PageRequest, Sort
from infra.db.base import Id, NumberedEnum
from infra.db.keyset import Keyset, KeysetPlan
from infra.db.keyset_statements import Branches
from infra.db.read import ReadSession
from tests.examples import share_of


class Rank(IntEnum):
    LOW = 1
    HIGH = 2


class Order(StrEnum):
    CREATED_AT = "created_at"
    DUE = "due"
    RANK = "rank"
    NAME = "name"
    NUMBER = "number"
    LENGTH = "length"


class OwnBase(DeclarativeBase):
    metadata = MetaData()
    type_annotation_map = {datetime: DateTime(timezone=True)}


class ItemRow(OwnBase):
    __tablename__ = "keyset_item"

    id: Mapped[Id] = mapped_column(primary_key=True)
    parent: Mapped[Id]
    created_at: Mapped[datetime]
    due: Mapped[date | None]
    rank: Mapped[Rank | None] = mapped_column(NumberedEnum(Rank))
    name: Mapped[Id | None]
    number: Mapped[int]


COLUMNS = {
    Order.CREATED_AT: ItemRow.created_at,
    Order.DUE: ItemRow.due,
    Order.RANK: ItemRow.rank,
    Order.NAME: ItemRow.name,
    Order.NUMBER: ItemRow.number,
    Order.LENGTH: func.length(ItemRow.name, type_=Integer),
}
KEYSET = Keyset(Order, COLUMNS, id_column=ItemRow.id)
COMPLETED = Keyset(Order, COLUMNS, id_column=ItemRow.id, completed_by=Order.CREATED_AT)
BRANCHES = (ItemRow.number < 0, ItemRow.number == 0, ItemRow.number > 0)
ROWS: Select[Any] = select(ItemRow.id, ItemRow.due).where(ItemRow.parent == bindparam("parent"))
ALL_ROWS: Select[Any] = select(ItemRow.id, ItemRow.due)
NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    id: str
    parent: str
    created_at: datetime
    due: date | None
    rank: Rank | None
    name: str | None
    number: int

    @property
    def length(self) -> int | None:
        return None if self.name is None else len(self.name)

    @property
    def row(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


async def run(engine: AsyncEngine, *statements: Any) -> None:
    async with engine.connect() as connection:
        for statement in statements:
            await connection.execute(statement)


async def fill(engine: AsyncEngine, items: Sequence[Item]) -> None:
    await run(engine, delete(ItemRow), *([insert(ItemRow).values([item.row for item in items])] if items else []))


def in_order(items: Sequence[Item], sort: Sequence[Sort[Order]], *, keyset: Keyset[Order] = KEYSET) -> list[str]:
    """IDs that the pages must add up to, sorted in Python."""
    direction = sort[-1].direction if sort else Direction.ASC
    ordered = sorted(items, key=lambda item: item.id, reverse=direction is Direction.DESC)
    if keyset is COMPLETED and all(key.by is not Order.CREATED_AT for key in sort):
        sort = [*sort, Sort(by=Order.CREATED_AT, direction=direction)]
    for key in reversed(sort):
        with_value = [item for item in ordered if getattr(item, key.by) is not None]
        without = [item for item in ordered if getattr(item, key.by) is None]
        with_value.sort(key=lambda item, by=key.by: getattr(item, by), reverse=key.direction is Direction.DESC)
        ordered = without + with_value if key.nulls is Nulls.FIRST else with_value + without
    return [item.id for item in ordered]


def plan(
    sort: Sequence[Sort[Order]],
    scope: object = "items",
    parents: Sequence[str] = ("a",),
    *,
    keyset: Keyset[Order] = KEYSET,
    **request: Any,
) -> KeysetPlan:
    return keyset.plan(sort, PageRequest(**request), default=50, scope=scope, parents=parents)


async def page(
    reads: ReadSession, sort: Sequence[Sort[Order]], parent: str = "a", *, branches: Branches = (), **request: Any
) -> Page[str]:
    wanted = plan(sort, parents=[parent], **request)
    return await wanted.page(reads, ROWS, lambda row: row[0], branches=branches, parent=parent)


def items(parents: str = "a") -> st.SearchStrategy[list[Item]]:
    values = st.fixed_dictionaries(
        {
            "parent": st.sampled_from(parents),
            "created_at": st.sampled_from([NOON, NOON + timedelta(microseconds=1), NOON - timedelta(days=1)]),
            "due": st.sampled_from([None, date(1, 1, 1), date(2024, 2, 29)]),
            "rank": st.sampled_from([None, Rank.LOW, Rank.HIGH]),
            "name": st.sampled_from([None, "", "a", "é", "zz", "\U0001f41d"]),
            "number": st.sampled_from([-(2**31), 0, 2**31 - 1]),
        }
    )
    return st.lists(values, max_size=12).map(lambda rows: [Item(id=f"i{n}", **row) for n, row in enumerate(rows, 10)])


sorts = st.lists(
    st.builds(Sort, by=st.sampled_from(Order), direction=st.sampled_from(Direction), nulls=st.sampled_from(Nulls)),
    max_size=3,
    unique_by=lambda key: key.by,
)
keysets = st.sampled_from([KEYSET, COMPLETED])
branches = st.sampled_from([(), BRANCHES])
parent_sets = st.sets(st.sampled_from("abcde"))
few = settings(
    max_examples=share_of(60),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def item(**values: Any) -> Item:
    return Item(**{"id": "i1", "parent": "a", "created_at": NOON, "due": None, "rank": None, "name": None,
                   "number": 7} | values)  # fmt: skip


def rows_read(node: dict[str, Any]) -> float:
    return (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]


async def explain(engine: AsyncEngine, statement: Select[Any], params: dict[str, Any]) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        return await explained(connection, statement, params)


async def explained(
    connection: AsyncConnection, statement: Select[Any], params: dict[str, Any]
) -> list[dict[str, Any]]:
    sql = statement.params(params).compile(dialect=asyncpg.dialect(), compile_kwargs={"literal_binds": True})
    driver = (await connection.get_raw_connection()).driver_connection
    answer = await driver.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
    found, waiting = [], [answer[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += node.get("Plans", [])
    return found
