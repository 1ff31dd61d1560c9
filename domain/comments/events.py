from typing import ClassVar

from domain.shared.events import Event


class CommentCreated(Event):
    type: ClassVar[str] = "comment.created"


class CommentUpdated(Event):
    type: ClassVar[str] = "comment.updated"


class CommentDeleted(Event):
    type: ClassVar[str] = "comment.deleted"
