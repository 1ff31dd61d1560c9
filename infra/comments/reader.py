from collections.abc import Mapping, Sequence

from domain.comments.model import Comment
from domain.comments.queries import CommentFilter, CommentOrder, CommentQuery
from domain.issues.model import Issue
from domain.shared.actor import Actor
from domain.shared.pages import DEFAULT_NESTED, Page, PageRequest
from domain.shared.projections import Projection
from infra.accounts.filters import USER_FILTERS
from infra.accounts.tables import UserRow
from infra.comments.tables import CommentRow
from infra.db.filters import Filters, ToOne, as_sent
from infra.db.parents import values_of
from infra.db.read import ReadSession
from infra.db.reader import EntityTable
from infra.db.visibility import GuestRule

_COMMENTS = EntityTable(
    CommentRow,
    Comment,
    orders=CommentOrder,
    columns={CommentOrder.CREATED_AT: CommentRow.created_at},
    filters=Filters(
        of=CommentFilter,
        scalars={"id": CommentRow.id, "created_at": CommentRow.created_at},
        to_one={"author": ToOne(CommentRow.author_id, UserRow.id, USER_FILTERS)},
        own={"body": as_sent(CommentRow.body)},
    ),
    visible_by=CommentRow.workspace_id,
    guests=GuestRule.of_areas(CommentRow.workspace_id, CommentRow.project_id),
)
_COMMENTS_OF = _COMMENTS.children_of(CommentRow.issue_id, name="comments", default=DEFAULT_NESTED)


class SqlCommentReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str], projection: Projection = None) -> Mapping[str, Comment]:
        return await _COMMENTS.by_ids(self._reads, actor, ids, projection)

    async def of_issues(
        self, actor: Actor, issues: Sequence[Issue], query: CommentQuery, request: PageRequest
    ) -> Sequence[Page[Comment]]:
        counts = values_of(issues, "comment_count")
        return await _COMMENTS_OF.pages(
            self._reads, actor, issues, filter=query.filter, sort=query.sort, request=request, counts=counts
        )
