from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    IdComparator,
    MutationInput,
    StringComparator,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import SortOrder, sorts
from domain.labels import commands, queries


@strawberry.input(description=f"Filter for labels. {WITHOUT_CONDITIONS}")
class LabelFilter:
    describes: ClassVar[type] = queries.LabelFilter

    and_: "list[LabelFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[LabelFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "LabelFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    name: StringComparator | None = strawberry.field(default=None, description="By name.")


@strawberry.input(one_of=True, description="One key to sort labels by.")
class LabelSort:
    name: Maybe[SortOrder | None] = strawberry.field(description="By name.")
    created_at: Maybe[SortOrder | None] = strawberry.field(description="By when it was made.")


LabelFilterArgument = Annotated[LabelFilter | None, strawberry.argument(description="Only what matches.")]
LabelSortArgument = Annotated[list[LabelSort] | None, strawberry.argument(description="In this order.")]


def label_query(filter: LabelFilterArgument = None, sort: LabelSortArgument = None) -> queries.LabelQuery:
    return queries.LabelQuery(
        filter=to_domain(filter) or queries.LabelFilter(),
        sort=sorts(sort, queries.LabelOrder) or queries.DEFAULT_ORDER,
    )


@strawberry.input(description="A new label.")
class LabelCreateInput(MutationInput):
    describes: ClassVar[type] = commands.LabelDraft

    workspace_id: strawberry.ID = strawberry.field(description="The workspace that gets it.")
    name: str = strawberry.field(description="Unique in the workspace, at most 80 characters.")
    color: str = strawberry.field(description="Such as #5e6ad2.")
    description: str | None = strawberry.field(default=None, description="When to use the label.")


@strawberry.input(description="What to change of a label; what is left out stays.")
class LabelUpdateInput(MutationInput):
    describes: ClassVar[type] = commands.LabelChanges

    id: strawberry.ID = strawberry.field(description="The label.")
    name: Maybe[str | None] = never_null("Unique in the workspace, at most 80 characters.")
    color: Maybe[str | None] = never_null("Color of the label, such as #5e6ad2.")
    description: Maybe[str | None] = strawberry.field(description="When to use the label; null clears it.")


@strawberry.input(description="Which label to delete.")
class LabelDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The label.")
