"""Ariadne with its parser and validator cached, on Starlette: `with_ariadne FILE loaders|preloaded`."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from aiodataloader import DataLoader
from ariadne import EnumType, ObjectType, QueryType, ScalarType, graphql, make_executable_schema
from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate

from benchmarks.handwritten.answers import PRIORITIES
from benchmarks.python_peers import serving, settings
from benchmarks.python_peers.context import Context
from benchmarks.python_peers.reads import Shapes
from benchmarks.python_peers.settings import PRELOADED

CACHED_DOCUMENTS = 1_000
IS_PRELOADED = settings.style() == PRELOADED
SDL = """
scalar DateTime
scalar Date
enum IssuePriority { NONE LOW MEDIUM HIGH URGENT }
enum SortDirection { ASC DESC }
input SortOrder { direction: SortDirection! }
input IssueSort { createdAt: SortOrder }
type Person { id: ID! name: String! }
type State { id: ID! name: String! category: String! }
type Project { id: ID! key: String! name: String! }
type Label { id: ID! name: String! color: String! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Comment { id: ID! body: String! createdAt: DateTime! author: Person! }
type Comments { totalCount: Int! nodes: [Comment!]! }
type Issue {
  id: ID! identifier: String! title: String! priority: IssuePriority! createdAt: DateTime! dueDate: Date
  state: State! project: Project! creator: Person! assignees: [Person!]! labels: [Label!]!
  comments(first: Int = 20): Comments!
}
type Issues { nodes: [Issue!]! pageInfo: PageInfo! }
type Workspace { issues(first: Int = 50, sort: [IssueSort!]): Issues! }
type Query { viewer: Person! workspace(slug: String!): Workspace }
"""

query, workspace, issue, comment = QueryType(), ObjectType("Workspace"), ObjectType("Issue"), ObjectType("Comment")


@query.field("viewer")
async def resolve_viewer(_: Any, info: Any) -> Any:
    return await info.context.reads.viewer()


@query.field("workspace")
async def resolve_workspace(_: Any, info: Any, slug: str) -> Any:
    # The preloaded list checks the membership itself.
    is_seen = IS_PRELOADED or await info.context.reads.finds_workspace(slug)
    return {"slug": slug} if is_seen else None


@workspace.field("issues")
async def resolve_issues(found: Mapping[str, Any], info: Any, first: int, sort: Any = None) -> Any:
    reads = info.context.reads
    return await (reads.preloaded(found["slug"], first, comments=3) if IS_PRELOADED else reads.issues(first))


def set_loaders() -> None:
    """DataLoaders for all relations. Preloaded issues have them as values."""
    for field, relation, key in (
        ("state", "states", "state"),
        ("project", "projects", "project"),
        ("creator", "users", "creator"),
        ("assignees", "assignees", "id"),
        ("labels", "labels", "id"),
    ):
        issue.set_field(field, _loading(relation, key))
    issue.set_field("comments", lambda found, info, first: info.context.comments(first).load(found["id"]))
    comment.set_field("author", _loading("users", "author"))


def _loading(relation: str, key: str) -> Any:
    return lambda found, info: info.context.loader(relation).load(found[key])


def _object(*names: str) -> Any:
    """Makes a dict of positional values. Loaded relations have their key under the name of the field."""

    def make(*values: Any) -> dict[str, Any]:
        return dict(zip(names, values, strict=False))

    return make


SHAPES = Shapes(
    person=lambda uid, name: {"id": uid, "name": name},
    state=lambda uid, name, category: {"id": uid, "name": name, "category": category},
    project=lambda uid, key, name: {"id": uid, "key": key, "name": name},
    label=lambda uid, name, color: {"id": uid, "name": name, "color": color},
    comment=lambda uid, body, moment, author: {"id": uid, "body": body, "createdAt": moment, "author": author},
    comments=lambda total, nodes: {"totalCount": total, "nodes": nodes},
    issue=_object(
        *("id", "identifier", "title", "priority", "createdAt", "dueDate"),
        *("state", "project", "creator", "assignees", "labels", "comments"),
    ),
    page=lambda nodes, has_next, end: {"nodes": nodes, "pageInfo": {"hasNextPage": has_next, "endCursor": end}},
    priority=lambda number: number,
)


@lru_cache(CACHED_DOCUMENTS)
def parsed(text: str) -> DocumentNode:
    return parse(text)


def query_parser(_context: Any, asked: Mapping[str, Any]) -> DocumentNode:
    return parsed(asked["query"])


def made_schema() -> GraphQLSchema:
    if not IS_PRELOADED:
        set_loaders()
    return make_executable_schema(
        SDL,
        query,
        workspace,
        issue,
        comment,
        EnumType("IssuePriority", {name: number for number, name in PRIORITIES.items()}),
        # orjson writes moments and dates.
        ScalarType("DateTime", serializer=lambda value: value),
        ScalarType("Date", serializer=lambda value: value),
    )


def main() -> None:
    schema = made_schema()

    @lru_cache(CACHED_DOCUMENTS)
    def validated(document: DocumentNode) -> list[GraphQLError]:
        return validate(schema, document)

    def query_validator(_schema: GraphQLSchema, document: DocumentNode, *_: Any, **__: Any) -> list[GraphQLError]:
        return validated(document)

    async def execute(asked: Mapping[str, Any], context: Context) -> Any:
        _, answer = await graphql(
            schema, asked, context_value=context, query_parser=query_parser, query_validator=query_validator
        )
        return answer

    serving.serve(execute, SHAPES, DataLoader)


if __name__ == "__main__":
    main()
