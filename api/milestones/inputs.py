from datetime import date
from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.shared.arguments import FILTER_LIMITS
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    DateComparator,
    IdComparator,
    MutationInput,
    StringComparator,
    UpdateInput,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import SortOrder, sorts
from domain.milestones import commands, queries
from domain.shared.filters import without_conditions


@strawberry.input(description=f"Filter for milestones. {WITHOUT_CONDITIONS}")
class MilestoneFilter:
    describes: ClassVar[type] = queries.MilestoneFilter

    and_: "list[MilestoneFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[MilestoneFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "MilestoneFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the milestone.")
    name: StringComparator | None = strawberry.field(default=None, description="Filter by the name of the milestone.")
    due_date: DateComparator | None = strawberry.field(
        default=None, description="Filter by the due date of the milestone."
    )


@strawberry.input(one_of=True, description="A sort key for milestones. Set exactly one field.")
class MilestoneSort:
    due_date: Maybe[SortOrder | None] = strawberry.field(description="Sort by the due date of the milestone.")
    created_at: Maybe[SortOrder | None] = strawberry.field(
        description="Sort by the time when the milestone was created."
    )


MilestoneFilterArgument = Annotated[
    MilestoneFilter | None,
    strawberry.argument(description=f"Return only milestones that match the filter. {FILTER_LIMITS}"),
]
MilestoneSortArgument = Annotated[
    list[MilestoneSort] | None,
    strawberry.argument(
        description="Sort keys, most significant first. Default: earliest due date first, milestones without a due "
        "date last."
    ),
]


def milestone_query(
    filter: MilestoneFilterArgument = None, sort: MilestoneSortArgument = None
) -> queries.MilestoneQuery:
    return queries.MilestoneQuery(
        filter=to_domain(filter) or without_conditions(queries.MilestoneFilter),
        sort=sorts(sort, queries.MilestoneOrder) or queries.DEFAULT_ORDER,
    )


@strawberry.input(description="Input of the `milestoneCreate` mutation.")
class MilestoneCreateInput(MutationInput):
    describes: ClassVar[type] = commands.MilestoneDraft

    project_id: strawberry.ID = strawberry.field(description="ID of the project in which to create the milestone.")
    name: str = strawberry.field(
        description="Name of the milestone, unique in the project: one line of at most 80 characters."
    )
    due_date: date | None = strawberry.field(
        default=None, description="Date on which the milestone is due. Default: no due date."
    )


@strawberry.input(description="Input of the `milestoneUpdate` mutation. Omitted fields keep their values.")
class MilestoneUpdateInput(UpdateInput):
    describes: ClassVar[type] = commands.MilestoneChanges

    id: strawberry.ID = strawberry.field(description="ID of the milestone to update.")
    name: Maybe[str | None] = never_null(
        "New name of the milestone, unique in the project: one line of at most 80 characters."
    )
    due_date: Maybe[date | None] = strawberry.field(
        description="New due date of the milestone. Null removes it; omit the field to keep the current value."
    )


@strawberry.input(description="Input of the `milestoneDelete` mutation.")
class MilestoneDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the milestone to delete.")
    replace_with: strawberry.ID | None = strawberry.field(
        default=None,
        description="ID of the milestone of the project that the issues move to. Required if the deleted milestone "
        "has any issues.",
    )
