"""A list of issues with everything that a page shows of them, from rows and from objects held in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import strawberry

from strawberry_compiled import (
    Column,
    CompiledExecutor,
    ListsOfRows,
    Projection,
    Rows,
    RowsByKey,
    RowType,
    batched,
    below,
    columns_of,
    projection_of,
    related,
)

ISSUES = 50
COMMENTS = 3
BEGIN = datetime(2026, 1, 1, 12, 30, 15, tzinfo=UTC)


@strawberry.type
class User:
    id: strawberry.ID
    name: str


@strawberry.type
class State:
    id: strawberry.ID
    name: str
    category: str


@strawberry.type
class Project:
    id: strawberry.ID
    key: str
    name: str


@strawberry.type
class Label:
    id: strawberry.ID
    name: str
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    state: State
    project: Project


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRow:
    id: str
    body: str
    created_at: datetime
    author_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRow:
    id: str
    title: str
    number: int
    is_done: bool
    priority: str
    created_at: datetime
    due_on: date | None
    state_id: str
    creator_id: str


USERS = {f"u{n}": User(id=strawberry.ID(f"u{n}"), name=f"User {n}") for n in range(7)}
PROJECTS = [Project(id=strawberry.ID(f"p{n}"), key=f"P{n}", name=f"Project {n}") for n in range(2)]
PLACES = {
    f"s{n}": Place(
        state=State(id=strawberry.ID(f"s{n}"), name=f"State {n}", category="started"), project=PROJECTS[n % 2]
    )
    for n in range(5)
}
LABELS = [Label(id=strawberry.ID(f"l{n}"), name=f"label-{n}", color="#ff0000") for n in range(9)]
ROWS = [
    IssueRow(
        id=f"i{n}",
        title=f"Issue {n}",
        number=n,
        is_done=n % 3 == 0,
        priority="high",
        created_at=BEGIN,
        due_on=None if n % 2 else BEGIN.date(),
        state_id=f"s{n % 5}",
        creator_id=f"u{n % 7}",
    )
    for n in range(ISSUES)
]
COMMENT_ROWS = [
    [
        CommentRow(id=f"c{n}-{m}", body=f"Comment {m}", created_at=BEGIN, author_id=f"u{(n + m) % 7}")
        for m in range(COMMENTS)
    ]
    for n in range(ISSUES)
]
ASSIGNEES = [[USERS[f"u{n % 7}"], USERS[f"u{(n + 1) % 7}"]] for n in range(ISSUES)]
LABEL_LISTS = [[LABELS[n % 9], LABELS[(n + 1) % 9]] for n in range(ISSUES)]
PAGES = [SimpleNamespace(total_count=COMMENTS, nodes=comments) for comments in COMMENT_ROWS]


def _records(objects: Sequence[Any], projection: Projection, lists: frozenset[str] = frozenset()) -> list[Any]:
    names = [name.split(".") for name in columns_of(projection, lists)]

    def value(each: Any, way: Sequence[str]) -> Any:
        for name in way:
            each = getattr(each, name)
        return each

    return [tuple(value(each, way) for way in names) for each in objects]


def _lists(lists: Sequence[Sequence[Any]], projection: Projection) -> ListsOfRows:
    flat = [each for some in lists for each in some]
    ends = [sum(map(len, lists[: number + 1])) for number in range(len(lists))]
    slices = [slice(end - len(some), end) for some, end in zip(lists, ends, strict=True)]
    return ListsOfRows(Rows(_records(flat, projection)), slices)


NODES = frozenset({"nodes"})


@cache
def _rows(name: str, projection: Projection) -> Any:
    """The rows of a field, as they come from a database."""
    made: Mapping[str, Callable[[], Any]] = {
        "issues": lambda: _lists([ROWS], projection),
        "assignees": lambda: _lists(ASSIGNEES, projection),
        "labels": lambda: _lists(LABEL_LISTS, projection),
        "comments": lambda: Rows(
            _records(PAGES, projection, NODES), {"nodes": _lists(COMMENT_ROWS, below(projection, "nodes"))}
        ),
        "users": lambda: RowsByKey(Rows(_records(list(USERS.values()), projection)), list(USERS)),
        "places": lambda: RowsByKey(Rows(_records(list(PLACES.values()), projection)), list(PLACES)),
    }
    return made[name]()


def _answer(name: str, info: strawberry.Info, objects: Any) -> Any:
    projection = projection_of(info)
    return objects if projection is None else _rows(name, projection)


async def users(info: strawberry.Info, _ids: Sequence[str]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _answer("users", info, USERS)
    return found


async def places(info: strawberry.Info, _ids: Sequence[str]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _answer("places", info, PLACES)
    return found


@strawberry.type
class Comment:
    id: strawberry.ID
    body: str
    created_at: datetime
    author: User = related("author_id", users, graphql_type=User, description="")


@strawberry.type
class Comments:
    total_count: int
    nodes: list[Comment]


def identifier_of(issue: Any, place: Any) -> str:
    return f"{place.project.key}-{issue.number}"


@strawberry.type
class Issue:
    id: strawberry.ID
    title: str
    number: int
    is_done: bool
    priority: str
    created_at: datetime
    due_on: date | None
    identifier: str = related(
        "state_id",
        places,
        show=identifier_of,
        graphql_type=str,
        description="",
        needs=("number",),
        needs_found=("project.key",),
    )
    state: State = related("state_id", places, pick="state", graphql_type=State, description="")
    project: Project = related("state_id", places, pick="project", graphql_type=Project, description="")
    creator: User = related("creator_id", users, graphql_type=User, description="")

    @batched(graphql_type=list[User], description="", needs=("id",))
    async def assignees(issues: Sequence[Any], info: strawberry.Info) -> Sequence[Any]:  # noqa: N805
        found: Sequence[Any] = _answer("assignees", info, ASSIGNEES)
        return found

    @batched(graphql_type=list[Label], description="", needs=("id",))
    async def labels(issues: Sequence[Any], info: strawberry.Info) -> Sequence[Any]:  # noqa: N805
        found: Sequence[Any] = _answer("labels", info, LABEL_LISTS)
        return found

    @batched(graphql_type=Comments, description="", needs=("id",))
    async def comments(issues: Sequence[Any], info: strawberry.Info) -> Sequence[Any]:  # noqa: N805
        found: Sequence[Any] = _answer("comments", info, PAGES)
        return found


@strawberry.type
class Workspace:
    @batched(graphql_type=list[Issue], description="")
    async def issues(workspaces: Sequence[Any], info: strawberry.Info) -> Sequence[Any]:  # noqa: N805
        found: Sequence[Any] = _answer("issues", info, [ROWS])
        return found


@strawberry.type
class Query:
    @strawberry.field
    def workspace(self) -> Workspace:
        return Workspace()


def _type(*texts: str, lists: frozenset[str] = frozenset(), **others: Column) -> RowType:
    return RowType({**dict.fromkeys(texts, Column(str)), **others}, lists=lists)


class ObjectExecutor(CompiledExecutor):
    """Compiled execution that asks for objects, as over one connection."""

    awaits_one_by_one = True


class RowExecutor(ObjectExecutor):
    """Compiled execution that asks for rows."""

    row_types = {
        "User": _type("id", "name"),
        "State": _type("id", "name", "category"),
        "Project": _type("id", "key", "name"),
        "Label": _type("id", "name", "color"),
        "Comment": _type("id", "body", "author_id", created_at=Column(datetime)),
        "Comments": _type(total_count=Column(int), lists=NODES),
        "Issue": _type(
            *("id", "title", "priority", "state_id", "creator_id"),
            number=Column(int),
            is_done=Column(bool),
            created_at=Column(datetime),
            due_on=Column(date, is_nullable=True),
        ),
    }


QUERY = """{ workspace { issues {
  id identifier title number isDone priority createdAt dueOn
  state { id name category } project { id key name } creator { id name } assignees { id name } labels { id name color }
  comments { totalCount nodes { id body createdAt author { id name } } }
} } }"""
