"""Lists under several parents: parents are read as columns, and each workspace has its own statement."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from domain.shared.actor import Actor
from domain.shared.filters import DateTimeComparator
from domain.shared.pages import DEFAULT_NESTED, PageRequest, Sort
from domain.shared.projections import Names
from infra.db.cursors import remembered_digest
from infra.db.parents import ids_by_workspace, ids_of, lists_by_workspace, values_of
from tests.engine.infra.db.parent_columns import Answers, Columns
from tests.sample.domain.queries import BookFilter, BookOrder
from tests.sample.infra.reader import _BOOKS, _TAG_COLUMNS, _TAGS_OF_BOOKS
from tests.sample.infra.tables import BookRow, BookTagRow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMES: Names = frozenset({"id", "name"})
NO_FILTER = BookFilter()
VOLUMES = _BOOKS.children_of(BookRow.parent_id, name="counted volumes", default=DEFAULT_NESTED)


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
    reads = Answers([("t1", "Ada", "a"), ("t2", "Bea", "a")], [("t1", "Ada", "b"), ("t3", "Cid", "c")])
    parents = Columns(id=["c", "a", "none", "b", "c"], workspace_id=["w2", "w1", "w1", "w2", "w2"])
    parent = BookTagRow.book_id
    lists = await lists_by_workspace(reads.session, parents, _TAGS_OF_BOOKS, _TAG_COLUMNS, NAMES, parent=parent)
    assert [[tag.name for tag in each] for each in lists] == [["Cid"], ["Ada", "Bea"], [], ["Ada"], ["Cid"]]
    assert reads.asked == [
        {"workspace_id": "w1", "ids": ["a", "none"]},
        {"workspace_id": "w2", "ids": ["c", "b", "c"]},
    ]


@pytest.mark.parametrize("is_backward", [False, True])
async def test_pages_make_no_object_of_their_parents(is_backward: bool) -> None:
    parents = some_books()
    rows = [("c1", 1, "a"), ("c2", 2, "a"), ("c3", 3, "a"), ("c4", 4, "b")]
    projection = frozenset({"nodes.id", "total_count", "page_info.has_next_page", "page_info.has_previous_page"})
    request = PageRequest(**{"last" if is_backward else "first": 2}, is_counted=True, projection=projection)
    pages = await volumes_of(Answers(rows), parents, request)
    first = ["c2", "c1"] if is_backward else ["c1", "c2"]
    assert [[node.id for node in page.nodes] for page in pages] == [first, ["c4"]]
    assert [page.total_count for page in pages] == [3, 1]
    ends = [(page.page_info.has_previous_page, page.page_info.has_next_page) for page in pages]
    assert ends == [(is_backward, not is_backward), (False, False)]


async def test_counts_stay_with_their_parents_in_several_workspaces() -> None:
    reads = Answers([("c1", 1, "b"), ("c2", 2, "b")], [("c3", 3, "c"), ("c4", 4, "c"), ("c5", 5, "a")])
    parents = Columns(id=["a", "b", "c", "a"], workspace_id=["w2", "w1", "w2", "w2"], volume_count=[1, 9, 8, 1])
    request = PageRequest(first=1, is_counted=True, projection=frozenset({"nodes.id", "total_count"}))
    pages = await volumes_of(reads, parents, request)
    found = [([node.id for node in page.nodes], page.total_count) for page in pages]
    assert found == [(["c5"], 1), (["c1"], 9), (["c3"], 8), (["c5"], 1)]


async def volumes_of(reads: Answers, parents: Any, request: PageRequest, filter: BookFilter = NO_FILTER) -> Any:
    """Pages of the volumes of the books, which count their volumes."""
    sort, counts = [Sort(by=BookOrder.CREATED_AT)], values_of(parents, "volume_count")
    return await VOLUMES.pages(
        reads.session, Actor.system(), parents, filter=filter, sort=sort, request=request, counts=counts
    )


def some_books() -> Any:
    return Columns(id=["a", "b"], workspace_id=["w", "w"], volume_count=[3, 1])


async def test_cursors_depend_on_how_the_filter_is_written() -> None:
    same = NOON.astimezone(timezone(timedelta(hours=2)))
    scopes = [await scope_of_a_volume(BookFilter(created_at=DateTimeComparator(gte=each))) for each in (NOON, same)]
    assert scopes[0] != scopes[1]  # as in a process that has seen only one of them


async def test_lists_without_a_filter_are_digested_once() -> None:
    await scope_of_a_volume(BookFilter())
    before = remembered_digest.cache_info()
    await scope_of_a_volume(BookFilter())
    after = remembered_digest.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 1)


async def scope_of_a_volume(filter: BookFilter) -> str:
    """The scope in the cursor of a volume of the list."""
    reads = Answers([("c1", NOON, "a")])
    request = PageRequest(first=2, projection=frozenset({"edges.cursor", "edges.node.id"}))
    parents = Columns(id=["a", "b"], workspace_id=["w", "w"], volume_count=[1, 0])
    pages = await volumes_of(reads, parents, request, filter)
    cursor: str = pages[0].edges[0].cursor
    _, scope, *_ = orjson.loads(base64.urlsafe_b64decode(cursor + "=="))
    return str(scope)
