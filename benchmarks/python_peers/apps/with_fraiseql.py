"""FraiseQL, which passes JSONB from PostgreSQL through a pipeline in Rust: `with_fraiseql FILE`. Needs Python 3.13."""

import datetime
from pathlib import Path
from typing import Any

import fraiseql
import psycopg
from fastapi import Request
from fraiseql.db import DatabaseQuery, register_type_for_view
from fraiseql.fastapi import FraiseQLConfig, create_fraiseql_app
from psycopg.sql import SQL

from benchmarks.handwritten.tokens import Tokens
from benchmarks.python_peers import settings

TABLES = Path(__file__).parents[1] / "fraiseql.sql"
VISIBLE = SQL("""SELECT w.id FROM workspace w JOIN member m ON m.workspace_id = w.id
    WHERE m.user_id = %(user_id)s AND w.slug = %(slug)s""")


@fraiseql.type
class State:
    id: str
    name: str
    category: str


@fraiseql.type
class Project:
    id: str
    key: str
    name: str


@fraiseql.type
class Person:
    id: str
    name: str


@fraiseql.type
class Label:
    id: str
    name: str
    color: str


@fraiseql.type
class Comment:
    id: str
    body: str
    created_at: datetime.datetime
    author: Person


@fraiseql.type
class Comments:
    total_count: int
    nodes: list[Comment]


@fraiseql.type(sql_source="tv_viewer", jsonb_column="data")
class Viewer:
    id: str
    name: str


@fraiseql.type(sql_source="tv_issue", jsonb_column="data")
class Issue:
    id: str
    identifier: str
    title: str
    priority: str
    created_at: datetime.datetime
    due_date: datetime.date | None
    state: State
    project: Project
    creator: Person
    assignees: list[Person]
    labels: list[Label]
    comments: Comments


@fraiseql.query
async def viewer(info: Any) -> Viewer | None:
    own = {"id": info.context["user_id"]}
    return await info.context["db"].find_one("tv_viewer", "viewer", info, mandatory_filters=own)


@fraiseql.query
async def issues(info: Any, slug: str, limit: int = 50) -> list[Issue]:
    database = info.context["db"]
    wanted = {"user_id": info.context["user_id"], "slug": slug}
    seen = await database.run(DatabaseQuery(statement=VISIBLE, params=wanted, fetch_result=True))
    inside = {"workspace_id": seen[0]["id"] if seen else ""}
    order = "created_at DESC, id DESC"
    return await database.find("tv_issue", "issues", info, mandatory_filters=inside, order_by=order, limit=limit)


def main() -> None:
    told = settings.told()
    tokens = Tokens(told["keys"], issuer=told["issuer"])
    with psycopg.connect(told["url"], autocommit=True) as connection:
        connection.execute(TABLES.read_text())

    async def context(request: Request) -> dict[str, Any]:
        user_id = tokens.user_id(request.headers.get("authorization", ""))
        return {"user_id": user_id, "request": request}

    for table, kind, columns in (
        ("tv_issue", Issue, {"id", "workspace_id", "created_at", "data"}),
        ("tv_viewer", Viewer, {"id", "data"}),
    ):
        register_type_for_view(table, kind, table_columns=columns, has_jsonb_data=True, jsonb_column="data")
    config = FraiseQLConfig(
        database_url=f"{told['url']}&options=-csearch_path%3Dfraiseql%2Cpublic",
        environment="production",
        database_pool_size=told["poolSize"],
        database_max_overflow=0,
        cors_enabled=False,
        enable_playground=False,
    )
    app = create_fraiseql_app(
        config=config,
        types=[Viewer, Issue, Comments, Comment, Label, Person, Project, State],
        queries=[viewer, issues],
        context_getter=context,
        production=True,
    )
    settings.run(app, told["port"])


if __name__ == "__main__":
    main()
