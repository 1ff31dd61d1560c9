"""PostgreSQL builds the JSON of the whole answer in one statement; Python hands the bytes on."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from benchmarks.handwritten import whole_statements as sql
from benchmarks.handwritten.answers import JSON, Change
from benchmarks.handwritten.plain import Database
from benchmarks.handwritten.tokens import SignedIn

router = APIRouter()


def _answer(text: str) -> Response:
    return Response(text, media_type=JSON)


@router.get("/viewer")
async def viewer(user_id: SignedIn, database: Database) -> Response:
    return _answer(await database.fetchval(sql.VIEWER, user_id))


@router.get("/reference")
async def reference(user_id: SignedIn, database: Database, slug: str, first: int) -> Response:
    return _answer(await database.fetchval(sql.REFERENCE, user_id, slug, first))


@router.get("/issue")
async def issue(user_id: SignedIn, database: Database, slug: str, identifier: str, first: int) -> Response:
    return _answer(await database.fetchval(sql.ISSUE, user_id, slug, identifier, first))


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
    return _answer(await database.fetchval(sql.FILTERED, user_id, slug, category, priority, label, first))


@router.get("/nested")
async def nested(user_id: SignedIn, database: Database, slug: str, first: int, comments: int) -> Response:
    return _answer(await database.fetchval(sql.NESTED, user_id, slug, first, comments))


@router.post("/update")
async def update(user_id: SignedIn, database: Database, change: Change) -> Response:
    return _answer(await database.fetchval(sql.UPDATE, user_id, change.id, change.title))
