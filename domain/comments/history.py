"""Changes of comments, in the histories of the comment and of its issue."""

from enum import StrEnum
from typing import ClassVar

from domain.audit.history import Change, text_of


class CommentAction(StrEnum):
    CREATED = "created"
    EDITED = "updated"
    DELETED = "deleted"


class CommentChange(Change):
    kind: ClassVar[str] = "COMMENT"

    @property
    def action(self) -> CommentAction:
        return CommentAction(self.event.kind.value.partition(".")[2])

    @property
    def comment_id(self) -> str:
        return self.event.subject_id

    @property
    def body_before(self) -> str | None:
        return text_of(self.field("body").before)

    @property
    def body_after(self) -> str | None:
        return text_of(self.field("body").after)
