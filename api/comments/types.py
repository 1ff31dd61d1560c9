from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.accounts.types import User
from api.comments.history import CommentHistoryEntry, comment_history_query
from api.comments.inputs import comment_query
from api.issues.types import Issue
from api.shared import loads
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.fields import PLACE
from api.shared.node import Node
from domain.audit.history import HistoryEntry
from domain.audit.queries import HistoryQuery
from domain.comments import model
from domain.comments.queries import CommentQuery
from domain.issues.model import Issue as IssueModel
from domain.shared.pages import Page, PageRequest
from strawberry_compiled import related


@strawberry.type(description="A comment on an issue.")
class Comment(Node):
    describes = model.Comment
    is_read_as_rows = True

    body: str = strawberry.field(
        description="Text of the comment in Markdown, at most 256 KB. Empty if the comment was deleted."
    )
    edited_at: datetime | None = strawberry.field(
        description="Time when the author last edited the text. Null if the text was never edited."
    )
    deleted_at: datetime | None = strawberry.field(
        description="Time when the comment was deleted. Null if it was not deleted. Deleted comments stay in lists "
        "without their text."
    )
    created_at: datetime = strawberry.field(description="Time when the comment was created.")
    updated_at: datetime = strawberry.field(description="Time when the comment was last edited or deleted.")
    author = related("author_id", loads.users, graphql_type=User, description="The user who wrote the comment.")
    issue = related(
        "issue_id",
        loads.issues,
        graphql_type=Issue,
        description="The issue that the comment belongs to.",
    )

    @connection(
        CommentHistoryEntry,
        query=comment_history_query,
        needs=PLACE,
        description="Creation, edits and deletion of the comment, oldest entry first. Begins later if the server "
        "deletes old changes; see `changesBeginAt` of the workspace.",
    )
    async def history(
        comments: Sequence[model.Comment], info: Info, query: HistoryQuery, request: PageRequest
    ) -> Sequence[Page[HistoryEntry]]:
        return await info.context.app.read.histories.of_subjects(info.context.actor, comments, query, request)


@strawberry.type
class IssueComments:
    """The field of `Issue` that leads to its comments."""

    @connection(
        Comment,
        query=comment_query,
        needs=(*PLACE, "comment_count"),
        description="Comments on the issue, oldest first unless `sort` is given. Includes deleted comments, "
        "without their text.",
    )
    async def comments(
        issues: Sequence[IssueModel], info: Info, query: CommentQuery, request: PageRequest
    ) -> Sequence[Page[model.Comment]]:
        return await info.context.app.read.comments.of_issues(info.context.actor, issues, query, request)
