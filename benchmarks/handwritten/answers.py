"""The shapes of the answers: slotted dataclasses, which orjson writes as they are."""

import base64
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from domain.issues.priorities import Priority

PRIORITIES = {priority.value: priority.name for priority in Priority}
JSON = "application/json"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Change(BaseModel):
    """The body of an update."""

    id: str
    title: str


@dataclass(slots=True)
class Person:
    id: str
    name: str


@dataclass(slots=True)
class State:
    id: str
    name: str
    category: str


@dataclass(slots=True)
class Project:
    id: str
    key: str
    name: str


@dataclass(slots=True)
class Label:
    id: str
    name: str
    color: str


@dataclass(slots=True)
class Comment:
    id: str
    body: str
    createdAt: datetime  # noqa: N815  as the answer spells it
    author: Person


@dataclass(slots=True)
class Comments:
    totalCount: int  # noqa: N815
    nodes: list[Comment]


@dataclass(slots=True)
class PageInfo:
    hasNextPage: bool  # noqa: N815
    endCursor: str | None  # noqa: N815


@dataclass(slots=True)
class CommentPage:
    totalCount: int  # noqa: N815
    nodes: list[Comment]
    pageInfo: PageInfo  # noqa: N815


@dataclass(slots=True)
class ListedIssue:
    id: str
    identifier: str
    title: str
    priority: str
    createdAt: datetime  # noqa: N815
    dueDate: date | None  # noqa: N815
    state: State
    project: Project
    creator: Person
    assignees: list[Person]
    labels: list[Label]
    comments: Comments


@dataclass(slots=True)
class WholeIssue:
    id: str
    identifier: str
    title: str
    description: str
    priority: str
    state: State
    creator: Person
    comments: CommentPage


@dataclass(slots=True)
class FoundIssue:
    id: str
    identifier: str
    title: str
    priority: str
    updatedAt: datetime  # noqa: N815
    state: State
    assignees: list[Person]
    labels: list[Label]


@dataclass(slots=True)
class NameOnly:
    name: str


@dataclass(slots=True)
class ShortComment:
    id: str
    body: str
    author: NameOnly


def json_response(data: dict[str, Any]) -> Response:
    return Response(orjson.dumps({"data": data}, option=orjson.OPT_UTC_Z), media_type=JSON)


def issues_response(nodes: list[Any], info: PageInfo | dict[str, Any]) -> Response:
    return json_response({"workspace": {"issues": {"nodes": nodes, "pageInfo": info}}})


def cursor(moment: datetime, id: str) -> str:
    """The place of a row in its list, as Workgraph's cursors hold it."""
    micros = int((moment - _EPOCH).total_seconds() * 1_000_000)
    return base64.urlsafe_b64encode(orjson.dumps([1, "by hand", micros, id])).rstrip(b"=").decode()
