"""Strawberry with strawberry-compiled, on FastAPI: `with_strawberry_compiled FILE batches|loaders|preloaded`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from enum import Enum
from typing import Any

import orjson
import strawberry
from fastapi import FastAPI, Request
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.fastapi import BaseContext, GraphQLRouter

from benchmarks.handwritten.tokens import SignedIn, Tokens
from benchmarks.python_peers import settings
from benchmarks.python_peers.context import Context
from benchmarks.python_peers.reads import Reads, Shapes
from benchmarks.python_peers.serving import pool_of
from benchmarks.python_peers.settings import LOADERS, PRELOADED
from strawberry_compiled import CompiledExecutor, batched, related

STYLE = settings.style()


class RequestContext(BaseContext):
    """Context as FastAPI injects it. Batch fields keep what they load in `loaders`."""

    def __init__(self, own: Context) -> None:
        super().__init__()
        self.own = own
        self.loaders: dict[object, Any] = {}


Info = strawberry.Info[RequestContext, None]


@strawberry.enum
class Priority(Enum):
    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    URGENT = 4


@strawberry.enum
class Direction(Enum):
    ASC = 1
    DESC = 2


@strawberry.input
class Order:
    direction: Direction


@strawberry.input
class IssueSort:
    created_at: Order


@strawberry.type
class Person:
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


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


async def users(info: Info, ids: Sequence[str]) -> dict[str, Person]:
    return dict(zip(ids, await info.context.own.reads.users(ids), strict=True))


async def states(info: Info, ids: Sequence[str]) -> dict[str, State]:
    return dict(zip(ids, await info.context.own.reads.states(ids), strict=True))


async def projects(info: Info, ids: Sequence[str]) -> dict[str, Project]:
    return dict(zip(ids, await info.context.own.reads.projects(ids), strict=True))


if STYLE == PRELOADED:

    @strawberry.type
    class Comment:
        id: strawberry.ID
        body: str
        created_at: datetime
        author: Person

elif STYLE == LOADERS:

    @strawberry.type
    class Comment:
        id: strawberry.ID
        body: str
        created_at: datetime
        author_id: strawberry.Private[str]

        @strawberry.field
        async def author(self, info: Info) -> Person:
            return await info.context.own.loader("users").load(self.author_id)

else:

    @strawberry.type
    class Comment:
        id: strawberry.ID
        body: str
        created_at: datetime
        author_id: strawberry.Private[str]
        author = related("author_id", users, graphql_type=Person, description="Author of the comment.")


@strawberry.type
class Comments:
    total_count: int
    nodes: list[Comment]


@strawberry.type
class Columns:
    """Columns of an issue, and the keys of its relations."""

    id: strawberry.ID
    identifier: str
    title: str
    priority: Priority
    created_at: datetime
    due_date: date | None


if STYLE == PRELOADED:

    @strawberry.type
    class Issue(Columns):
        state: State
        project: Project
        creator: Person
        assignees: list[Person]
        labels: list[Label]
        loaded: strawberry.Private[Comments]

        @strawberry.field
        def comments(self, first: int = 20) -> Comments:
            return self.loaded

elif STYLE == LOADERS:

    @strawberry.type
    class Issue(Columns):
        state_id: strawberry.Private[str]
        project_id: strawberry.Private[str]
        creator_id: strawberry.Private[str]

        @strawberry.field
        async def state(self, info: Info) -> State:
            return await info.context.own.loader("states").load(self.state_id)

        @strawberry.field
        async def project(self, info: Info) -> Project:
            return await info.context.own.loader("projects").load(self.project_id)

        @strawberry.field
        async def creator(self, info: Info) -> Person:
            return await info.context.own.loader("users").load(self.creator_id)

        @strawberry.field
        async def assignees(self, info: Info) -> list[Person]:
            return await info.context.own.loader("assignees").load(self.id)

        @strawberry.field
        async def labels(self, info: Info) -> list[Label]:
            return await info.context.own.loader("labels").load(self.id)

        @strawberry.field
        async def comments(self, info: Info, first: int = 20) -> Comments:
            return await info.context.own.comments(first).load(self.id)

else:

    @strawberry.type
    class Issue(Columns):
        state_id: strawberry.Private[str]
        project_id: strawberry.Private[str]
        creator_id: strawberry.Private[str]
        state = related("state_id", states, graphql_type=State, description="State of the issue.")
        project = related("project_id", projects, graphql_type=Project, description="Project of the issue.")
        creator = related("creator_id", users, graphql_type=Person, description="Creator of the issue.")

        @batched(graphql_type=list[Person], description="Assignees of the issue.")
        async def assignees(issues: Sequence[Any], info: Info) -> Sequence[list[Person]]:  # noqa: N805
            return await info.context.own.reads.assignees([issue.id for issue in issues])

        @batched(graphql_type=list[Label], description="Labels of the issue.")
        async def labels(issues: Sequence[Any], info: Info) -> Sequence[list[Label]]:  # noqa: N805
            return await info.context.own.reads.labels([issue.id for issue in issues])

        @batched(graphql_type=Comments, description="First comments of the issue.")
        async def comments(issues: Sequence[Any], info: Info, first: int = 20) -> Sequence[Comments]:  # noqa: N805
            return await info.context.own.reads.comments([issue.id for issue in issues], first)


@strawberry.type
class Issues:
    nodes: list[Issue]
    page_info: PageInfo


@strawberry.type
class Workspace:
    slug: strawberry.Private[str]

    @strawberry.field
    async def issues(self, info: Info, first: int = 50, sort: list[IssueSort] | None = None) -> Issues:
        reads = info.context.own.reads
        found = reads.preloaded(self.slug, first, comments=3) if STYLE == PRELOADED else reads.issues(first)
        page: Issues = await found
        return page


@strawberry.type
class Query:
    @strawberry.field
    async def viewer(self, info: Info) -> Person:
        person: Person = await info.context.own.reads.viewer()
        return person

    @strawberry.field
    async def workspace(self, info: Info, slug: str) -> Workspace | None:
        # The preloaded list checks the membership itself.
        is_seen = STYLE == PRELOADED or await info.context.own.reads.finds_workspace(slug)
        return Workspace(slug=slug) if is_seen else None


PRIORITIES = tuple(Priority)


def new_issue(
    id: str, identifier: str, title: str, priority: Priority, created_at: datetime, due_date: date | None, *more: Any
) -> Any:
    own = {"id": id, "identifier": identifier, "title": title, "priority": priority}
    own |= {"created_at": created_at, "due_date": due_date}
    if STYLE == PRELOADED:
        state, project, creator, assignees, labels, comments = more
        objects = {"state": state, "project": project, "creator": creator, "assignees": assignees, "labels": labels}
        return Issue(**own, **objects, loaded=comments)
    state_id, project_id, creator_id = more
    return Issue(**own, state_id=state_id, project_id=project_id, creator_id=creator_id)


def new_comment(id: str, body: str, created_at: datetime, author: Any) -> Any:
    if STYLE == PRELOADED:
        return Comment(id=id, body=body, created_at=created_at, author=author)
    return Comment(id=id, body=body, created_at=created_at, author_id=author)


SHAPES = Shapes(
    person=lambda uid, name: Person(id=uid, name=name),
    state=lambda uid, name, category: State(id=uid, name=name, category=category),
    project=lambda uid, key, name: Project(id=uid, key=key, name=name),
    label=lambda uid, name, color: Label(id=uid, name=name, color=color),
    comment=new_comment,
    comments=lambda total, nodes: Comments(total_count=total, nodes=nodes),
    issue=new_issue,
    page=lambda nodes, has_next, end: Issues(nodes=nodes, page_info=PageInfo(has_next_page=has_next, end_cursor=end)),
    priority=PRIORITIES.__getitem__,
)


class Router(GraphQLRouter[RequestContext, None]):
    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


async def context_of(request: Request, user_id: SignedIn) -> RequestContext:
    return RequestContext(Context(Reads(request.app.state.pool, user_id, SHAPES), DataLoader))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    told = settings.told()
    app.state.tokens = Tokens(told["keys"], issuer=told["issuer"])
    async with pool_of(told) as app.state.pool:
        yield


def main() -> None:
    schema = strawberry.Schema(
        Query, extensions=[ParserCache, ValidationCache], execution_context_class=CompiledExecutor
    )
    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.include_router(Router(schema, context_getter=context_of, graphql_ide=None), prefix="/graphql")
    settings.run(app, settings.told()["port"])


if __name__ == "__main__":
    main()
