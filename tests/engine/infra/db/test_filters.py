from collections.abc import AsyncIterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import DateTime, FromClause, MetaData, SmallInteger, delete, func, insert, select, true
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from domain.shared.actor import Actor, Role
from domain.shared.errors import ErrorCode, InvalidInput, WrongId
from domain.shared.filters import (
    DEEPEST,
    LONGEST_TEXT,
    MOST_CONDITIONS,
    DateTimeComparator,
    EnumComparator,
    IdComparator,
    IntComparator,
    ListComparator,
    OrderComparator,
    TextComparator,
    check_filter,
    ids_of,
)
from domain.shared.ranks import RankedEnum
from domain.shared.unset import UNSET
from infra.db.base import Id, NumberedEnum, named_enum
from infra.db.engine import read_pool
from infra.db.filters import Filters, ToMany, ToOne, ToSmallSet
from infra.db.lookups import MOST_IDS, MOST_LOOKUPS, looked_up
from infra.db.read import ReadSession
from infra.db.visibility import GuestRule, in_workspace
from tests import defaults
from tests.examples import share_of


class Rank(IntEnum):
    LOW = 1
    HIGH = 2
    TOP = 3


class Level(RankedEnum):
    """Levels ordered by rank, not by name: A is neither the lowest nor the highest."""

    C = "C"
    A = "A"
    B = "B"


class OwnBase(DeclarativeBase):
    metadata = MetaData()
    type_annotation_map = {datetime: DateTime(timezone=True)}


class PersonRow(OwnBase):
    __tablename__ = "filter_person"
    id: Mapped[Id] = mapped_column(primary_key=True)
    workspace_id: Mapped[Id]
    name: Mapped[str | None]


class ThingRow(OwnBase):
    __tablename__ = "filter_thing"
    id: Mapped[Id] = mapped_column(primary_key=True)
    title: Mapped[str | None]
    rank: Mapped[Rank | None] = mapped_column(NumberedEnum(Rank))
    size: Mapped[int | None] = mapped_column(SmallInteger)
    level: Mapped[Level | None] = mapped_column(named_enum(Level))
    created_at: Mapped[datetime]
    owner_id: Mapped[Id | None]
    parent_id: Mapped[Id | None]


class FanRow(OwnBase):
    __tablename__ = "filter_fan"
    thing_id: Mapped[Id] = mapped_column(primary_key=True)
    person_id: Mapped[Id] = mapped_column(primary_key=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFilter:
    and_: "tuple[PersonFilter, ...] | None" = None
    or_: "tuple[PersonFilter, ...] | None" = None
    not_: "PersonFilter | None" = None
    id: IdComparator | None = None
    name: TextComparator | None = None
    owns: "ListComparator[ThingFilter] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingFilter:
    and_: "tuple[ThingFilter, ...] | None" = None
    or_: "tuple[ThingFilter, ...] | None" = None
    not_: "ThingFilter | None" = None
    id: IdComparator | None = None
    title: TextComparator | None = None
    rank: EnumComparator[Rank] | None = None
    size: IntComparator | None = None
    level: OrderComparator[Level] | None = None
    created_at: DateTimeComparator | None = None
    owner_id: IdComparator | None = None
    owner: PersonFilter | None = None
    parent: "ThingFilter | None" = None
    fans: ListComparator[PersonFilter] | None = None
    children: "ListComparator[ThingFilter] | None" = None
    length: int | None = None


def has_length(length: int, thing: FromClause) -> Any:
    return func.length(thing.c.title) == length


PEOPLE = Filters(
    of=PersonFilter,
    scalars={"id": PersonRow.id, "name": PersonRow.name},
    to_many={"owns": ToMany(PersonRow.id, ThingRow.owner_id, lambda: THINGS)},
)
# Guests see the people whose ids are those of their areas.
PEOPLE_OF_GUESTS = GuestRule.of_areas(PersonRow.workspace_id, PersonRow.id)
SCALARS = {
    name: getattr(ThingRow, name) for name in ("id", "title", "rank", "size", "level", "created_at", "owner_id")
}  # fmt: skip
RELATIONS: dict[str, Any] = {
    "to_one": {
        "owner": ToSmallSet(
            ThingRow.owner_id, PersonRow.id, PEOPLE, in_workspace(PersonRow.workspace_id), PEOPLE_OF_GUESTS
        ),
        "parent": ToOne(ThingRow.parent_id, ThingRow.id, lambda: THINGS),
    },
    "to_many": {
        "fans": ToMany(
            ThingRow.id,
            FanRow.thing_id,
            ToSmallSet(FanRow.person_id, PersonRow.id, PEOPLE, in_workspace(PersonRow.workspace_id), None),
        ),
        "children": ToMany(ThingRow.id, ThingRow.parent_id, lambda: THINGS),
    },
}
THINGS = Filters(of=ThingFilter, scalars=SCALARS, own={"length": has_length}, **RELATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: str
    name: str | None
    workspace_id: str = "w1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    id: str
    title: str | None
    rank: Rank | None
    size: int | None
    level: Level | None
    created_at: datetime
    owner_id: str | None
    parent_id: str | None


NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
TIMES = [NOON, NOON + timedelta(microseconds=1), NOON - timedelta(days=1)]
TEXTS = ["", "a", "A%b", "a_b", "a\\b", "É!", "100%", "_"]
IDS = [f"t{number}" for number in range(14)]
PERSON_IDS = [f"p{number}" for number in range(5)]
random = Random(7)
PERSONS = {id_: Person(id=id_, name=name) for id_, name in zip(PERSON_IDS, [None, "a", "A", "a%", "é"], strict=True)}
ALL = {
    id_: Thing(
        id=id_,
        title=random.choice([None, *TEXTS]),
        rank=random.choice([None, *Rank]),
        size=random.choice([None, -1, 0, 7]),
        level=random.choice([None, *Level]),
        created_at=random.choice(TIMES),
        owner_id=random.choice([None, *PERSON_IDS[:-1]]),
        parent_id=random.choice([None, *IDS[:number]]),
    )
    for number, id_ in enumerate(IDS)
}
FANS = {(random.choice(IDS[:9]), random.choice(PERSON_IDS)) for _ in range(18)}


@pytest.fixture(scope="module")
async def connection(database_url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(database_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.run_sync(OwnBase.metadata.create_all)
        for table, rows in ((PersonRow, PERSONS.values()), (ThingRow, ALL.values())):
            names = [field.name for field in fields(next(iter(rows)))]
            await connection.execute(insert(table), [{name: getattr(row, name) for name in names} for row in rows])
        await connection.execute(insert(FanRow), [{"thing_id": thing, "person_id": fan} for thing, fan in FANS])
        yield connection
        await connection.run_sync(OwnBase.metadata.drop_all)
    await engine.dispose()


async def matching(connection: AsyncConnection, filter: ThingFilter | None) -> list[str]:
    statement = select(ThingRow.id).where(THINGS.where(filter)).order_by(ThingRow.id)
    return list((await connection.execute(statement, {"workspace_id": "w1"})).scalars())


@pytest.fixture(scope="module")
async def reads(connection: AsyncConnection) -> AsyncIterator[ReadSession]:
    pool = read_pool(connection.engine, defaults.engine())
    yield ReadSession(pool)
    await pool.aclose()


async def matching_by_ids(reads: ReadSession, filter: Any, workspace_id: str = "w1") -> list[str]:
    """IDs of the matching rows after the filter's conditions on people are replaced by user IDs."""
    by_ids = await looked_up(reads, THINGS, filter, actor=OWNER, workspace_id=workspace_id)
    found = select(ThingRow.id).where(THINGS.where(by_ids)).order_by(ThingRow.id)
    rows = await reads.fetch(found, workspace_id=workspace_id)
    return [row[0] for row in rows]


# The oracle: what a filter means, said in Python.

OPERATORS = {
    "eq": lambda value, wanted: value == wanted,
    "neq": lambda value, wanted: value != wanted,
    "in_": lambda value, wanted: value is not None and value in wanted,
    "not_in": lambda value, wanted: value not in wanted,
    "lt": lambda value, wanted: value is not None and order(value) < order(wanted),
    "lte": lambda value, wanted: value is not None and order(value) <= order(wanted),
    "gt": lambda value, wanted: value is not None and order(value) > order(wanted),
    "gte": lambda value, wanted: value is not None and order(value) >= order(wanted),
    "contains": lambda value, wanted: value is not None and wanted.lower() in value.lower(),
    "starts_with": lambda value, wanted: value is not None and value.lower().startswith(wanted.lower()),
    "is_null": lambda value, wanted: (value is None) is wanted,
}


def order(value: Any) -> Any:
    return "BAC".index(value) if isinstance(value, Level) else value


def said(part: Any) -> dict[str, Any]:
    values = {field.name: getattr(part, field.name) for field in fields(part)}
    return {
        name: value
        for name, value in values.items()
        if value is not UNSET and (value is not None or (name in ("eq", "neq")))
    }


def is_everything(part: Any) -> bool:
    """Whether a filter and all of its parts leave every field open."""
    match part:
        case ListComparator():
            return part.some is None and part.none is None and (part.every is None or is_everything(part.every))
        case PersonFilter() | ThingFilter():
            plain = {name: value for name, value in said(part).items() if name not in ("and_", "or_", "not_")}
            return (
                part.not_ is None
                and (part.or_ is None or any(map(is_everything, part.or_)))
                and all(map(is_everything, part.and_ or ()))
                and all(map(is_everything, plain.values()))
            )
        case int():
            return False
    return not said(part)


def related(row: Any, name: str) -> list[Any]:
    match name:
        case "owner":
            return [PERSONS[row.owner_id]] if row.owner_id else []
        case "parent":
            return [ALL[row.parent_id]] if row.parent_id else []
        case "fans":
            return [PERSONS[person] for thing, person in FANS if thing == row.id]
        case "children":
            return [thing for thing in ALL.values() if thing.parent_id == row.id]
        case "owns":
            return [thing for thing in ALL.values() if thing.owner_id == row.id]
    raise AssertionError(name)


def holds(filter: Any, row: Any) -> bool:
    def field_holds(name: str, value: Any) -> bool:
        match name:
            case "and_":
                return all(holds(part, row) for part in value)
            case "or_":
                return any(holds(part, row) for part in value)
            case "not_":
                return not holds(value, row)
            case "length":
                return row.title is not None and len(row.title) == value
            case "owner" | "parent":
                return is_everything(value) or any(holds(value, other) for other in related(row, name))
            case "fans" | "children" | "owns":
                others = related(row, name)
                return (
                    (value.some is None or any(holds(value.some, other) for other in others))
                    and (value.every is None or all(holds(value.every, other) for other in others))
                    and (value.none is None or not any(holds(value.none, other) for other in others))
                )
        return all(OPERATORS[operator](getattr(row, name), wanted) for operator, wanted in said(value).items())

    return all(field_holds(name, value) for name, value in said(filter).items())


def expected(filter: ThingFilter) -> list[str]:
    return sorted(thing.id for thing in ALL.values() if holds(filter, thing))


def some_of(kind: Any, most: int, **strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Strategy for objects with at most `most` fields set."""
    names = st.lists(st.sampled_from(sorted(strategies)), unique=True, max_size=most)
    return names.flatmap(lambda names: st.builds(kind, **{name: strategies[name] for name in names}))


def comparator(kind: Any, values: list[Any], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    value, values_ = st.sampled_from(values), st.lists(st.sampled_from(values), max_size=3).map(tuple)
    known = {field.name for field in fields(kind)}
    operators = {name: value for name in ("lt", "lte", "gt", "gte") if name in known}
    operators |= dict.fromkeys(("eq", "neq"), st.none() | value)
    lists = dict.fromkeys(("in_", "not_in"), values_)
    null = {"is_null": st.booleans()} if "is_null" in known else {}
    return some_of(kind, 2, **operators, **lists, **null, **more)


def texts(values: list[str]) -> st.SearchStrategy[TextComparator]:
    parts = st.sampled_from([*values, "B", "é", "%", "\\", "a_"])
    return comparator(TextComparator, values, contains=parts, starts_with=parts)


def filters(kind: Any, depth: int) -> st.SearchStrategy[Any]:
    of_person = kind is PersonFilter
    strategies: dict[str, st.SearchStrategy[Any]] = (
        {"id": comparator(IdComparator, PERSON_IDS), "name": texts(["a", "A", "é"])}
        if of_person
        else {
            "id": comparator(IdComparator, IDS),
            "title": texts(TEXTS),
            "rank": comparator(EnumComparator, list(Rank)),
            "size": comparator(OrderComparator, [-1, 0, 7, 2**31 - 1]),
            "level": comparator(OrderComparator, list(Level)),
            "created_at": comparator(OrderComparator, TIMES),
            "owner_id": comparator(IdComparator, PERSON_IDS),
            "length": st.integers(0, 4),
        }
    )
    if depth:
        same, things = filters(kind, depth - 1), filters(ThingFilter, depth - 1)
        people = filters(PersonFilter, depth - 1) if not of_person else same
        several = st.lists(same, max_size=2).map(tuple)
        strategies |= {"and_": several, "or_": several, "not_": same}
        strategies |= (
            {"owns": some_of(ListComparator, 2, some=things, every=things, none=things)}
            if of_person
            else {
                "owner": people,
                "parent": things,
                "fans": some_of(ListComparator, 2, some=people, every=people, none=people),
                "children": some_of(ListComparator, 2, some=things, every=things, none=things),
            }
        )
    return some_of(kind, 2, **strategies)


few = settings(
    max_examples=share_of(250),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class TestMeaning:
    @few
    @given(filter=filters(ThingFilter, 3))
    async def test_any_filter_and_its_complement_find_what_they_say(self, connection, filter):
        found = await matching(connection, filter)
        assert found == expected(filter)
        assert await matching(connection, ThingFilter(not_=filter)) == sorted(set(IDS) - set(found))

    @pytest.mark.parametrize(
        ("filter", "is_everything"),
        [
            (None, True),
            (ThingFilter(), True),
            (ThingFilter(and_=()), True),
            (ThingFilter(or_=()), False),
            (ThingFilter(not_=ThingFilter()), False),
            (ThingFilter(or_=(ThingFilter(),)), True),
            (ThingFilter(title=TextComparator()), True),
            (ThingFilter(owner=PersonFilter()), True),
            (ThingFilter(owner=PersonFilter(name=TextComparator(), and_=(PersonFilter(),))), True),
            (ThingFilter(parent=ThingFilter(owner=PersonFilter())), True),
            (ThingFilter(fans=ListComparator()), True),
            (ThingFilter(created_at=DateTimeComparator(eq=None)), False),
            (ThingFilter(created_at=DateTimeComparator(neq=None)), True),
            (ThingFilter(size=IntComparator(in_=())), False),
            (ThingFilter(rank=EnumComparator(not_in=())), True),
            (ThingFilter(id=IdComparator(in_=())), False),
            (ThingFilter(title=TextComparator(not_in=())), True),
            (ThingFilter(fans=ListComparator(every=PersonFilter())), True),
            (ThingFilter(size=IntComparator(gt=2**40)), False),
        ],
    )
    async def test_empty_parts_mean_all_or_nothing(self, connection, filter, is_everything):
        assert await matching(connection, filter) == (sorted(IDS) if is_everything else [])

    @pytest.mark.parametrize(
        "filter",
        [
            *(ThingFilter(title=TextComparator(**{operator: text}))
              for operator in ("eq", "neq", "contains", "starts_with") for text in [*TEXTS, "é", "%", "\\"]),
            ThingFilter(title=TextComparator(not_in=("a", "_"))),
            ThingFilter(rank=EnumComparator(neq=Rank.LOW)),
            ThingFilter(rank=EnumComparator(is_null=True)),
            ThingFilter(title=TextComparator(eq=None)),
            ThingFilter(title=TextComparator(neq=None)),
            ThingFilter(owner=PersonFilter(id=IdComparator(eq=None))),
            *(ThingFilter(level=OrderComparator(**{operator: level}))
              for operator in ("lt", "lte", "gt", "gte") for level in Level),
            ThingFilter(rank=EnumComparator(in_=(Rank.LOW, Rank.TOP))),
            ThingFilter(owner=PersonFilter()),
            ThingFilter(owner=PersonFilter(id=IdComparator(eq="p1"))),
            ThingFilter(owner=PersonFilter(id=IdComparator(neq="p1"))),
            ThingFilter(owner=PersonFilter(id=IdComparator(is_null=True))),
            ThingFilter(parent=ThingFilter(parent=ThingFilter(owner=PersonFilter()))),
            ThingFilter(fans=ListComparator(some=PersonFilter())),
            ThingFilter(fans=ListComparator(none=PersonFilter())),
            ThingFilter(fans=ListComparator(every=PersonFilter(name=TextComparator(eq="a")))),
            ThingFilter(children=ListComparator(some=ThingFilter(children=ListComparator(some=ThingFilter())))),
            ThingFilter(owner=PersonFilter(owns=ListComparator(every=ThingFilter(owner_id=IdComparator(eq="p2"))))),
        ],
    )  # fmt: skip
    async def test_each_kind_of_condition(self, connection, filter):
        assert await matching(connection, filter) == expected(filter)


def nested(depth: int) -> ThingFilter:
    innermost = ThingFilter(size=IntComparator(eq=1))
    return innermost if depth == 1 else ThingFilter(not_=nested(depth - 1))


def wide(conditions: int) -> ThingFilter:
    return ThingFilter(or_=(ThingFilter(size=IntComparator(gt=0, lt=9)),) * (conditions // 2))


class TestLimits:
    async def test_the_largest_filters_run(self, connection):
        assert await matching(connection, nested(DEEPEST)) == expected(nested(DEEPEST))
        assert await matching(connection, wide(MOST_CONDITIONS)) == expected(wide(MOST_CONDITIONS))
        many = ThingFilter(id=IdComparator(in_=tuple(IDS) * 50))
        assert await matching(connection, many) == sorted(IDS)

    @pytest.mark.parametrize(
        "filter",
        [
            nested(DEEPEST + 1),
            nested(500),
            replace(nested(DEEPEST - 1), fans=ListComparator(some=PersonFilter()), and_=(nested(DEEPEST),)),
            wide(MOST_CONDITIONS + 2),
            ThingFilter(and_=(ThingFilter(),) * (MOST_CONDITIONS + 1)),
            ThingFilter(and_=(ThingFilter(or_=()),) * (MOST_CONDITIONS + 1)),
            ThingFilter(and_=(ThingFilter(fans=ListComparator()),) * (MOST_CONDITIONS + 1)),
            ThingFilter(and_=(ThingFilter(title=TextComparator()),) * (MOST_CONDITIONS + 1)),
        ],
    )
    def test_larger_ones_are_refused(self, filter):
        with pytest.raises(InvalidInput, match="at most") as refused:
            THINGS.where(filter)
        assert (refused.value.failure, refused.value.path) == (ErrorCode.LIMIT_EXCEEDED, ("filter",))

    @pytest.mark.parametrize("operator", ["eq", "neq", "in_", "not_in", "contains", "starts_with"])
    def test_longer_texts_are_refused_with_the_path_of_the_condition(self, operator):
        def thing(text: str) -> ThingFilter:
            given = ("a", text) if operator in ("in_", "not_in") else text
            return ThingFilter(not_=ThingFilter(title=TextComparator(**{operator: given})))

        THINGS.where(thing("ä" * LONGEST_TEXT))
        with pytest.raises(InvalidInput, match="at most 1,000 characters") as refused:
            THINGS.where(thing("ä" * (LONGEST_TEXT + 1)))
        place = ("filter", "not_", "title", operator)
        assert refused.value.failure == ErrorCode.TOO_LONG
        assert refused.value.path == ((*place, "1") if operator in ("in_", "not_in") else place)

    @pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800"])
    def test_text_that_cannot_be_stored_is_refused(self, text):
        for comparator in (TextComparator(eq=text), TextComparator(in_=("a", text)), TextComparator(contains=text)):
            with pytest.raises(InvalidInput, match="NUL") as refused:
                THINGS.where(ThingFilter(not_=ThingFilter(title=comparator)))
            [operator] = said(comparator)
            assert refused.value.path[:4] == ("filter", "not_", "title", operator)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookLike:
    or_: "tuple[BookLike, ...] | None" = None
    id: IdComparator | None = ids_of("bok")
    tags: "ListComparator[BookLike] | None" = None


GOOD, OTHER = "bok_01m82zxy2ae03r7bzer0er12a0", "tag_01m82zxy2ae03r7bzer0er12a0"


class TestIds:
    @pytest.mark.parametrize("wrong", [OTHER, "", "junk", "bok_\0", "\ud800", "bok_01M82ZXY2AE03R7BZER0ER12A0"])
    @pytest.mark.parametrize("operator", ["eq", "neq", "in_", "not_in"])
    def test_ids_of_another_kind_and_no_ids_at_all_are_named_by_their_path(self, operator, wrong):
        is_list = operator in ("in_", "not_in")
        comparator = IdComparator(**{operator: (GOOD, wrong) if is_list else wrong})
        with pytest.raises(WrongId) as refused:
            check_filter(BookLike(or_=(BookLike(), BookLike(tags=ListComparator(some=BookLike(id=comparator))))))
        place = ("filter", "or_", "1", "tags", "some", "id", operator)
        assert refused.value.path == ((*place, "1") if is_list else place)

    def test_ids_of_their_kind_and_null_are_accepted(self):
        check_filter(BookLike(id=IdComparator(eq=GOOD, neq=None, in_=(GOOD,), not_in=())))


def fans(**some: TextComparator) -> ThingFilter:
    return ThingFilter(fans=ListComparator(some=PersonFilter(**some)))


NAMED_A = PersonFilter(name=TextComparator(eq="a"))
OWNER = Actor(user_id="usr_owner", roles={"w1": Role.OWNER})
GUEST = Actor(user_id="usr_guest", roles={"w1": Role.GUEST}, areas={"w1": frozenset({"p2"})})


class TestLookups:
    @settings(few, max_examples=share_of(100))
    @given(filter=filters(ThingFilter, 3))
    async def test_a_filter_with_looked_up_ids_finds_the_same(self, reads, filter):
        found = await matching_by_ids(reads, filter)
        assert found == expected(filter)
        assert await matching_by_ids(reads, ThingFilter(not_=filter)) == sorted(set(IDS) - set(found))

    @pytest.mark.parametrize("name", ["a", "nobody"])
    async def test_ids_that_were_found_stand_in_for_the_condition(self, reads, name):
        wanted = PersonFilter(name=TextComparator(eq=name))
        by_ids = await looked_up(
            reads,
            THINGS,
            ThingFilter(
                owner=wanted, not_=ThingFilter(fans=ListComparator(none=wanted)), or_=(ThingFilter(size=None),)
            ),
            actor=OWNER,
            workspace_id="w1",
        )
        found = PersonFilter(id=IdComparator(in_=tuple(id_ for id_, person in PERSONS.items() if person.name == name)))
        assert by_ids == ThingFilter(
            owner=found, not_=ThingFilter(fans=ListComparator(none=found)), or_=(ThingFilter(size=None),)
        )

    async def test_only_rows_of_the_workspace_are_looked_up(self, reads):
        by_ids = await looked_up(reads, THINGS, ThingFilter(owner=NAMED_A), actor=OWNER, workspace_id="w2")
        assert by_ids == ThingFilter(owner=PersonFilter(id=IdComparator(in_=())))

    @pytest.mark.parametrize(
        "filter",
        [
            ThingFilter(),
            ThingFilter(title=TextComparator(eq="a"), or_=()),
            ThingFilter(owner=PersonFilter(), fans=ListComparator(every=PersonFilter())),
            ThingFilter(owner=PersonFilter(name=TextComparator(), and_=())),
            ThingFilter(owner=PersonFilter(id=IdComparator(eq="p1"))),
            ThingFilter(parent=ThingFilter(children=ListComparator(some=ThingFilter(size=IntComparator(gt=0))))),
        ],
    )
    async def test_ids_in_a_filter_need_no_lookup(self, reads, caplog, filter):
        with caplog.at_level("DEBUG", "infra.db.read"):
            assert await looked_up(reads, THINGS, filter, actor=OWNER, workspace_id="w1") == filter
        assert not caplog.records

    async def test_a_guest_has_nothing_looked_up_that_is_hidden(self, reads):
        both = ThingFilter(owner=PersonFilter(name=TextComparator(contains="a")))
        fans = ThingFilter(fans=ListComparator(some=both.owner))
        whole = await looked_up(reads, THINGS, both, actor=OWNER, workspace_id="w1")
        assert whole.owner.id.in_ == ("p1", "p2", "p3")
        seen = await looked_up(reads, THINGS, both, actor=GUEST, workspace_id="w1")
        assert seen.owner.id.in_ == ("p2",)
        open_to_all = await looked_up(reads, THINGS, fans, actor=GUEST, workspace_id="w1")
        assert open_to_all.fans.some.id.in_ == ("p1", "p2", "p3")

    async def test_lookups_are_not_charged(self, reads):
        async with reads.scope() as tally:
            await looked_up(reads, THINGS, ThingFilter(owner=NAMED_A), actor=OWNER, workspace_id="w1")
            assert tally.rows_read == 0
            await reads.fetch(select(PersonRow.id))
            assert tally.rows_read == len(PERSONS)

    async def test_everything_is_looked_up_in_one_statement_and_equal_conditions_once(self, reads, caplog):
        wanted = ThingFilter(
            or_=(ThingFilter(owner=NAMED_A), fans(name=TextComparator(eq="a")), fans(name=TextComparator(eq="A")))
        )
        with caplog.at_level("DEBUG", "infra.db.read"):
            await looked_up(reads, THINGS, wanted, actor=OWNER, workspace_id="w1")
        [record] = caplog.records
        # The owner and the fans are looked up apart, because guests see others of them.
        assert record.getMessage().count("SELECT") == 3

    async def test_too_many_ids_stay_a_join(self, reads, connection):
        wanted = ThingFilter(or_=tuple(fans(name=TextComparator(eq=str(number))) for number in range(MOST_LOOKUPS + 2)))
        by_ids = await looked_up(reads, THINGS, wanted, actor=OWNER, workspace_id="w1")
        assert by_ids.or_[MOST_LOOKUPS:] == wanted.or_[MOST_LOOKUPS:]
        assert {part.fans.some.name for part in by_ids.or_[:MOST_LOOKUPS]} == {None}

        crowd = [{"id": f"q{number:03}", "name": "one of many", "workspace_id": "w3"} for number in range(MOST_IDS + 1)]
        await connection.execute(insert(PersonRow), crowd)
        many = ThingFilter(owner=PersonFilter(name=TextComparator(eq="one of many")))
        assert await looked_up(reads, THINGS, many, actor=OWNER, workspace_id="w3") == many
        await connection.execute(delete(PersonRow).where(PersonRow.id == "q000"))
        by_ids = await looked_up(reads, THINGS, many, actor=OWNER, workspace_id="w3")
        assert by_ids.owner.id.in_ == tuple(row["id"] for row in crowd[1:])
        await connection.execute(delete(PersonRow).where(PersonRow.workspace_id == "w3"))

    async def test_ids_are_quoted_in_the_text(self, reads, connection):
        name = "what ids never are"
        odd = [{"id": id_, "name": name, "workspace_id": "w4"} for id_ in ("it's", 'a"b', "c\\d", "e,{}%s:x", "$1")]
        await connection.execute(insert(PersonRow), odd)
        await connection.execute(
            insert(ThingRow),
            [{"id": f"odd{place}", "owner_id": row["id"], "created_at": NOON} for place, row in enumerate(odd)],
        )
        wanted = ThingFilter(owner=PersonFilter(name=TextComparator(eq=name)))
        assert await matching_by_ids(reads, wanted, "w4") == [f"odd{place}" for place in range(len(odd))]
        await connection.execute(delete(ThingRow).where(ThingRow.id.startswith("odd")))
        await connection.execute(delete(PersonRow).where(PersonRow.workspace_id == "w4"))

    async def test_larger_filters_are_refused_before_anything_is_read(self, reads, caplog):
        with caplog.at_level("DEBUG", "infra.db.read"), pytest.raises(InvalidInput, match="at most"):
            await looked_up(reads, THINGS, nested(DEEPEST + 1), actor=OWNER, workspace_id="w1")
        assert not caplog.records


class TestStatements:
    def test_values_and_their_number_leave_the_statement_as_it_is(self):
        def key(id_: str, *ids: str) -> Any:
            wanted = ThingFilter(
                id=IdComparator(in_=ids),
                owner=PersonFilter(name=TextComparator(contains=id_)),
                children=ListComparator(every=ThingFilter(id=IdComparator(eq=id_))),
            )
            return select(ThingRow.id).where(THINGS.where(wanted))._generate_cache_key()

        assert key("a", "b") == key("c", "d", "e", "f")

    def test_related_by_id_is_a_condition_on_the_reference(self):
        condition = THINGS.where(ThingFilter(owner=PersonFilter(id=IdComparator(eq="p1"))))
        sql = str(condition.compile(dialect=asyncpg.dialect()))
        assert sql == 'filter_thing.owner_id IS NOT NULL AND filter_thing.owner_id = $1::VARCHAR COLLATE "C"'

    def test_no_filter_adds_nothing(self):
        assert str(select(ThingRow.id).where(THINGS.where(ThingFilter()))) == str(select(ThingRow.id).where(true()))


class TestConstruction:
    def test_a_field_without_meaning_is_found_at_import(self):
        with pytest.raises(TypeError, match="ThingFilter and its conditions do not agree on length"):
            Filters(of=ThingFilter, scalars=SCALARS, **RELATIONS)

    def test_a_meaning_without_a_field_is_found_at_import(self):
        with pytest.raises(TypeError, match="do not agree on color"):
            Filters(of=ThingFilter, scalars=SCALARS, own={"length": has_length, "color": has_length}, **RELATIONS)

    def test_scalars_of_another_table_are_found_at_import(self):
        with pytest.raises(TypeError, match="columns of one table"):
            Filters(of=ThingFilter, scalars={**SCALARS, "title": PersonRow.name}, own={"length": has_length},
                    **RELATIONS)  # fmt: skip
