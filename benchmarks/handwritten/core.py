"""SQLAlchemy Core, dataclasses and orjson: one connection per request, each statement built once."""

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.responses import Response

from benchmarks.handwritten import core_statements as sql
from benchmarks.handwritten.answers import (
    Change,
    Comment,
    CommentPage,
    Comments,
    FoundIssue,
    Label,
    ListedIssue,
    NameOnly,
    PageInfo,
    Person,
    Project,
    ShortComment,
    State,
    WholeIssue,
    cursor,
    issues_response,
    json_response,
)
from benchmarks.handwritten.tokens import SignedIn

router = APIRouter()


def _engine(request: Request) -> AsyncEngine:
    engine: AsyncEngine = request.app.state.engine
    return engine


Database = Annotated[AsyncEngine, Depends(_engine)]


@router.get("/viewer")
async def viewer(user_id: SignedIn, database: Database) -> Response:
    async with database.connect() as connection:
        row = (await connection.execute(sql.VIEWER, {"viewer": user_id})).one()
    return json_response({"viewer": Person(*row)})


@router.get("/reference")
async def reference(user_id: SignedIn, database: Database, slug: str, first: int) -> Response:
    async with database.connect() as connection:
        rows = await _all(connection, sql.REFERENCE, viewer=user_id, slug=slug, most=first + 1)
        under = _parents(rows[:first])
        assignees = await _people(connection, under)
        labels = await _labels(connection, under)
        comments = {issue_id: Comments(0, []) for issue_id in under["ids"]}
        for row in await _all(connection, sql.COMMENTS, **under, most=3):
            found = comments[row[0]]
            found.totalCount = row[1]
            found.nodes.append(_comment(row))
    nodes = [
        ListedIssue(
            row[0],
            row[1],
            row[2],
            row[3].name,
            row[4],
            row[5],
            State(row[6], row[7], row[8]),
            Project(row[9], row[10], row[11]),
            Person(row[12], row[13]),
            assignees[row[0]],
            labels[row[0]],
            comments[row[0]],
        )
        for row in rows[:first]
    ]
    return issues_response(nodes, _page(rows, first, moment=4))


@router.get("/issue")
async def issue(user_id: SignedIn, database: Database, slug: str, identifier: str, first: int) -> Response:
    async with database.connect() as connection:
        rows = await _all(connection, sql.ISSUE, viewer=user_id, slug=slug, identifier=identifier)
        if not rows:
            return json_response({"workspace": {"issue": None}})
        found = await _all(connection, sql.COMMENTS, **_parents(rows), most=first + 1)
    comments = [_comment(row) for row in found[:first]]
    end = cursor(comments[-1].createdAt, comments[-1].id) if comments else None
    page = CommentPage(found[0][1] if found else 0, comments, PageInfo(len(found) > first, end))
    row = rows[0]
    state, creator = State(row[5], row[6], row[7]), Person(row[8], row[9])
    answer = WholeIssue(row[0], row[1], row[2], row[3], row[4].name, state, creator, page)
    return json_response({"workspace": {"issue": answer}})


@router.get("/filtered")
async def filtered(
    user_id: SignedIn,
    database: Database,
    slug: str,
    first: int,
    category: str,
    label: str,
    priority: Annotated[list[int], Query()],
) -> Response:
    async with database.connect() as connection:
        wanted = {"category": category, "priorities": priority, "label": label}
        rows = await _all(connection, sql.FILTERED, viewer=user_id, slug=slug, most=first + 1, **wanted)
        under = _parents(rows[:first])
        assignees = await _people(connection, under)
        labels = await _labels(connection, under)
    nodes = [
        FoundIssue(
            row[0],
            row[1],
            row[2],
            row[3].name,
            row[4],
            State(row[5], row[6], row[7]),
            assignees[row[0]],
            labels[row[0]],
        )
        for row in rows[:first]
    ]
    return issues_response(nodes, _page(rows, first, moment=4))


@router.get("/nested")
async def nested(user_id: SignedIn, database: Database, slug: str, first: int, comments: int) -> Response:
    async with database.connect() as connection:
        rows = await _all(connection, sql.NESTED, viewer=user_id, slug=slug, most=first)
        said: defaultdict[str, list[ShortComment]] = defaultdict(list)
        for row in await _all(connection, sql.SHORT_COMMENTS, **_parents(rows), most=comments):
            said[row[0]].append(ShortComment(row[1], row[2], NameOnly(row[3])))
    nodes = [{"id": row[0], "title": row[1], "comments": {"nodes": said[row[0]]}} for row in rows]
    return json_response({"workspace": {"issues": {"nodes": nodes}}})


@router.post("/update")
async def update(user_id: SignedIn, database: Database, change: Change) -> Response:
    async with database.connect() as connection:
        values = {"viewer": user_id, "id": change.id, "title": change.title}
        row = (await connection.execute(sql.UPDATE, values)).one()
    return json_response({"issueUpdate": {"errors": [], "issue": {"id": row.id, "title": row.title}}})


async def _all(connection: AsyncConnection, statement: Executable, **params: Any) -> Any:
    return (await connection.execute(statement, params)).all()


def _parents(rows: Any) -> dict[str, Any]:
    """Workspace and IDs of the issues, whose rows end with the workspace."""
    return {"workspace": rows[0][-1] if rows else None, "ids": [row[0] for row in rows]}


async def _people(connection: AsyncConnection, under: dict[str, Any]) -> defaultdict[str, list[Person]]:
    found: defaultdict[str, list[Person]] = defaultdict(list)
    for row in await _all(connection, sql.ASSIGNEES, **under):
        found[row[0]].append(Person(row[1], row[2]))
    return found


async def _labels(connection: AsyncConnection, under: dict[str, Any]) -> defaultdict[str, list[Label]]:
    found: defaultdict[str, list[Label]] = defaultdict(list)
    for row in await _all(connection, sql.LABELS, **under):
        found[row[0]].append(Label(row[1], row[2], row[3]))
    return found


def _comment(row: Any) -> Comment:
    return Comment(row[2], row[3], row[4], Person(row[5], row[6]))


def _page(rows: Any, first: int, *, moment: int) -> PageInfo:
    kept = rows[:first]
    return PageInfo(len(rows) > first, cursor(kept[-1][moment], kept[-1][0]) if kept else None)
