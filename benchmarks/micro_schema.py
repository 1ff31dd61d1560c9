"""Schema over in-memory data, which leaves only the executor to measure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import strawberry

from strawberry_compiled import batched

ISSUES = 50
LABELS = 3

PING = "{ ping }"
LIST = """{ issues {
  id title state number createdAt author { id name } labels { id name color } comments { totalCount } } }"""
BATCHES = """{ batchedIssues {
  id title state number createdAt author { id name } labels { id name color } comments { totalCount } } }"""


@strawberry.enum
class State(Enum):
    OPEN = "open"
    CLOSED = "closed"


@strawberry.type
@dataclass(slots=True)
class User:
    id: strawberry.ID
    name: str


@strawberry.type
@dataclass(slots=True)
class Label:
    id: strawberry.ID
    name: str
    color: str


@strawberry.type
@dataclass(slots=True)
class Comments:
    total_count: int


@strawberry.type
@dataclass(slots=True)
class Issue:
    """Issue whose related objects are attributes."""

    id: strawberry.ID
    title: str
    state: State
    number: int
    created_at: datetime
    author: User
    labels: list[Label]
    comments: Comments


@dataclass(frozen=True, slots=True)
class _Row:
    """Row that the fields of a batched issue are read from."""

    id: str
    title: str
    state: State
    number: int
    created_at: datetime
    whole: Issue = field(repr=False)


@strawberry.type
class BatchedIssue:
    """Issue whose related objects are fetched for all issues of a list at once."""

    id: strawberry.ID
    title: str
    state: State
    number: int
    created_at: datetime

    @batched(graphql_type=User, description="")
    async def author(issues: Sequence[_Row], info: strawberry.Info) -> Sequence[User]:  # noqa: N805
        return [issue.whole.author for issue in issues]

    @batched(graphql_type=list[Label], description="")
    async def labels(issues: Sequence[_Row], info: strawberry.Info) -> Sequence[list[Label]]:  # noqa: N805
        return [issue.whole.labels for issue in issues]

    @batched(graphql_type=Comments, description="")
    async def comments(issues: Sequence[_Row], info: strawberry.Info) -> Sequence[Comments]:  # noqa: N805
        return [issue.whole.comments for issue in issues]


@dataclass(frozen=True, slots=True)
class Context:
    """Execution context that keeps the generated DataLoaders."""

    loaders: dict[Any, Any] = field(default_factory=dict)


def _issues() -> list[Issue]:
    begin = datetime(2026, 1, 1, 12, 30, 15, tzinfo=UTC)
    users = [User(strawberry.ID(f"u{number}"), f"User {number}") for number in range(7)]
    labels = [Label(strawberry.ID(f"l{number}"), f"label-{number}", f"#ff00{number:02x}") for number in range(9)]
    return [
        Issue(
            id=strawberry.ID(f"i{number}"),
            title=f"Issue number {number}: something is broken",
            state=State.OPEN if number % 2 else State.CLOSED,
            number=number,
            created_at=begin + timedelta(minutes=number),
            author=users[number % 7],
            labels=[labels[(number + place) % 9] for place in range(LABELS)],
            comments=Comments(number * 3),
        )
        for number in range(ISSUES)
    ]


_ALL = _issues()
_ROWS = [_Row(each.id, each.title, each.state, each.number, each.created_at, each) for each in _ALL]


@strawberry.type
class Query:
    @strawberry.field
    def ping(self) -> str:
        return "pong"

    @strawberry.field
    def issues(self) -> list[Issue]:
        return _ALL

    @strawberry.field(graphql_type=list[BatchedIssue])
    def batched_issues(self) -> list[_Row]:
        return _ROWS


schema = strawberry.Schema(query=Query)
