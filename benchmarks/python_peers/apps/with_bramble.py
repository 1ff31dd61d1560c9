"""Bramble, whose parser and validator are in Rust, on Starlette: `with_bramble FILE loaders|preloaded`."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

import bramble
from aiodataloader import DataLoader
from bramble import Info, Parent

from benchmarks.python_peers import serving, settings
from benchmarks.python_peers.context import Context
from benchmarks.python_peers.reads import Shapes
from benchmarks.python_peers.settings import PRELOADED

IS_PRELOADED = settings.style() == PRELOADED
Self = Parent[Any]


@bramble.enum
class Priority(Enum):
    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    URGENT = 4


@bramble.enum
class Direction(Enum):
    ASC = 1
    DESC = 2


@bramble.input
class Order:
    direction: Direction


@bramble.input
class IssueSort:
    created_at: Order


@bramble.type
class Person:
    id: bramble.ID
    name: str


@bramble.type
class State:
    id: bramble.ID
    name: str
    category: str


@bramble.type
class Project:
    id: bramble.ID
    key: str
    name: str


@bramble.type
class Label:
    id: bramble.ID
    name: str
    color: str


@bramble.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


if IS_PRELOADED:

    @bramble.type
    class Comment:
        id: bramble.ID
        body: str
        created_at: datetime
        author: Person

    @bramble.type
    class Comments:
        total_count: int
        nodes: list[Comment]

    @bramble.type
    class Issue:
        id: bramble.ID
        identifier: str
        title: str
        priority: Priority
        created_at: datetime
        due_date: date | None
        state: State
        project: Project
        creator: Person
        assignees: list[Person]
        labels: list[Label]
        loaded: bramble.Private[Any]

        @bramble.field
        def comments(self: Self, first: int = 20) -> Comments:
            return self.loaded

else:

    @bramble.type
    class Comment:
        id: bramble.ID
        body: str
        created_at: datetime
        author_id: bramble.Private[str]

        @bramble.field
        async def author(self: Self, info: Info) -> Person:
            return await info.context.loader("users").load(self.author_id)

    @bramble.type
    class Comments:
        total_count: int
        nodes: list[Comment]

    @bramble.type
    class Issue:
        id: bramble.ID
        identifier: str
        title: str
        priority: Priority
        created_at: datetime
        due_date: date | None
        state_id: bramble.Private[str]
        project_id: bramble.Private[str]
        creator_id: bramble.Private[str]

        @bramble.field
        async def state(self: Self, info: Info) -> State:
            return await info.context.loader("states").load(self.state_id)

        @bramble.field
        async def project(self: Self, info: Info) -> Project:
            return await info.context.loader("projects").load(self.project_id)

        @bramble.field
        async def creator(self: Self, info: Info) -> Person:
            return await info.context.loader("users").load(self.creator_id)

        @bramble.field
        async def assignees(self: Self, info: Info) -> list[Person]:
            return await info.context.loader("assignees").load(self.id)

        @bramble.field
        async def labels(self: Self, info: Info) -> list[Label]:
            return await info.context.loader("labels").load(self.id)

        @bramble.field
        async def comments(self: Self, info: Info, first: int = 20) -> Comments:
            return await info.context.comments(first).load(self.id)


@bramble.type
class Issues:
    nodes: list[Issue]
    page_info: PageInfo


@bramble.type
class Workspace:
    slug: bramble.Private[str]

    @bramble.field
    async def issues(self: Self, info: Info, first: int = 50, sort: list[IssueSort] | None = None) -> Issues:
        reads = info.context.reads
        return await (reads.preloaded(self.slug, first, comments=3) if IS_PRELOADED else reads.issues(first))


@bramble.type
class Query:
    @bramble.field
    async def viewer(self: Self, info: Info) -> Person:
        return await info.context.reads.viewer()

    @bramble.field
    async def workspace(self: Self, info: Info, slug: str) -> Workspace | None:
        # The preloaded list checks the membership itself.
        is_seen = IS_PRELOADED or await info.context.reads.finds_workspace(slug)
        return Workspace(slug=slug) if is_seen else None


PRIORITIES = tuple(Priority)


def new_issue(
    id: str, identifier: str, title: str, priority: Priority, created_at: datetime, due_date: date | None, *more: Any
) -> Any:
    own = {"id": id, "identifier": identifier, "title": title, "priority": priority}
    own |= {"created_at": created_at, "due_date": due_date}
    if IS_PRELOADED:
        state, project, creator, assignees, labels, comments = more
        objects = {"state": state, "project": project, "creator": creator, "assignees": assignees, "labels": labels}
        return Issue(**own, **objects, loaded=comments)
    state_id, project_id, creator_id = more
    return Issue(**own, state_id=state_id, project_id=project_id, creator_id=creator_id)


def new_comment(id: str, body: str, created_at: datetime, author: Any) -> Any:
    if IS_PRELOADED:
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


def main() -> None:
    schema = bramble.Schema(query=Query)

    async def execute(asked: Mapping[str, Any], context: Context) -> Any:
        return await schema.execute_async(asked["query"], variable_values=asked.get("variables") or {}, context=context)

    serving.serve(execute, SHAPES, DataLoader)


if __name__ == "__main__":
    main()
