"""GraphQL types of the history of comments."""

from typing import Annotated

import strawberry

from api.audit.history import ChangeType, EntryFields
from api.shared import loads
from api.shared.enums import describe_enum
from api.shared.fields import named
from api.shared.list_sizes import WITH_PARENT
from domain.audit.queries import HistoryQuery
from domain.comments import history
from domain.comments.model import Comment as CommentModel
from strawberry_compiled import related

describe_enum(
    history.CommentAction,
    name="CommentAction",
    description="Action on a comment.",
    CREATED="The comment was written.",
    EDITED="The text of the comment was edited.",
    DELETED="The comment was deleted.",
)


def _before(change: history.CommentChange, comment: CommentModel) -> str | None:
    return change.body_before if comment.deleted_at is None else None


def _after(change: history.CommentChange, comment: CommentModel) -> str | None:
    return change.body_after if comment.deleted_at is None else None


@strawberry.type(description="Creation, edit or deletion of a comment.")
class CommentChange(ChangeType):
    describes = history.CommentChange

    action: history.CommentAction = strawberry.field(description="Action on the comment: created, edited or deleted.")
    comment_id: strawberry.ID = strawberry.field(description="ID of the comment.")
    comment = related(
        "comment_id",
        loads.comments,
        graphql_type=Annotated["Comment", strawberry.lazy("api.comments.types")] | None,  # noqa: F821  of a module that imports this one
        description="The comment. Null if it is not visible to you.",
    )
    before = named(
        "from",
        related(
            "comment_id",
            loads.comments,
            show=_before,
            graphql_type=str | None,
            description="Text of the comment before the change, in Markdown. Null for a new comment, and if the "
            "comment has been deleted.",
        ),
    )
    after = named(
        "to",
        related(
            "comment_id",
            loads.comments,
            show=_after,
            graphql_type=str | None,
            description="Text of the comment after the change, in Markdown. Null if the comment has been deleted.",
        ),
    )


@strawberry.type(description="An entry in the history of a comment.")
class CommentHistoryEntry(EntryFields):
    changes: list[CommentChange] = strawberry.field(
        metadata=WITH_PARENT, description="Changes of the comment that were made at once."
    )


def comment_history_query() -> HistoryQuery:
    return HistoryQuery(of="comment")
