from datetime import date
from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    DateComparator,
    IdComparator,
    MutationInput,
    StringComparator,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import SortOrder, sorts
from domain.milestones import commands, queries


@strawberry.input(description=f"Filter for milestones. {WITHOUT_CONDITIONS}")
class MilestoneFilter:
    describes: ClassVar[type] = queries.MilestoneFilter

    and_: "list[MilestoneFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[MilestoneFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "MilestoneFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    name: StringComparator | None = strawberry.field(default=None, description="By name.")
    due_date: DateComparator | None = strawberry.field(default=None, description="By when it is due.")


@strawberry.input(one_of=True, description="One key to sort milestones by.")
class MilestoneSort:
    due_date: Maybe[SortOrder | None] = strawberry.field(description="By when it is due.")
    created_at: Maybe[SortOrder | None] = strawberry.field(description="By when it was made.")


MilestoneFilterArgument = Annotated[MilestoneFilter | None, strawberry.argument(description="Only what matches.")]
MilestoneSortArgument = Annotated[list[MilestoneSort] | None, strawberry.argument(description="In this order.")]


def milestone_query(
    filter: MilestoneFilterArgument = None, sort: MilestoneSortArgument = None
) -> queries.MilestoneQuery:
    return queries.MilestoneQuery(
        filter=to_domain(filter) or queries.MilestoneFilter(),
        sort=sorts(sort, queries.MilestoneOrder) or queries.DEFAULT_ORDER,
    )


@strawberry.input(description="A new milestone.")
class MilestoneCreateInput(MutationInput):
    describes: ClassVar[type] = commands.MilestoneDraft

    project_id: strawberry.ID = strawberry.field(description="The project that gets it.")
    name: str = strawberry.field(description="Unique in the project, at most 80 characters.")
    due_date: date | None = strawberry.field(default=None, description="When it is due.")


@strawberry.input(description="What to change of a milestone; what is left out stays.")
class MilestoneUpdateInput(MutationInput):
    describes: ClassVar[type] = commands.MilestoneChanges

    id: strawberry.ID = strawberry.field(description="The milestone.")
    name: Maybe[str | None] = never_null("Unique in the project, at most 80 characters.")
    due_date: Maybe[date | None] = strawberry.field(description="When it is due; null clears it.")


@strawberry.input(description="Which milestone to delete.")
class MilestoneDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The milestone.")
    replace_with: strawberry.ID | None = strawberry.field(
        default=None, description="The milestone that its issues move to; needed if there are any."
    )
