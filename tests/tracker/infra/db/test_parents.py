"""Lists under several parents: parents are read as columns, and each workspace has its own statement."""

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from domain.comments.queries import CommentFilter, CommentQuery
from domain.shared.actor import Actor
from domain.shared.filters import DateTimeComparator
from domain.shared.pages import PageRequest
from domain.shared.projections import Names
from infra.accounts.reader import USER_COLUMNS
from infra.comments.reader import SqlCommentReader
from infra.db.cursors import remembered_digest
from infra.db.parents import ids_by_workspace, ids_of, lists_by_workspace
from infra.issues.reader import _ASSIGNEES
from infra.issues.tables import IssueAssigneeRow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMES: Names = frozenset({"id", "name"})


class Columns(Sequence[Any]):
    """Parents whose attributes are known as columns. Making an object of one is an error."""

    def __init__(self, **columns: list[Any]) -> None:
        self._columns = columns

    def column(self, name: str) -> list[Any]:
        return self._columns[name]

    def __len__(self) -> int:
        return len(self._columns["id"])

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("an object is made for each parent")

    def __getitem__(self, index: Any) -> Any:
        raise AssertionError("an object is made of a parent")


class Answers:
    """Reads that answer with prepared rows, one list for each statement, and note the parameters."""

    def __init__(self, *rows: list[tuple[Any, ...]]) -> None:
        self._rows = list(rows)
        self.asked: list[dict[str, Any]] = []

    async def fetch(self, statement: object, **params: Any) -> list[tuple[Any, ...]]:
        self.asked.append(params)
        return self._rows.pop(0)

    async def fetch_within(self, seconds: float, statement: object, **params: Any) -> list[tuple[Any, ...]]:
        return await self.fetch(statement, **params)

    @property
    def session(self) -> Any:
        return self


def test_ids_of_one_workspace_are_not_copied() -> None:
    parents = Columns(id=["b", "a", "b"], workspace_id=["w", "w", "w"])
    ids = ids_of(parents)
    assert ids_by_workspace(parents, ids)["w"] is ids
    assert ids_by_workspace(Columns(id=[], workspace_id=[]), []) == {}


def test_ids_of_several_workspaces_keep_their_order() -> None:
    parents = Columns(id=["b", "a", "c", "b"], workspace_id=["w2", "w1", "w2", "w2"])
    groups = ids_by_workspace(parents, ids_of(parents))
    assert list(groups.items()) == [("w1", ["a"]), ("w2", ["b", "c", "b"])]


async def test_lists_of_several_workspaces_are_those_of_their_parents() -> None:
    reads = Answers([("u1", "Ada", "a"), ("u2", "Bea", "a")], [("u1", "Ada", "b"), ("u3", "Cid", "c")])
    parents = Columns(id=["c", "a", "none", "b", "c"], workspace_id=["w2", "w1", "w1", "w2", "w2"])
    parent = IssueAssigneeRow.issue_id
    lists = await lists_by_workspace(reads.session, parents, _ASSIGNEES, USER_COLUMNS, NAMES, parent=parent)
    assert [[user.name for user in each] for each in lists] == [["Cid"], ["Ada", "Bea"], [], ["Ada"], ["Cid"]]
    assert reads.asked == [
        {"workspace_id": "w1", "ids": ["a", "none"]},
        {"workspace_id": "w2", "ids": ["c", "b", "c"]},
    ]


@pytest.mark.parametrize("is_backward", [False, True])
async def test_pages_of_comments_make_no_object_of_their_issues(is_backward: bool) -> None:
    issues = some_issues()
    rows = [("c1", 1, "a"), ("c2", 2, "a"), ("c3", 3, "a"), ("c4", 4, "b")]
    projection = frozenset({"nodes.id", "total_count", "page_info.has_next_page", "page_info.has_previous_page"})
    request = PageRequest(**{"last" if is_backward else "first": 2}, is_counted=True, projection=projection)
    reader = SqlCommentReader(Answers(rows).session)
    pages: Any = await reader.of_issues(Actor.system(), issues, CommentQuery(), request)
    first = ["c2", "c1"] if is_backward else ["c1", "c2"]
    assert [[node.id for node in page.nodes] for page in pages] == [first, ["c4"]]
    assert [page.total_count for page in pages] == [3, 1]
    ends = [(page.page_info.has_previous_page, page.page_info.has_next_page) for page in pages]
    assert ends == [(is_backward, not is_backward), (False, False)]


async def test_counts_of_comments_stay_with_their_issues_in_several_workspaces() -> None:
    reads = Answers([("c1", 1, "b"), ("c2", 2, "b")], [("c3", 3, "c"), ("c4", 4, "c"), ("c5", 5, "a")])
    issues = Columns(id=["a", "b", "c", "a"], workspace_id=["w2", "w1", "w2", "w2"], comment_count=[1, 9, 8, 1])
    request = PageRequest(first=1, is_counted=True, projection=frozenset({"nodes.id", "total_count"}))
    pages: Any = await SqlCommentReader(reads.session).of_issues(Actor.system(), issues, CommentQuery(), request)
    found = [([node.id for node in page.nodes], page.total_count) for page in pages]
    assert found == [(["c5"], 1), (["c1"], 9), (["c3"], 8), (["c5"], 1)]


def some_issues() -> Any:
    return Columns(id=["a", "b"], workspace_id=["w", "w"], comment_count=[3, 1])


async def test_cursors_depend_on_how_the_filter_is_written() -> None:
    same = NOON.astimezone(timezone(timedelta(hours=2)))
    scopes = [await scope_of_a_comment(CommentFilter(created_at=DateTimeComparator(gte=each))) for each in (NOON, same)]
    assert scopes[0] != scopes[1]  # as in a process that has seen only one of them


async def test_lists_without_a_filter_are_digested_once() -> None:
    await scope_of_a_comment(CommentFilter())
    before = remembered_digest.cache_info()
    await scope_of_a_comment(CommentFilter())
    after = remembered_digest.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 1)


async def scope_of_a_comment(filter: CommentFilter) -> str:
    """The scope in the cursor of a comment of the list."""
    reads = Answers([("c1", NOON, "a")])
    request = PageRequest(first=2, projection=frozenset({"edges.cursor", "edges.node.id"}))
    issues = Columns(id=["a", "b"], workspace_id=["w", "w"], comment_count=[1, 0])
    query = CommentQuery(filter=filter)
    pages: Any = await SqlCommentReader(reads.session).of_issues(Actor.system(), issues, query, request)
    cursor: str = pages[0].edges[0].cursor
    _, scope, *_ = orjson.loads(base64.urlsafe_b64decode(cursor + "=="))
    return str(scope)
