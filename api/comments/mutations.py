import strawberry

from api.comments.inputs import CommentCreateInput, CommentDeleteInput, CommentUpdateInput
from api.comments.types import Comment
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation


@strawberry.type(description="The answer to commentCreate.")
class CommentCreatePayload(Payload):
    comment: Comment | None = strawberry.field(description="The new comment.")


@strawberry.type(description="The answer to commentUpdate.")
class CommentUpdatePayload(Payload):
    comment: Comment | None = strawberry.field(description="The comment as it is now.")


@strawberry.type(description="The answer to commentDelete.")
class CommentDeletePayload(Payload):
    comment: Comment | None = strawberry.field(description="What stays in the comment's place.")


@strawberry.type
class CommentMutations:
    @mutation(description="Comments on an issue.")
    async def comment_create(self, info: Info, input: CommentCreateInput) -> CommentCreatePayload:
        comments = info.context.app.comments
        return CommentCreatePayload.of(await comments.create(info.context.actor, to_domain(input)))

    @mutation(description="Changes one's own comment.")
    async def comment_update(self, info: Info, input: CommentUpdateInput) -> CommentUpdatePayload:
        comments = info.context.app.comments
        return CommentUpdatePayload.of(await comments.update(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Deletes one's own comment, or anybody's as an admin; a tombstone stays.")
    async def comment_delete(self, info: Info, input: CommentDeleteInput) -> CommentDeletePayload:
        return CommentDeletePayload.of(await info.context.app.comments.delete(info.context.actor, input.id))
