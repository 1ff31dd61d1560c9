"""asyncpg and orjson: rows straight into the dicts of the answer, one connection per request."""

from collections import defaultdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from benchmarks.handwritten import statements as sql
from benchmarks.handwritten.answers import PRIORITIES, Change, cursor, issues_response, json_response
from benchmarks.handwritten.tokens import SignedIn

Rows = list[Any]
Nodes = defaultdict[str, list[dict[str, Any]]]
router = APIRouter()


def _pool(request: Request) -> Any:
    return request.app.state.pool


Database = Annotated[Any, Depends(_pool)]  # an asyncpg.Pool, which is generic to the type checker alone


@router.get("/viewer")
async def viewer(user_id: SignedIn, database: Database) -> Response:
    row = await database.fetchrow(sql.VIEWER, user_id)
    return json_response({"viewer": {"id": row[0], "name": row[1]}})


@router.get("/reference")
async def reference(user_id: SignedIn, database: Database, slug: str, first: int) -> Response:
    async with database.acquire() as connection:
        rows = await connection.fetch(sql.REFERENCE, user_id, slug, first + 1)
        under = _parents(rows[:first])
        assignees = _people(await connection.fetch(sql.ASSIGNEES, *under))
        labels = _labels(await connection.fetch(sql.LABELS, *under))
        said, totals = _comments(await connection.fetch(sql.COMMENTS, *under, 3))
    nodes = [
        {
            "id": row[0],
            "identifier": row[1],
            "title": row[2],
            "priority": PRIORITIES[row[3]],
            "createdAt": row[4],
            "dueDate": row[5],
            "state": {"id": row[6], "name": row[7], "category": row[8]},
            "project": {"id": row[9], "key": row[10], "name": row[11]},
            "creator": {"id": row[12], "name": row[13]},
            "assignees": assignees[row[0]],
            "labels": labels[row[0]],
            "comments": {"totalCount": totals.get(row[0], 0), "nodes": said[row[0]]},
        }
        for row in rows[:first]
    ]
    return issues_response(nodes, _page(rows, first, moment=4))


@router.get("/issue")
async def issue(user_id: SignedIn, database: Database, slug: str, identifier: str, first: int) -> Response:
    async with database.acquire() as connection:
        row = await connection.fetchrow(sql.ISSUE, user_id, slug, identifier)
        if row is None:
            return json_response({"workspace": {"issue": None}})
        found = await connection.fetch(sql.COMMENTS, *_parents([row]), first + 1)
    said, totals = _comments(found[:first])
    answer = {
        "id": row[0],
        "identifier": row[1],
        "title": row[2],
        "description": row[3],
        "priority": PRIORITIES[row[4]],
        "state": {"id": row[5], "name": row[6], "category": row[7]},
        "creator": {"id": row[8], "name": row[9]},
        "comments": {
            "totalCount": totals.get(row[0], 0),
            "nodes": said[row[0]],
            "pageInfo": _page(found, first, moment=4, id=2),
        },
    }
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
    async with database.acquire() as connection:
        rows = await connection.fetch(sql.FILTERED, user_id, slug, category, priority, label, first + 1)
        under = _parents(rows[:first])
        assignees = _people(await connection.fetch(sql.ASSIGNEES, *under))
        labels = _labels(await connection.fetch(sql.LABELS, *under))
    nodes = [
        {
            "id": row[0],
            "identifier": row[1],
            "title": row[2],
            "priority": PRIORITIES[row[3]],
            "updatedAt": row[4],
            "state": {"id": row[5], "name": row[6], "category": row[7]},
            "assignees": assignees[row[0]],
            "labels": labels[row[0]],
        }
        for row in rows[:first]
    ]
    return issues_response(nodes, _page(rows, first, moment=4))


@router.get("/nested")
async def nested(user_id: SignedIn, database: Database, slug: str, first: int, comments: int) -> Response:
    async with database.acquire() as connection:
        rows = await connection.fetch(sql.NESTED, user_id, slug, first)
        found = await connection.fetch(sql.SHORT_COMMENTS, *_parents(rows), comments)
    said: Nodes = defaultdict(list)
    for row in found:
        said[row[0]].append({"id": row[1], "body": row[2], "author": {"name": row[3]}})
    nodes = [{"id": row[0], "title": row[1], "comments": {"nodes": said[row[0]]}} for row in rows]
    return json_response({"workspace": {"issues": {"nodes": nodes}}})


@router.post("/update")
async def update(user_id: SignedIn, database: Database, change: Change) -> Response:
    row = await database.fetchrow(sql.UPDATE, user_id, change.id, change.title)
    return json_response({"issueUpdate": {"errors": [], "issue": {"id": row[0], "title": row[1]}}})


def _parents(rows: Rows) -> tuple[str | None, list[str]]:
    """Workspace and IDs of the issues, whose rows end with the workspace."""
    return (rows[0][-1] if rows else None), [row[0] for row in rows]


def _people(rows: Rows) -> Nodes:
    found: Nodes = defaultdict(list)
    for row in rows:
        found[row[0]].append({"id": row[1], "name": row[2]})
    return found


def _labels(rows: Rows) -> Nodes:
    found: Nodes = defaultdict(list)
    for row in rows:
        found[row[0]].append({"id": row[1], "name": row[2], "color": row[3]})
    return found


def _comments(rows: Rows) -> tuple[Nodes, dict[str, int]]:
    """The comments of each issue, and how many it has in all."""
    found: Nodes = defaultdict(list)
    totals: dict[str, int] = {}
    for row in rows:
        totals[row[0]] = row[1]
        author = {"id": row[5], "name": row[6]}
        found[row[0]].append({"id": row[2], "body": row[3], "createdAt": row[4], "author": author})
    return found, totals


def _page(rows: Rows, first: int, *, moment: int, id: int = 0) -> dict[str, Any]:
    last = rows[:first][-1] if rows else None
    return {"hasNextPage": len(rows) > first, "endCursor": last and cursor(last[moment], last[id])}
