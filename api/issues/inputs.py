from dataclasses import replace
from datetime import date
from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.accounts.inputs import UserFilter
from api.batches.inputs import BatchInput
from api.issues.priorities import Priority
from api.labels.inputs import LabelFilter
from api.milestones.inputs import MilestoneFilter
from api.projects.inputs import ProjectFilter, StateFilter
from api.shared.arguments import FILTER_LIMITS
from api.shared.enums import describe_enum
from api.shared.errors import camel_case
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    DateComparator,
    DateTimeComparator,
    IdComparator,
    IdentifierComparator,
    IdSetChange,
    IntComparator,
    ListFilter,
    MutationInput,
    OrderedEnumComparator,
    StringComparator,
    UpdateInput,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import IncludeArchived, SortOrder, sorts
from api.shared.scalars import Revision
from domain.issues import batch_commands, commands, queries
from domain.issues.commands import StateRule
from domain.issues.selecting import MOST_UNCONFIRMED
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.filters import without_conditions
from domain.shared.pages import MOST_SORTED, MOST_SORTED_IN_INDEX


@strawberry.input(description=f"Filter for issues. {WITHOUT_CONDITIONS}")
class IssueFilter:
    describes: ClassVar[type] = queries.IssueFilter

    and_: "list[IssueFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[IssueFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "IssueFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the issue.")
    identifier: IdentifierComparator | None = strawberry.field(
        default=None,
        description="Filter by the identifier of the issue, such as `ENG-12`, in any letter case. A former identifier "
        "matches the issue that had it, unless another issue has it now; `startsWith` compares current identifiers.",
    )
    number: IntComparator | None = strawberry.field(default=None, description="Filter by the number of the issue.")
    title: StringComparator | None = strawberry.field(default=None, description="Filter by the title of the issue.")
    text: str | None = strawberry.field(
        default=None,
        description="Full-text search in title and description. All words must occur. Put a phrase in double "
        "quotes, write OR between alternatives, and put a hyphen before a word to exclude it.",
    )
    priority: OrderedEnumComparator[Priority] | None = strawberry.field(
        default=None, description="Filter by the priority of the issue."
    )
    state: StateFilter | None = strawberry.field(default=None, description="Filter by the workflow state of the issue.")
    project: ProjectFilter | None = strawberry.field(default=None, description="Filter by the project of the issue.")
    creator: UserFilter | None = strawberry.field(default=None, description="Filter by the user who created the issue.")
    assignees: ListFilter[UserFilter] | None = strawberry.field(
        default=None, description="Filter by the users who are assigned to the issue."
    )
    labels: ListFilter[LabelFilter] | None = strawberry.field(
        default=None, description="Filter by the labels of the issue."
    )
    milestone: MilestoneFilter | None = strawberry.field(
        default=None, description="Filter by the milestone of the issue."
    )
    milestone_id: IdComparator | None = strawberry.field(
        default=None, description="Filter by the ID of the issue's milestone."
    )
    parent_id: IdComparator | None = strawberry.field(
        default=None, description="Filter by the ID of the issue's parent."
    )
    start_date: DateComparator | None = strawberry.field(
        default=None, description="Filter by the start date of the issue."
    )
    due_date: DateComparator | None = strawberry.field(default=None, description="Filter by the due date of the issue.")
    estimate: IntComparator | None = strawberry.field(default=None, description="Filter by the estimate of the issue.")
    completed_at: DateTimeComparator | None = strawberry.field(
        default=None, description="Filter by the time when the issue was completed or canceled."
    )
    archived_at: DateTimeComparator | None = strawberry.field(
        default=None, description="Filter by the time when the issue was archived."
    )
    created_at: DateTimeComparator | None = strawberry.field(
        default=None, description="Filter by the time when the issue was created."
    )
    updated_at: DateTimeComparator | None = strawberry.field(
        default=None, description="Filter by the time when the issue was last changed."
    )


_PARENTS = {
    "workspace_id": "in workspaces",
    "project_id": "in projects",
    "milestone_id": "in milestones",
    "parent_id": "under parent issues",
}


def _indexed_sorts() -> str:
    """The sorts of `INDEXED_ORDERS`, as text."""
    lists = []
    for parent, orders in queries.INDEXED_ORDERS.items():
        sorts = [" and ".join(f"`{camel_case(by)}`" for by in order) for order in orders]
        lists.append(f"{_PARENTS[parent]} {', '.join(sorts)}")
    return "; ".join(lists)


@strawberry.input(
    one_of=True,
    description="A sort key for issues. Set exactly one field. Sorts for lists of any length are, "
    f"{_indexed_sorts()}. Each of them can be followed by `createdAt` in the same direction. Other sorts are refused "
    f"with `SORT_NOT_INDEXED` for more than {MOST_SORTED:,} issues, or {MOST_SORTED_IN_INDEX:,} in milestones and "
    "under parent issues.",
)
class IssueSort:
    created_at: Maybe[SortOrder | None] = strawberry.field(description="Sort by the time when the issue was created.")
    updated_at: Maybe[SortOrder | None] = strawberry.field(
        description="Sort by the time when the issue was last changed."
    )
    priority: Maybe[SortOrder | None] = strawberry.field(
        description="Sort by the priority of the issue; `ASC` starts with `NONE`."
    )
    number: Maybe[SortOrder | None] = strawberry.field(description="Sort by the number of the issue.")
    due_date: Maybe[SortOrder | None] = strawberry.field(description="Sort by the due date of the issue.")


IssueFilterArgument = Annotated[
    IssueFilter | None,
    strawberry.argument(description=f"Return only issues that match the filter. {FILTER_LIMITS}"),
]
IssueSortArgument = Annotated[
    list[IssueSort] | None,
    strawberry.argument(description="Sort keys, most significant first. Default: newest issue first."),
]


def issue_query(
    filter: IssueFilterArgument = None, sort: IssueSortArgument = None, include_archived: IncludeArchived = False
) -> queries.IssueQuery:
    return queries.IssueQuery(
        filter=to_domain(filter) or without_conditions(queries.IssueFilter),
        sort=sorts(sort, queries.IssueOrder) or queries.DEFAULT_ORDER,
        includes_archived=include_archived,
    )


def trash_query(filter: IssueFilterArgument = None, sort: IssueSortArgument = None) -> queries.IssueQuery:
    return replace(issue_query(filter, sort, include_archived=True), is_trash=True)


@strawberry.input(description="Values of a new issue.")
class IssueDraftInput:
    describes: ClassVar[type] = commands.IssueDraft

    title: str = strawberry.field(description="Title of the issue: one line of at most 255 characters.")
    description: str | None = strawberry.field(
        default=None, description="Description of the issue in Markdown, at most 256 KB. Default: empty."
    )
    state_id: strawberry.ID | None = strawberry.field(
        default=None, description="ID of a workflow state of the project. Default: the first state of the workflow."
    )
    priority: Priority | None = strawberry.field(default=None, description="Priority of the issue. Default: `NONE`.")
    start_date: date | None = strawberry.field(
        default=None,
        description="Date on which work on the issue is planned to start. Must not be after `dueDate`. Default: no "
        "start date.",
    )
    due_date: date | None = strawberry.field(
        default=None, description="Date on which the issue is due. Default: no due date."
    )
    estimate: int | None = strawberry.field(
        default=None,
        description="Estimated size of the issue in a unit of your choice, 0 to 10,000. Default: no estimate.",
    )
    milestone_id: strawberry.ID | None = strawberry.field(
        default=None, description="ID of a milestone of the project. Default: no milestone."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="ID of the parent issue in any project of the workspace. Default: no parent."
    )
    assignee_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="IDs of the users to assign, at most 20. They must be members who can see the project. "
        "Default: no assignees.",
    )
    label_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="IDs of the labels to attach to the issue, at most 50. Default: no labels."
    )


@strawberry.input(description="Input of the `issueCreate` mutation.")
class IssueCreateInput(IssueDraftInput, MutationInput):
    project_id: strawberry.ID = strawberry.field(
        description="ID of the project in which to create the issue. The project must not be archived."
    )


describe_enum(
    commands.StateRule,
    name="StateRule",
    description="Rule that chooses the workflow state of a moved issue among the states of its new project.",
    MATCH_BY_NAME="The state with the name of the present state, in any letter case; without one, the first state of "
    "the same category; without one, the first state.",
)


@strawberry.input(one_of=True, description="The workflow state of a moved issue. Set exactly one field.")
class IssueMoveState:
    describes: ClassVar[type] = commands.IssueMoveState

    id: Maybe[strawberry.ID | None] = strawberry.field(description="ID of a workflow state of the new project.")
    rule: Maybe[StateRule | None] = strawberry.field(description="Rule that chooses a state of the new project.")


@strawberry.input(
    description="A move of an issue to another project of its workspace, with its comments. The issue gets a new "
    "number and identifier, is found by its former identifiers too, and loses its milestone unless `milestoneId` names "
    "one of the new project. Sub-issues stay where they are. A move to the project that the issue is in has no effect."
)
class IssueMove:
    describes: ClassVar[type] = commands.IssueMove

    project_id: strawberry.ID = strawberry.field(
        description="ID of the new project. It must not be archived, and all assignees who can see the present project "
        "must be able to see it, except for those whom the update removes."
    )
    state: IssueMoveState | None = strawberry.field(
        default=None, description="Workflow state of the issue in the new project. Default: the rule `MATCH_BY_NAME`."
    )


@strawberry.input(description="Input of the `issueBatchCreate` mutation.")
class IssueBatchCreateInput(BatchInput):
    describes: ClassVar[type] = commands.IssueBatchCreate

    project_id: strawberry.ID = strawberry.field(
        description="ID of the project in which to create the issues. The project must not be archived."
    )
    issues: list[IssueDraftInput] = strawberry.field(
        description=f"Values of the new issues, at most {MOST_AT_ONCE:,}. The issues get consecutive numbers in the "
        "order of the list."
    )


@strawberry.input(description="A change of an issue. Omitted fields keep their values.")
class IssueChangeInput:
    describes: ClassVar[type] = commands.IssueChanges

    title: Maybe[str | None] = never_null("New title of the issue: one line of at most 255 characters.")
    description: Maybe[str | None] = never_null(
        "New description of the issue in Markdown, at most 256 KB. May be empty."
    )
    move: Maybe[IssueMove | None] = never_null("Move to another project. Cannot be combined with `stateId`.")
    state_id: Maybe[strawberry.ID | None] = never_null(
        "ID of the new workflow state, which must belong to the issue's project."
    )
    priority: Maybe[Priority | None] = never_null("New priority of the issue.")
    start_date: Maybe[date | None] = strawberry.field(
        description="New start date of the issue, which must not be after `dueDate`. Null removes it; omit the "
        "field to keep the current value."
    )
    due_date: Maybe[date | None] = strawberry.field(
        description="New due date of the issue. Null removes it; omit the field to keep the current value."
    )
    estimate: Maybe[int | None] = strawberry.field(
        description="New estimate of the issue, 0 to 10,000. Null removes it; omit the field to keep the current value."
    )
    milestone_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="ID of the new milestone, which must belong to the issue's project, or to its new one. "
        "Null removes the issue from its milestone; omit the field to keep the current value."
    )
    parent_id: Maybe[strawberry.ID | None] = strawberry.field(
        description="ID of the new parent issue in the workspace. Null removes the parent; omit the field to keep "
        "the current value."
    )
    assignees: Maybe[IdSetChange | None] = never_null(
        "Change of the assignees by user ID. An issue can have at most 20 assignees."
    )
    labels: Maybe[IdSetChange | None] = never_null(
        "Change of the labels by label ID. An issue can have at most 50 labels."
    )


@strawberry.input(description="Input of the `issueUpdate` mutation. Omitted fields keep their values.")
class IssueUpdateInput(IssueChangeInput, UpdateInput):
    id: strawberry.ID = strawberry.field(description="ID of the issue to update.")


@strawberry.input(one_of=True, description="Issues that a batch changes. Set exactly one field.")
class BatchSelection:
    describes: ClassVar[type] = batch_commands.IssueSelection

    ids: Maybe[list[strawberry.ID] | None] = strawberry.field(
        description=f"IDs of the issues, each once, at most {MOST_AT_ONCE:,}."
    )
    filter: Maybe[IssueFilter | None] = strawberry.field(
        description="Filter that finds the issues as the field `issues` of the workspace does, without archived and "
        "trashed issues. "
        f"More than {MOST_AT_ONCE:,} issues are changed by a batch run. {FILTER_LIMITS}"
    )


@strawberry.input(description="Input of the `issueBatchUpdate` mutation.")
class IssueBatchUpdateInput(BatchInput):
    describes: ClassVar[type] = batch_commands.IssueBatchUpdate

    expected_revision: Revision | None = strawberry.field(
        default=None,
        description="Revision of the workspace at which you read the issues: `revision` of a payload or of the "
        "workspace, or `upTo` of its changes. An issue has a `CONFLICT` in its `errors` if a later revision changed a "
        "field that `change` sends too, to another value. Other changes are merged, and so are `add` and `remove` of "
        "collections. Null or omitted: the batch overwrites later changes.",
    )
    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace of the issues.")
    select: BatchSelection = strawberry.field(
        description="Issues of the workspace to change. Those that a filter finds at the start are changed, unless "
        "they have changed meanwhile and no longer match."
    )
    expected_count: int | None = strawberry.field(
        default=None,
        description="Number of issues that `filter` has to find. The mutation is rejected with `CONFLICT` and the "
        f"true number if it finds another one. Required for more than {MOST_UNCONFIRMED} issues, and not allowed with "
        "`ids`. Default: any number.",
    )
    change: IssueChangeInput = strawberry.field(
        description="Change of each of the issues. An issue that already has the new values is not changed. A "
        "`description` is at most 16 MB for all issues together, which is 16 KB for 1,000 issues."
    )


@strawberry.input(description="Input of the `issueArchive` mutation.")
class IssueArchiveInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the issue to archive.")


@strawberry.input(description="Input of the `issueRestore` mutation.")
class IssueRestoreInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the issue to restore.")


@strawberry.input(description="Input of the `issueDelete` mutation.")
class IssueDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the issue to move to the trash.")


@strawberry.input(description="Input of the `issuePurge` mutation.")
class IssuePurgeInput(MutationInput):
    id: strawberry.ID = strawberry.field(
        description="ID of the issue to delete permanently. The issue must be in the trash."
    )
