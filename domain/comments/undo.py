"""Undo of changes of comments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.comments.events import CommentDeleted
from domain.comments.model import Comment
from domain.shared.actor import Permission
from domain.shared.entities import revised
from domain.shared.errors import PermissionDenied
from domain.shared.events import Event, FieldChange
from domain.shared.net_changes import NetChange
from domain.shared.undoing import NotRestored, Undo, UndoKind, Undone

ONLY_THE_AUTHOR = "Only the author can edit a comment."


@dataclass(frozen=True, kw_only=True)
class UndoComments(UndoKind[Comment]):
    """Undoes changes of comments. Of a created comment, a tombstone remains."""

    moderation: Permission
    """Permission to delete other people's comments, and to bring them back."""

    def check(self, undo: Undo, entity: Comment, net: NetChange) -> None:
        if entity.author_id == undo.actor.user_id:
            return
        if not (self.is_creation(net) or "deleted_at" in net.fields):
            raise PermissionDenied(ONLY_THE_AUTHOR)
        undo.actor.require(self.moderation, undo.workspace_id)

    def events(self, before: Comment, after: Comment, links: Mapping[str, FieldChange]) -> Sequence[Event]:
        is_deletion = before.deleted_at is None and after.deleted_at is not None
        return [(CommentDeleted if is_deletion else self.updated).between(before, after)]

    def reverted(self, undo: Undo, row: Undone, entity: Comment, known: Any) -> Comment:
        wanted = self.wanted(row, entity)
        after = revised(entity, now=undo.uow.now, **wanted)
        if after.deleted_at is not None:
            return after
        if not after.body:
            raise NotRestored("The text of this comment has been removed, 30 days after its deletion.", ["body"])
        return after.checked()
