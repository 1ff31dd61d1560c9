from typing import ClassVar

from domain.shared.events import Event


class CommentEvent(Event):
    logged: ClassVar[tuple[str, ...]] = ("issue_id", "author_id", "body", "edited_at", "deleted_at")
    parent: ClassVar[str] = "issue_id"


class CommentCreated(CommentEvent):
    type: ClassVar[str] = "comment.created"


class CommentUpdated(CommentEvent):
    type: ClassVar[str] = "comment.updated"


class CommentDeleted(CommentEvent):
    type: ClassVar[str] = "comment.deleted"
