from typing import Any

from domain.comments.queries import CommentQuery
from domain.shared.actor import Actor
from domain.shared.pages import PageRequest
from infra.comments.reader import SqlCommentReader
from tests.engine.infra.db.parent_columns import Answers, Columns


async def test_comments_are_counted_without_an_object_of_each_issue() -> None:
    issues: Any = Columns(id=["a", "b"], workspace_id=["w", "w"], comment_count=[3, 1])
    rows = [("c1", 1, "a"), ("c2", 2, "a"), ("c3", 3, "b")]
    request = PageRequest(first=1, is_counted=True, projection=frozenset({"nodes.id", "total_count"}))
    reader = SqlCommentReader(Answers(rows).session)
    pages: Any = await reader.of_issues(Actor.system(), issues, CommentQuery(), request)
    found = [([node.id for node in page.nodes], page.total_count) for page in pages]
    assert found == [(["c1"], 3), (["c3"], 1)]
