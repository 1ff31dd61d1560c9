from domain.accounts.model import UserId
from domain.comments.commands import CommentChanges, CommentDraft
from domain.comments.events import CommentCreated, CommentDeleted, CommentUpdated
from domain.comments.model import Comment, CommentId
from domain.comments.ports import CommentUow
from domain.comments.slice import COMMENT_MODERATE, COMMENT_WRITE
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, PermissionDenied
from domain.shared.ids import IdFactory
from domain.shared.uow import OpenUow, Written


class CommentService:
    def __init__(self, uow: OpenUow[CommentUow], ids: IdFactory) -> None:
        self._uow = uow
        self._ids = ids

    async def create(self, actor: Actor, draft: CommentDraft) -> Written[Comment]:
        author_id = UserId(actor.signed_in_id)
        async with self._uow(actor) as uow:
            # Locked, because the issue counts its comments.
            issue = await uow.issues.get(actor, draft.issue_id, path=("issue_id",), for_update=True)
            actor.require(COMMENT_WRITE, issue.workspace_id)
            if issue.trashed_at is not None:
                raise Conflict("This issue is in the trash. Restore it first.", path=("issue_id",))
            comment = Comment.drafted(
                draft,
                id=CommentId(self._ids.new_in(issue.workspace_id, Comment.prefix)),
                issue=issue,
                author_id=author_id,
                now=uow.now,
            )
            await uow.comments.add(comment)
            uow.record(CommentCreated.between(None, comment))
            return await uow.commit(comment)

    async def update(self, actor: Actor, comment_id: str, changes: CommentChanges) -> Written[Comment]:
        """Changes a comment of the actor; comments of other users are refused."""
        async with self._uow(actor) as uow:
            comment = await uow.comments.get(actor, comment_id, for_update=True)
            actor.require(COMMENT_WRITE, comment.workspace_id)
            if comment.author_id != actor.user_id:
                raise PermissionDenied("Only the author can edit a comment.")
            if comment.deleted_at is not None:
                raise Conflict("This comment has been deleted.", path=("id",))
            changed = comment.changed(changes, now=uow.now)
            await uow.check_unchanged(comment, changed, changes)
            if changed != comment:
                await uow.comments.save(comment, changed)
                uow.record(CommentUpdated.between(comment, changed))
            return await uow.commit(changed)

    async def delete(self, actor: Actor, comment_id: str) -> Written[Comment]:
        """Deletes a comment of the actor, or any comment with the permission to moderate; a tombstone remains."""
        async with self._uow(actor) as uow:
            comment = await uow.comments.get(actor, comment_id, for_update=True)
            is_own = comment.author_id == actor.user_id
            actor.require(COMMENT_WRITE if is_own else COMMENT_MODERATE, comment.workspace_id)
            deleted = comment.deleted(now=uow.now)
            if deleted != comment:
                await uow.comments.save(comment, deleted)
                uow.record(CommentDeleted.between(comment, deleted))
            return await uow.commit(deleted)
