from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.batches.inputs import BatchInput
from api.shared.arguments import FILTER_LIMITS
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    IdComparator,
    MutationInput,
    StringComparator,
    UpdateInput,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import SortOrder, sorts
from domain.labels import commands, queries
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.filters import without_conditions


@strawberry.input(description=f"Filter for labels. {WITHOUT_CONDITIONS}")
class LabelFilter:
    describes: ClassVar[type] = queries.LabelFilter

    and_: "list[LabelFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[LabelFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "LabelFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the label.")
    name: StringComparator | None = strawberry.field(default=None, description="Filter by the name of the label.")


@strawberry.input(one_of=True, description="A sort key for labels. Set exactly one field.")
class LabelSort:
    name: Maybe[SortOrder | None] = strawberry.field(description="Sort by the name of the label.")
    created_at: Maybe[SortOrder | None] = strawberry.field(description="Sort by the time when the label was created.")


LabelFilterArgument = Annotated[
    LabelFilter | None,
    strawberry.argument(description=f"Return only labels that match the filter. {FILTER_LIMITS}"),
]
LabelSortArgument = Annotated[
    list[LabelSort] | None, strawberry.argument(description="Sort keys, most significant first. Default: by name.")
]


def label_query(filter: LabelFilterArgument = None, sort: LabelSortArgument = None) -> queries.LabelQuery:
    return queries.LabelQuery(
        filter=to_domain(filter) or without_conditions(queries.LabelFilter),
        sort=sorts(sort, queries.LabelOrder) or queries.DEFAULT_ORDER,
    )


@strawberry.input(description="Values of a new label.")
class LabelDraftInput:
    describes: ClassVar[type] = commands.LabelDraft

    name: str = strawberry.field(
        description="Name of the label, unique in the workspace: one line of at most 80 characters."
    )
    color: str = strawberry.field(
        description="Color of the label: `#` and six lowercase hexadecimal digits, such as `#5e6ad2`."
    )
    description: str | None = strawberry.field(
        default=None,
        description="Explanation of when to use the label: one line of at most 255 characters. Default: none.",
    )


@strawberry.input(description="Input of the `labelCreate` mutation.")
class LabelCreateInput(LabelDraftInput, MutationInput):
    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace in which to create the label.")


@strawberry.input(description="Input of the `labelBatchCreate` mutation.")
class LabelBatchCreateInput(BatchInput):
    describes: ClassVar[type] = commands.LabelBatchCreate

    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace in which to create the labels.")
    labels: list[LabelDraftInput] = strawberry.field(
        description=f"Values of the new labels, at most {MOST_AT_ONCE:,}. Of labels with the same name, only the first "
        "is created, and the others have the error `ALREADY_EXISTS`."
    )


@strawberry.input(description="Input of the `labelUpdate` mutation. Omitted fields keep their values.")
class LabelUpdateInput(UpdateInput):
    describes: ClassVar[type] = commands.LabelChanges

    id: strawberry.ID = strawberry.field(description="ID of the label to update.")
    name: Maybe[str | None] = never_null(
        "New name of the label, unique in the workspace: one line of at most 80 characters."
    )
    color: Maybe[str | None] = never_null(
        "New color of the label: `#` and six lowercase hexadecimal digits, such as `#5e6ad2`."
    )
    description: Maybe[str | None] = strawberry.field(
        description="New explanation of when to use the label: one line of at most 255 characters. Null removes "
        "it; omit the field to keep the current value."
    )


@strawberry.input(description="Input of the `labelDelete` mutation.")
class LabelDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the label to delete.")
    replace_with: strawberry.ID | None = strawberry.field(
        default=None,
        description="ID of the label of the workspace that the issues get in its place. Default: none, so that the "
        "label is removed from its issues.",
    )
