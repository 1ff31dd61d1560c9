"""A schema whose batch functions answer with rows or with objects, over data in memory, for the tests of rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import strawberry

from strawberry_compiled import (
    Column,
    ListsOfRows,
    Projection,
    RowLists,
    Rows,
    RowsByKey,
    RowSource,
    RowType,
    batched,
    below,
    columns_of,
    projection_of,
    related,
    values_of,
)


@strawberry.enum
class Mood(Enum):
    CALM = "calm"
    BUSY = "busy"


class Thing:
    """An object with any attributes."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def __repr__(self) -> str:
        return f"Thing({getattr(self, 'id', '')})"


@dataclass(slots=True)
class Context:
    rows: bool = True
    """Whether functions answer with rows if they may."""
    asked: list[Any] = field(default_factory=list)
    """(name, projection) of each call."""
    change: Callable[[str, Any], Any] = lambda _name, answer: answer
    """Changes what the function with that name answers."""
    loaders: dict[Any, Any] = field(default_factory=dict)


def attribute(thing: Any, name: str) -> Any:
    """The value of a dotted name as a database would store it."""
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing.value if isinstance(thing, Enum) else thing


def source(things: Sequence[Any], projection: Projection, lists: Iterable[str] = ()) -> RowSource:
    """Rows of objects; a needless item follows in each record."""
    names = columns_of(projection, frozenset(lists))
    records = [(*(attribute(thing, name) for name in names), "more") for thing in things]
    inner = {
        name: row_lists([attribute(thing, name) for thing in things], below(projection, name), LISTS.get(name, ()))
        for name in lists
        if below(projection, name)
    }
    return Rows(records, inner)


def row_lists(lists: Sequence[Sequence[Any]], projection: Projection, inner: Iterable[str] = ()) -> RowLists:
    """Lists of rows; between them are rows that are not shown."""
    things: list[Any] = []
    slices = []
    for each in lists:
        slices.append(slice(len(things), len(things) + len(each)))
        things += [*each, *(Thing(**{**vars(last), "id": "hidden"}) for last in each[-1:])]
    return ListsOfRows(source(things, projection, inner), slices)


PEOPLE = {key: Thing(id=key, name=name) for key, name in (("a", "Ada"), ("b", "Bob"), ("c", "Cyd"))}
TEAMS = {1: Thing(id="t1", name="Red"), 2: Thing(id="t2", name="Blue")}
PLACES = {key: Thing(team=team, floor=f"floor {key}") for key, team in TEAMS.items()}
BEGIN = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST = Thing(id="c1", text="first", author_id="a", replies=[Thing(id="r1", text="yes"), Thing(id="r2", text="no")])
SECOND = Thing(id="c2", text="second", author_id="b", replies=[])
BROKEN = Thing(id="c3", text="broken", author_id="nobody", replies=[Thing(id="r3", text="but")])


def task(number: int, **other: Any) -> Thing:
    usual = {
        "id": f"k{number}",
        "number": number,
        "title": f"Task {number}",
        "mood": Mood.CALM,
        "note": None,
        "is_done": number == 2,
        "made_at": BEGIN,
        "points": 1.5,
        "owner_id": "a",
        "helper_id": None,
        "place_id": 1,
        "meta": Thing(rank=number, keeper_id="b"),
        "comments": [FIRST, SECOND],
    }
    return Thing(**{**usual, **other})


TASKS = [
    task(1),
    task(2, owner_id="b", helper_id="c", place_id=2, mood=Mood.BUSY, note="!", comments=[]),
    task(3, helper_id="nobody", comments=[SECOND]),
]


async def people(info: Any, keys: Sequence[Any]) -> Any:
    return _loaded("people", info, keys, PEOPLE)


async def places(info: Any, keys: Sequence[Any]) -> Any:
    return _loaded("places", info, keys, PLACES)


def _loaded(name: str, info: Any, keys: Sequence[Any], known: Mapping[Any, Any]) -> Any:
    projection = projection_of(info)
    info.context.asked.append((name, projection))
    found = {key: known[key] for key in keys if key in known}
    if projection is None or not info.context.rows:
        return info.context.change(name, found)
    return info.context.change(name, RowsByKey(source(list(found.values()), projection), list(found)))


def _answer(name: str, info: Any, things: Sequence[Any], rows: Callable[[Projection], Any]) -> Any:
    projection = projection_of(info)
    info.context.asked.append((name, projection))
    if projection is None or not info.context.rows:
        return info.context.change(name, things)
    return info.context.change(name, rows(projection))


@strawberry.type
class Person:
    id: strawberry.ID
    name: str

    @strawberry.field
    def shout(self) -> str:
        return self.name.upper()


@strawberry.type
class Team:
    id: strawberry.ID
    name: str


@strawberry.type
class Reply:
    id: strawberry.ID
    text: str


@strawberry.type
class Comment:
    id: strawberry.ID
    text: str
    replies: list[Reply]
    author: Person = related("author_id", people, graphql_type=Person, description="")

    @batched(graphql_type=int, description="Fails for one comment.", needs=("id",))
    async def length(comments: Sequence[Any], info: strawberry.Info) -> Sequence[Any]:
        info.context.asked.append(("length", values_of(comments, "id")))
        return [ValueError("no length") if comment.id == "c3" else len(comment.id) for comment in comments]


@strawberry.type
class Edge:
    cursor: str
    node: Comment


@strawberry.type
class PageInfo:
    has_more: bool
    cursor: str | None


@strawberry.type
class Page:
    total: int
    info: PageInfo
    nodes: list[Comment]
    edges: list[Edge]


@strawberry.type
class Meta:
    rank: int
    keeper: Person = related("keeper_id", people, graphql_type=Person, description="")


def label_of(task: Any, place: Any) -> str:
    return f"{task.number} {place.team.name}"


@strawberry.type
class Task:
    id: strawberry.ID
    title: str
    mood: Mood
    note: str | None
    is_done: bool
    made_at: datetime
    points: float
    meta: Meta
    owner: Person = related("owner_id", people, graphql_type=Person, description="")
    helper: Person | None = related("helper_id", people, graphql_type=Person | None, description="")
    team: Team = related("place_id", places, pick="team", graphql_type=Team, description="")
    floor: str = related("place_id", places, pick="floor", graphql_type=str, description="")
    label: str = related(
        "place_id",
        places,
        show=label_of,
        graphql_type=str,
        description="",
        needs=("number",),
        needs_found=("team.name",),
    )
    unclear: str = related("place_id", places, show=label_of, graphql_type=str, description="Declares no needs.")

    @batched(graphql_type=Page, description="", needs=("id",))
    async def comments(tasks: Sequence[Any], info: strawberry.Info, first: int = 9) -> Sequence[Any]:
        pages = [page_of(COMMENTS[id_][:first]) for id_ in values_of(tasks, "id")]
        return _answer("comments", info, pages, lambda projection: source(pages, projection, ("nodes", "edges")))

    @batched(graphql_type=list[Person], description="", needs=("id", "meta.rank"))
    async def watchers(tasks: Sequence[Any], info: strawberry.Info) -> Sequence[Any]:
        lists = [list(PEOPLE.values())[: task.meta.rank] for task in tasks]
        return _answer("watchers", info, lists, lambda projection: row_lists(lists, projection))

    @batched(graphql_type=list[Comment], description="", needs=("id",), looks_ahead=True)
    async def latest(tasks: Sequence[Any], info: strawberry.Info) -> Sequence[Any]:
        lists = [COMMENTS[task.id][-1:] for task in tasks]
        return _answer("latest", info, lists, lambda projection: row_lists(lists, projection, ("replies",)))

    @batched(graphql_type=int, description="Reads what it does not declare.")
    async def secret(tasks: Sequence[Any], info: strawberry.Info) -> Sequence[int]:
        return [task.number for task in tasks]


COMMENTS = {each.id: each.comments for each in TASKS}


def page_of(comments: Sequence[Any]) -> Thing:
    return Thing(
        total=len(comments),
        info=Thing(has_more=False, cursor=comments[-1].id if comments else None),
        nodes=comments,
        edges=[Thing(cursor=comment.id, node=comment) for comment in comments],
    )


@strawberry.type
class List:
    id: strawberry.ID

    @batched(graphql_type=list[Task], description="", needs=("id",))
    async def tasks(lists: Sequence[Any], info: strawberry.Info) -> Sequence[Any]:
        found = [TASKS for _ in lists]
        return _answer("tasks", info, found, lambda projection: row_lists(found, projection))

    @batched(graphql_type=Task, description="", needs=("id",))
    async def task(lists: Sequence[Any], info: strawberry.Info, number: int = 1) -> Sequence[Any]:
        found = [TASKS[number - 1] for _ in lists]
        return _answer("task", info, found, lambda projection: source(found, projection))


@strawberry.type
class Query:
    @strawberry.field(graphql_type=List)
    def list(self) -> Any:
        return Thing(id="l1")

    @strawberry.field(graphql_type=Task)
    def own(self) -> Any:
        return TASKS[0]


@strawberry.type
class Mutation:
    @strawberry.mutation(graphql_type=List)
    def change(self) -> Any:
        return Thing(id="l1")


TEXT = Column(str)
ROW_TYPES: dict[str, RowType] = {
    "Person": RowType({"id": TEXT, "name": TEXT}),
    "Team": RowType({"id": TEXT, "name": TEXT}),
    "Reply": RowType({"id": TEXT, "text": TEXT}),
    "Comment": RowType({"id": TEXT, "text": TEXT, "author_id": TEXT}, lists=frozenset({"replies"})),
    "Edge": RowType({"cursor": TEXT}, objects=frozenset({"node"})),
    "PageInfo": RowType({"has_more": Column(bool), "cursor": Column(str, is_nullable=True)}),
    "Page": RowType({"total": Column(int)}, objects=frozenset({"info"}), lists=frozenset({"nodes", "edges"})),
    "Meta": RowType({"rank": Column(int), "keeper_id": TEXT}),
    "List": RowType({"id": TEXT}),
    "Task": RowType(
        {
            **dict.fromkeys(("id", "title", "owner_id"), TEXT),
            **dict.fromkeys(("note", "helper_id"), Column(str, is_nullable=True)),
            "number": Column(int),
            "place_id": Column(int),
            "mood": Column(str, members={mood.value: mood for mood in Mood}),
            "is_done": Column(bool),
            "made_at": Column(datetime),
            "points": Column(float),
        },
        objects=frozenset({"meta"}),
    ),
}
LISTS = {"nodes": ("replies",), "edges": ("node.replies",)}
"""Names of the lists inside of a list."""
