from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.accounts.inputs import UserFilter
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    DateTimeComparator,
    IdComparator,
    MutationInput,
    StringComparator,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import SortOrder, sorts
from domain.comments import commands, queries


@strawberry.input(description=f"Filter for comments. {WITHOUT_CONDITIONS}")
class CommentFilter:
    describes: ClassVar[type] = queries.CommentFilter

    and_: "list[CommentFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[CommentFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "CommentFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    body: StringComparator | None = strawberry.field(default=None, description="By text.")
    author: UserFilter | None = strawberry.field(default=None, description="By who wrote it.")
    created_at: DateTimeComparator | None = strawberry.field(default=None, description="By when it was written.")


@strawberry.input(one_of=True, description="One key to sort comments by.")
class CommentSort:
    created_at: Maybe[SortOrder | None] = strawberry.field(description="By when it was written.")


CommentFilterArgument = Annotated[CommentFilter | None, strawberry.argument(description="Only what matches.")]
CommentSortArgument = Annotated[list[CommentSort] | None, strawberry.argument(description="In this order.")]


def comment_query(filter: CommentFilterArgument = None, sort: CommentSortArgument = None) -> queries.CommentQuery:
    return queries.CommentQuery(
        filter=to_domain(filter) or queries.CommentFilter(),
        sort=sorts(sort, queries.CommentOrder) or queries.DEFAULT_ORDER,
    )


@strawberry.input(description="A new comment.")
class CommentCreateInput(MutationInput):
    describes: ClassVar[type] = commands.CommentDraft

    issue_id: strawberry.ID = strawberry.field(description="The issue that is commented on.")
    body: str = strawberry.field(description="Markdown, at most 256 KB.")


@strawberry.input(description="What to change of a comment; what is left out stays.")
class CommentUpdateInput(MutationInput):
    describes: ClassVar[type] = commands.CommentChanges

    id: strawberry.ID = strawberry.field(description="The comment.")
    body: Maybe[str | None] = never_null("Markdown, at most 256 KB.")


@strawberry.input(description="Which comment to delete.")
class CommentDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The comment.")
