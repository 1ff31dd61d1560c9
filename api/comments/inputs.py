from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.accounts.inputs import UserFilter
from api.batches.inputs import BatchInput
from api.shared.arguments import FILTER_LIMITS
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    DateTimeComparator,
    IdComparator,
    MutationInput,
    StringComparator,
    UpdateInput,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import SortOrder, sorts
from domain.comments import commands, queries
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.filters import without_conditions


@strawberry.input(description=f"Filter for comments. {WITHOUT_CONDITIONS}")
class CommentFilter:
    describes: ClassVar[type] = queries.CommentFilter

    and_: "list[CommentFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[CommentFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "CommentFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the comment.")
    body: StringComparator | None = strawberry.field(default=None, description="Filter by the text of the comment.")
    author: UserFilter | None = strawberry.field(default=None, description="Filter by the user who wrote the comment.")
    created_at: DateTimeComparator | None = strawberry.field(
        default=None, description="Filter by the time when the comment was created."
    )


@strawberry.input(one_of=True, description="A sort key for comments. Set exactly one field.")
class CommentSort:
    created_at: Maybe[SortOrder | None] = strawberry.field(description="Sort by the time when the comment was created.")


CommentFilterArgument = Annotated[
    CommentFilter | None,
    strawberry.argument(description=f"Return only comments that match the filter. {FILTER_LIMITS}"),
]
CommentSortArgument = Annotated[
    list[CommentSort] | None,
    strawberry.argument(description="Sort keys, most significant first. Default: oldest comment first."),
]


def comment_query(filter: CommentFilterArgument = None, sort: CommentSortArgument = None) -> queries.CommentQuery:
    return queries.CommentQuery(
        filter=to_domain(filter) or without_conditions(queries.CommentFilter),
        sort=sorts(sort, queries.CommentOrder) or queries.DEFAULT_ORDER,
    )


@strawberry.input(description="Values of a new comment.")
class CommentDraftInput:
    describes: ClassVar[type] = commands.CommentDraft

    issue_id: strawberry.ID = strawberry.field(
        description="ID of the issue to comment on. The issue must not be in the trash."
    )
    body: str = strawberry.field(description="Text of the comment in Markdown, at most 256 KB. Must not be empty.")


@strawberry.input(description="Input of the `commentCreate` mutation.")
class CommentCreateInput(CommentDraftInput, MutationInput):
    pass


@strawberry.input(description="Input of the `commentBatchCreate` mutation.")
class CommentBatchCreateInput(BatchInput):
    describes: ClassVar[type] = commands.CommentBatchCreate

    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace of the issues.")
    comments: list[CommentDraftInput] = strawberry.field(
        description=f"Comments to add, at most {MOST_AT_ONCE:,}, to any issues of the workspace."
    )


@strawberry.input(description="Input of the `commentUpdate` mutation. Omitted fields keep their values.")
class CommentUpdateInput(UpdateInput):
    describes: ClassVar[type] = commands.CommentChanges

    id: strawberry.ID = strawberry.field(description="ID of the comment to update. You must be its author.")
    body: Maybe[str | None] = never_null("New text of the comment in Markdown, at most 256 KB. Must not be empty.")


@strawberry.input(description="Input of the `commentDelete` mutation.")
class CommentDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the comment to delete.")
