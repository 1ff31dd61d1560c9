"""Grommet, whose executor is in Rust, on Starlette: `with_grommet FILE loaders|preloaded`. Needs Python 3.13."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import grommet
from aiodataloader import DataLoader
from grommet import Hidden

from benchmarks.handwritten.answers import PRIORITIES
from benchmarks.python_peers import serving, settings
from benchmarks.python_peers.context import Context
from benchmarks.python_peers.reads import Shapes
from benchmarks.python_peers.settings import PRELOADED

IS_PRELOADED = settings.style() == PRELOADED
Ctx = Annotated[Any, grommet.Context]
Key = Annotated[str, Hidden]

# It has neither enums nor scalars of an application's own: directions, priorities and moments are strings.


@grommet.input
@dataclass
class Order:
    direction: str


@grommet.input
@dataclass
class IssueSort:
    createdAt: Order  # noqa: N815  as the schema spells it


@grommet.type
@dataclass(slots=True)
class Person:
    id: str
    name: str


@grommet.type
@dataclass(slots=True)
class State:
    id: str
    name: str
    category: str


@grommet.type
@dataclass(slots=True)
class Project:
    id: str
    key: str
    name: str


@grommet.type
@dataclass(slots=True)
class Label:
    id: str
    name: str
    color: str


@grommet.type
@dataclass(slots=True)
class PageInfo:
    hasNextPage: bool  # noqa: N815
    endCursor: str | None  # noqa: N815


if IS_PRELOADED:

    @grommet.type
    @dataclass(slots=True)
    class Comment:
        id: str
        body: str
        createdAt: str  # noqa: N815
        author: Person

    @grommet.type
    @dataclass(slots=True)
    class Comments:
        totalCount: int  # noqa: N815
        nodes: list[Comment]

    @grommet.type
    @dataclass
    class Issue:
        id: str
        identifier: str
        title: str
        priority: str
        createdAt: str  # noqa: N815
        dueDate: str | None  # noqa: N815
        state: State
        project: Project
        creator: Person
        assignees: list[Person]
        labels: list[Label]
        loaded: Annotated[Any, Hidden]

        @grommet.field
        def comments(self, first: int) -> Comments:
            return self.loaded

else:

    @grommet.type
    @dataclass
    class Comment:
        id: str
        body: str
        createdAt: str  # noqa: N815
        authorId: Key  # noqa: N815

        @grommet.field
        async def author(self, context: Ctx) -> Person:
            return await context.loader("users").load(self.authorId)

    @grommet.type
    @dataclass(slots=True)
    class Comments:
        totalCount: int  # noqa: N815
        nodes: list[Comment]

    @grommet.type
    @dataclass
    class Issue:
        id: str
        identifier: str
        title: str
        priority: str
        createdAt: str  # noqa: N815
        dueDate: str | None  # noqa: N815
        stateId: Key  # noqa: N815
        projectId: Key  # noqa: N815
        creatorId: Key  # noqa: N815

        @grommet.field
        async def state(self, context: Ctx) -> State:
            return await context.loader("states").load(self.stateId)

        @grommet.field
        async def project(self, context: Ctx) -> Project:
            return await context.loader("projects").load(self.projectId)

        @grommet.field
        async def creator(self, context: Ctx) -> Person:
            return await context.loader("users").load(self.creatorId)

        @grommet.field
        async def assignees(self, context: Ctx) -> list[Person]:
            return await context.loader("assignees").load(self.id)

        @grommet.field
        async def labels(self, context: Ctx) -> list[Label]:
            return await context.loader("labels").load(self.id)

        @grommet.field
        async def comments(self, context: Ctx, first: int) -> Comments:
            return await context.comments(first).load(self.id)


@grommet.type
@dataclass(slots=True)
class Issues:
    nodes: list[Issue]
    pageInfo: PageInfo  # noqa: N815


@grommet.type
@dataclass
class Workspace:
    slug: Key

    @grommet.field
    async def issues(self, context: Ctx, first: int, sort: list[IssueSort]) -> Issues:
        reads = context.reads
        return await (reads.preloaded(self.slug, first, comments=3) if IS_PRELOADED else reads.issues(first))


@grommet.type
@dataclass
class Query:
    @grommet.field
    async def viewer(self, context: Ctx) -> Person:
        return await context.reads.viewer()

    @grommet.field
    async def workspace(self, context: Ctx, slug: str) -> Workspace | None:
        # The preloaded list checks the membership itself.
        is_seen = IS_PRELOADED or await context.reads.finds_workspace(slug)
        return Workspace(slug) if is_seen else None


def moment(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


SHAPES = Shapes(
    person=Person,
    state=State,
    project=Project,
    label=Label,
    comment=Comment,
    comments=Comments,
    issue=Issue,
    page=lambda nodes, has_next, end: Issues(nodes, PageInfo(has_next, end)),
    priority=PRIORITIES.__getitem__,
    moment=moment,
    date=date.isoformat,
)


def main() -> None:
    schema = grommet.Schema(query=Query)

    async def execute(asked: Mapping[str, Any], context: Context) -> Any:
        result = await schema.execute(asked["query"], asked.get("variables"), context)
        return {"data": result.data} | ({"errors": [str(error) for error in result.errors]} if result.errors else {})

    serving.serve(execute, SHAPES, DataLoader)


if __name__ == "__main__":
    main()
