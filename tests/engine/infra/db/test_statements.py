import gc
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from sqlalchemy import ARRAY, Boolean, Integer, Text, any_, bindparam, insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB, asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from infra.db.base import NumberedEnum, named_enum
from infra.db.engine import read_pool
from infra.db.read import ReadSession
from infra.db.statements import MOST_SHAPES, Statements
from tests import defaults


class OwnBase(DeclarativeBase):
    type_annotation_map = {str: Text, dict[str, Any]: JSONB}


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class ThingRow(OwnBase):
    __tablename__ = "statement_thing"

    id: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    size: Mapped[Size] = mapped_column(NumberedEnum(Size))
    color: Mapped[Color | None] = mapped_column(named_enum(Color))
    facts: Mapped[dict[str, Any]]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    day: Mapped[date | None]
    is_good: Mapped[bool] = mapped_column(Boolean)


THINGS: list[dict[str, Any]] = [
    {
        "id": "a",
        "size": Size.LARGE,
        "color": Color.BLUE,
        "facts": {"each": [1, None, "ü"]},
        "tags": ["x", "y"],
        "day": date(2026, 2, 28),
        "is_good": True,
    },
    {"id": "b", "size": Size.SMALL, "color": None, "facts": {}, "tags": [], "day": None, "is_good": False},
]
ALL = select(ThingRow.__table__).order_by(ThingRow.id)


@pytest.fixture(scope="module")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(OwnBase.metadata.create_all)
        await connection.execute(insert(ThingRow), THINGS)
    yield engine
    async with engine.begin() as connection:
        await connection.run_sync(OwnBase.metadata.drop_all)
    await engine.dispose()


@pytest.fixture(scope="module")
async def reads(engine: AsyncEngine) -> AsyncIterator[ReadSession]:
    pool = read_pool(engine, defaults.engine())
    yield ReadSession(pool)
    await pool.aclose()


STATEMENTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "every type": (ALL, {}),
    "an enum as a value": (ALL.where(ThingRow.size == bindparam("size")), {"size": Size.LARGE}),
    "a named enum as a value": (ALL.where(ThingRow.color == bindparam("color")), {"color": Color.BLUE}),
    "an array of enums": (
        ALL.where(ThingRow.size == any_(bindparam("sizes", type_=ARRAY(NumberedEnum(Size))))),
        {"sizes": [Size.SMALL, Size.LARGE]},
    ),
    "JSON as a value": (ALL.where(ThingRow.facts == bindparam("facts")), {"facts": {"each": [1, None, "ü"]}}),
    "a value of its own": (ALL.where(ThingRow.id == "b"), {}),
    "a value used twice": (
        ALL.where((ThingRow.id == bindparam("id")) | (ThingRow.id > bindparam("id"))),
        {"id": "a"},
    ),
    "a moment": (select(bindparam("now", type_=ThingRow.day.type)), {"now": date(2026, 1, 1)}),
    "null": (ALL.where(ThingRow.color.is_not_distinct_from(bindparam("color"))), {"color": None}),
    "a value in the text": (ALL.limit(bindparam("most", type_=Integer, literal_execute=True)), {"most": 1}),
    "an expression": (select(literal(Color.RED, named_enum(Color)), ThingRow.size).order_by(ThingRow.id), {}),
}


@pytest.mark.parametrize("name", STATEMENTS)
async def test_rows_are_those_of_sqlalchemy(reads: ReadSession, engine: AsyncEngine, name: str):
    statement, params = STATEMENTS[name]
    async with engine.connect() as connection:
        expected = [tuple(row) for row in await connection.execute(statement, params)]
    assert expected
    for _ in range(2):  # compiled, and remembered
        rows = await reads.fetch(statement, **params)
        assert [tuple(row) for row in rows] == expected
        assert [[type(value) for value in row] for row in rows] == [[type(value) for value in row] for row in expected]


async def test_a_statement_of_a_known_shape_has_its_own_values(reads: ReadSession):
    found = [[row[0] for row in await reads.fetch(ALL.where(ThingRow.id == wanted))] for wanted in ("a", "b", "c")]
    assert found == [["a"], ["b"], []]


async def test_each_value_in_the_text_makes_its_own_text(reads: ReadSession):
    statement = ALL.limit(bindparam("most", type_=Integer, literal_execute=True))
    assert [len(await reads.fetch(statement, most=most)) for most in (1, 2, 0, 1)] == [1, 2, 0, 1]


async def test_a_value_that_is_missing_is_our_mistake(reads: ReadSession):
    with pytest.raises(KeyError, match="color"):
        await reads.fetch(STATEMENTS["a named enum as a value"][0])


async def test_a_list_that_makes_a_statement_of_each_length_is_refused(reads: ReadSession):
    with pytest.raises(TypeError, match="ANY"):
        await reads.fetch(ALL.where(ThingRow.id.in_(["a", "b"])))


def statements() -> Statements:
    return Statements(asyncpg.dialect())


def test_a_statement_is_compiled_once():
    known = statements()
    first, again = (known.query(ALL, {}) for _ in range(2))
    assert again.text is first.text
    like_it = select(ThingRow.__table__).order_by(ThingRow.id)
    assert known.query(like_it, {}).text is first.text


@pytest.mark.usefixtures("small_heap")
def test_unreferenced_statements_are_dropped():
    known = statements()
    for number in range(MOST_SHAPES + 10):
        for at in (1, 2):
            known.query(select(literal(datetime(2026, 1, at, tzinfo=UTC)).label(f"at_{number}")), {})
    gc.collect()
    assert len(known._known) == len(known._shapes) == MOST_SHAPES
