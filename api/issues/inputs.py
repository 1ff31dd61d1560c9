from dataclasses import replace
from datetime import date
from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.accounts.inputs import UserFilter
from api.labels.inputs import LabelFilter
from api.milestones.inputs import MilestoneFilter
from api.projects.inputs import ProjectFilter, StateFilter
from api.shared.enums import describe_enum
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    DateComparator,
    DateTimeComparator,
    IdComparator,
    IdSetChange,
    IntComparator,
    ListFilter,
    MutationInput,
    OrderedEnumComparator,
    StringComparator,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import IncludeArchived, SortOrder, sorts
from domain.issues import commands, queries
from domain.issues.priorities import Priority

describe_enum(
    Priority,
    name="IssuePriority",
    description="Urgency of an issue, in ascending order: NONE, LOW, MEDIUM, HIGH, URGENT.",
    NONE="Nobody has said.",
    LOW="When there is time.",
    MEDIUM="In its turn.",
    HIGH="Before others.",
    URGENT="Now.",
)


@strawberry.input(description=f"Filter for issues. {WITHOUT_CONDITIONS}")
class IssueFilter:
    describes: ClassVar[type] = queries.IssueFilter

    and_: "list[IssueFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[IssueFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "IssueFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    identifier: StringComparator | None = strawberry.field(
        default=None, description="By identifier, in any letter case."
    )
    number: IntComparator | None = strawberry.field(default=None, description="By number.")
    title: StringComparator | None = strawberry.field(default=None, description="By title.")
    text: str | None = strawberry.field(
        default=None, description='Words in title or description: all of them; "a phrase", or, and -not as on the web.'
    )
    priority: OrderedEnumComparator[Priority] | None = strawberry.field(default=None, description="By priority.")
    state: StateFilter | None = strawberry.field(default=None, description="By its state.")
    project: ProjectFilter | None = strawberry.field(default=None, description="By its project.")
    creator: UserFilter | None = strawberry.field(default=None, description="By who reported it.")
    assignees: ListFilter[UserFilter] | None = strawberry.field(default=None, description="By who is to do it.")
    labels: ListFilter[LabelFilter] | None = strawberry.field(default=None, description="By its labels.")
    milestone: MilestoneFilter | None = strawberry.field(default=None, description="By its milestone.")
    milestone_id: IdComparator | None = strawberry.field(default=None, description="By its milestone's id.")
    parent_id: IdComparator | None = strawberry.field(default=None, description="By the issue that it is under.")
    start_date: DateComparator | None = strawberry.field(default=None, description="By when it is to begin.")
    due_date: DateComparator | None = strawberry.field(default=None, description="By when it is due.")
    estimate: IntComparator | None = strawberry.field(default=None, description="By its estimate.")
    completed_at: DateTimeComparator | None = strawberry.field(default=None, description="By when it was closed.")
    archived_at: DateTimeComparator | None = strawberry.field(default=None, description="By when it was archived.")
    created_at: DateTimeComparator | None = strawberry.field(default=None, description="By when it was made.")
    updated_at: DateTimeComparator | None = strawberry.field(default=None, description="By when it was last changed.")


@strawberry.input(one_of=True, description="One key to sort issues by.")
class IssueSort:
    created_at: Maybe[SortOrder | None] = strawberry.field(description="By when it was made.")
    updated_at: Maybe[SortOrder | None] = strawberry.field(description="By when it was last changed.")
    priority: Maybe[SortOrder | None] = strawberry.field(description="By priority.")
    number: Maybe[SortOrder | None] = strawberry.field(description="By number.")
    due_date: Maybe[SortOrder | None] = strawberry.field(description="By when it is due.")


IssueFilterArgument = Annotated[IssueFilter | None, strawberry.argument(description="Only what matches.")]
IssueSortArgument = Annotated[list[IssueSort] | None, strawberry.argument(description="In this order.")]


def issue_query(
    filter: IssueFilterArgument = None, sort: IssueSortArgument = None, include_archived: IncludeArchived = False
) -> queries.IssueQuery:
    return queries.IssueQuery(
        filter=to_domain(filter) or queries.IssueFilter(),
        sort=sorts(sort, queries.IssueOrder) or queries.DEFAULT_ORDER,
        includes_archived=include_archived,
    )


def trash_query(filter: IssueFilterArgument = None, sort: IssueSortArgument = None) -> queries.IssueQuery:
    return replace(issue_query(filter, sort, include_archived=True), is_trash=True)


@strawberry.input(description="A new issue.")
class IssueCreateInput(MutationInput):
    describes: ClassVar[type] = commands.IssueDraft

    project_id: strawberry.ID = strawberry.field(description="The project that gets it.")
    title: str = strawberry.field(description="One line, at most 255 characters.")
    description: str | None = strawberry.field(default=None, description="Markdown, at most 256 KB.")
    state_id: strawberry.ID | None = strawberry.field(
        default=None, description="A state of the project; its first one if left out."
    )
    priority: Priority | None = strawberry.field(default=None, description="How urgent it is.")
    start_date: date | None = strawberry.field(default=None, description="When work on it is to begin.")
    due_date: date | None = strawberry.field(default=None, description="When it is due.")
    estimate: int | None = strawberry.field(default=None, description="Its size in your own unit, 0 to 10,000.")
    milestone_id: strawberry.ID | None = strawberry.field(default=None, description="A milestone of the project.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="The issue that it is a part of.")
    assignee_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Members who are to do it, at most 20."
    )
    label_ids: list[strawberry.ID] | None = strawberry.field(default=None, description="Its labels, at most 50.")


@strawberry.input(description="What to change of an issue; what is left out stays.")
class IssueUpdateInput(MutationInput):
    describes: ClassVar[type] = commands.IssueChanges

    id: strawberry.ID = strawberry.field(description="The issue.")
    title: Maybe[str | None] = never_null("One line, at most 255 characters.")
    description: Maybe[str | None] = never_null("Markdown, at most 256 KB.")
    state_id: Maybe[strawberry.ID | None] = never_null("Workflow state of the issue's project.")
    priority: Maybe[Priority | None] = never_null("Priority of the issue.")
    start_date: Maybe[date | None] = strawberry.field(description="When it is to begin; null clears it.")
    due_date: Maybe[date | None] = strawberry.field(description="When it is due; null clears it.")
    estimate: Maybe[int | None] = strawberry.field(description="Its size, 0 to 10,000; null clears it.")
    milestone_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="A milestone of its project; null takes it out."
    )
    parent_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="The issue that it is a part of; null makes it stand alone."
    )
    assignees: Maybe[IdSetChange | None] = never_null("Change of the assignees; an issue can have at most 20.")
    labels: Maybe[IdSetChange | None] = never_null("Change of the labels; an issue can have at most 50.")


@strawberry.input(description="Which issue to archive.")
class IssueArchiveInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The issue.")


@strawberry.input(description="Which issue to restore.")
class IssueRestoreInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The issue.")


@strawberry.input(description="Which issue to put into the trash.")
class IssueDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The issue.")


@strawberry.input(description="Which issue to delete for ever.")
class IssuePurgeInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The issue.")
