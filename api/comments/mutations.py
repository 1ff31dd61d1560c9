import strawberry

from api.batches.payloads import BatchPayload, BatchRow, id_of_row, object_of_row
from api.comments.inputs import CommentBatchCreateInput, CommentCreateInput, CommentDeleteInput, CommentUpdateInput
from api.comments.types import Comment
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.list_sizes import OF_ROWS, at_most, batch_rows
from api.shared.mutations import Payload, mutation
from domain.shared.batches import MOST_AT_ONCE


@strawberry.type(description="Payload of the `commentCreate` mutation.")
class CommentCreatePayload(Payload):
    comment: Comment | None = strawberry.field(description="The new comment. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `commentUpdate` mutation.")
class CommentUpdatePayload(Payload):
    comment: Comment | None = strawberry.field(description="The updated comment. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `commentDelete` mutation.")
class CommentDeletePayload(Payload):
    comment: Comment | None = strawberry.field(
        description="The deleted comment, without its text. Null if `errors` is not empty."
    )


@strawberry.type(description="Result of one comment of a batch.")
class CommentBatchResult(BatchRow):
    comment_id = id_of_row("ID of the new comment. Null if it was not created.")
    comment = object_of_row(Comment, "The new comment. Null if it was not created.")


@strawberry.type(description="Payload of the `commentBatchCreate` mutation.")
class CommentBatchPayload(BatchPayload):
    results: list[CommentBatchResult] = strawberry.field(
        metadata=at_most(MOST_AT_ONCE, counted_by=OF_ROWS),
        description="Result of each comment, in the order of the input, at most 1,000.",
    )


@strawberry.type
class CommentMutations:
    @mutation(description="Adds a comment to an issue. Every member who can see the issue can comment on it.")
    async def comment_create(self, info: Info, input: CommentCreateInput) -> CommentCreatePayload:
        comments = info.context.app.comments
        return CommentCreatePayload.of(await comments.create(info.context.actor, to_domain(input)))

    @mutation(
        description=f"Adds up to {MOST_AT_ONCE:,} comments to issues of a workspace, each as `commentCreate` adds it. "
        "Every member can comment on the issues that they can see.",
        metadata=batch_rows("comments"),
    )
    async def comment_batch_create(self, info: Info, input: CommentBatchCreateInput) -> CommentBatchPayload:
        comments = info.context.app.comments
        return CommentBatchPayload.of(await comments.create_all(info.context.actor, to_domain(input)))

    @mutation(description="Updates the text of one of your own comments.")
    async def comment_update(self, info: Info, input: CommentUpdateInput) -> CommentUpdatePayload:
        comments = info.context.app.comments
        return CommentUpdatePayload.of(await comments.update(info.context.actor, input.id, to_domain(input)))

    @mutation(
        description="Deletes the text of a comment; the comment stays in lists as deleted. Authors can delete "
        "their own comments; deleting others' comments requires the role `ADMIN` or higher."
    )
    async def comment_delete(self, info: Info, input: CommentDeleteInput) -> CommentDeletePayload:
        return CommentDeletePayload.of(await info.context.app.comments.delete(info.context.actor, input.id))
