from datetime import datetime

from domain.accounts.model import UserId
from domain.comments.commands import CommentBatchCreate, CommentChanges, CommentDraft
from domain.comments.events import CommentCreated, CommentDeleted, CommentUpdated
from domain.comments.model import Comment, CommentId
from domain.comments.ports import CommentUow
from domain.comments.slice import COMMENT_MODERATE, COMMENT_WRITE
from domain.comments.undo import ONLY_THE_AUTHOR
from domain.issues.model import Issue
from domain.shared.actor import Actor
from domain.shared.errors import Conflict, PermissionDenied
from domain.shared.ids import IdFactory
from domain.shared.many import BatchResult, Created, Rows, check_number, in_time
from domain.shared.uow import OpenUow, Written
from domain.workspaces.policies import require_in


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
            created = self._created(draft, issue, author_id, now=uow.now)
            await uow.comments.add(created.after)
            uow.record(created.event)
            return await uow.commit(created.after)

    async def create_all(self, actor: Actor, command: CommentBatchCreate) -> Written[BatchResult[Comment]]:
        """Writes many comments on issues of a workspace."""
        author_id = UserId(actor.signed_in_id)
        check_number(command.comments, ("comments",))
        async with in_time(command), self._uow(actor) as uow:
            await require_in(actor, command.workspace_id, COMMENT_WRITE)
            issue_ids = {draft.issue_id for draft in command.comments}
            issues = await uow.issues.find(actor, issue_ids, within=command.workspace_id, for_update=True)

            def decide(draft: CommentDraft) -> Created[Comment]:
                issue = issues.get(draft.issue_id, path=("issue_id",))
                return self._created(draft, issue, author_id, now=uow.now)

            rows = Rows[Comment, Created[Comment]].of_drafts(command, "comments", decide)
            if not rows.are_refused:
                await uow.comments.add_all([each.after for each in rows.decided])
                for each in rows.decided:
                    uow.record(each.event)
            result = rows.result()
            if result.is_refused or command.dry_run:
                return await uow.preview(result)
            return await uow.commit(result)

    async def update(self, actor: Actor, comment_id: str, changes: CommentChanges) -> Written[Comment]:
        """Changes a comment of the actor; comments of other users are refused."""
        async with self._uow(actor) as uow:
            comment = await uow.comments.get(actor, comment_id, for_update=True)
            actor.require(COMMENT_WRITE, comment.workspace_id)
            if comment.author_id != actor.user_id:
                raise PermissionDenied(ONLY_THE_AUTHOR)
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

    def _created(self, draft: CommentDraft, issue: Issue, author_id: UserId, *, now: datetime) -> Created[Comment]:
        """A new comment on the issue, which is locked. Raises Conflict for an issue in the trash."""
        if issue.trashed_at is not None:
            raise Conflict("This issue is in the trash. Restore it first.", path=("issue_id",))
        comment_id = CommentId(self._ids.new_in(issue.workspace_id, Comment.prefix))
        comment = Comment.drafted(draft, id=comment_id, issue=issue, author_id=author_id, now=now)
        return Created(after=comment, event=CommentCreated.between(None, comment))
