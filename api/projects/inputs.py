from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.shared.arguments import FILTER_LIMITS
from api.shared.enums import describe_enum
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    DateTimeComparator,
    EnumComparator,
    IdComparator,
    MutationInput,
    StringComparator,
    UpdateInput,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import IncludeArchived, SortOrder, sorts
from api.shared.scalars import Revision
from domain.projects import commands, queries
from domain.projects.categories import StateCategory
from domain.shared.filters import without_conditions

describe_enum(
    StateCategory,
    name="StateCategory",
    description="Category of a workflow state: how far work on its issues has progressed.",
    BACKLOG="Accepted but not yet planned.",
    UNSTARTED="Planned but not yet started.",
    STARTED="Being worked on.",
    COMPLETED="Work has been completed.",
    CANCELED="Closed without being completed.",
)


@strawberry.input(description=f"Filter for workflow states. {WITHOUT_CONDITIONS}")
class StateFilter:
    describes: ClassVar[type] = queries.StateFilter

    and_: "list[StateFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[StateFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "StateFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the workflow state.")
    name: StringComparator | None = strawberry.field(
        default=None, description="Filter by the name of the workflow state."
    )
    category: EnumComparator[StateCategory] | None = strawberry.field(
        default=None, description="Filter by the category of the workflow state."
    )


@strawberry.input(description=f"Filter for projects. {WITHOUT_CONDITIONS}")
class ProjectFilter:
    describes: ClassVar[type] = queries.ProjectFilter

    and_: "list[ProjectFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[ProjectFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "ProjectFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the project.")
    key: StringComparator | None = strawberry.field(
        default=None, description="Filter by the key of the project, in any letter case."
    )
    name: StringComparator | None = strawberry.field(default=None, description="Filter by the name of the project.")
    archived_at: DateTimeComparator | None = strawberry.field(
        default=None, description="Filter by the time when the project was archived."
    )


@strawberry.input(one_of=True, description="A sort key for projects. Set exactly one field.")
class ProjectSort:
    key: Maybe[SortOrder | None] = strawberry.field(description="Sort by the key of the project.")
    created_at: Maybe[SortOrder | None] = strawberry.field(description="Sort by the time when the project was created.")


@strawberry.input(description=f"Filter for guests of a project. {WITHOUT_CONDITIONS}")
class ProjectMemberFilter:
    describes: ClassVar[type] = queries.ProjectMemberFilter

    and_: "list[ProjectMemberFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[ProjectMemberFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "ProjectMemberFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(
        default=None, description="Filter by the ID of the guest's project membership."
    )
    member_id: IdComparator | None = strawberry.field(
        default=None, description="Filter by the ID of the guest's workspace membership."
    )


@strawberry.input(one_of=True, description="A sort key for guests of a project. Set exactly one field.")
class ProjectMemberSort:
    created_at: Maybe[SortOrder | None] = strawberry.field(
        description="Sort by the time when the guest was added to the project."
    )


ProjectMemberFilterArgument = Annotated[
    ProjectMemberFilter | None,
    strawberry.argument(description=f"Return only guests that match the filter. {FILTER_LIMITS}"),
]
ProjectMemberSortArgument = Annotated[
    list[ProjectMemberSort] | None,
    strawberry.argument(
        description="Sort keys, most significant first. Default: in the order in which the guests were added."
    ),
]
ProjectFilterArgument = Annotated[
    ProjectFilter | None,
    strawberry.argument(description=f"Return only projects that match the filter. {FILTER_LIMITS}"),
]
ProjectSortArgument = Annotated[
    list[ProjectSort] | None, strawberry.argument(description="Sort keys, most significant first. Default: by key.")
]


def project_query(
    filter: ProjectFilterArgument = None,
    sort: ProjectSortArgument = None,
    include_archived: IncludeArchived = False,
) -> queries.ProjectQuery:
    return queries.ProjectQuery(
        filter=to_domain(filter) or without_conditions(queries.ProjectFilter),
        sort=sorts(sort, queries.ProjectOrder) or queries.DEFAULT_ORDER,
        includes_archived=include_archived,
    )


def project_member_query(
    filter: ProjectMemberFilterArgument = None, sort: ProjectMemberSortArgument = None
) -> queries.ProjectMemberQuery:
    return queries.ProjectMemberQuery(
        filter=to_domain(filter) or without_conditions(queries.ProjectMemberFilter),
        sort=sorts(sort, queries.ProjectMemberOrder) or queries.MEMBERS_DEFAULT_ORDER,
    )


@strawberry.input(description="Input of the `projectCreate` mutation.")
class ProjectCreateInput(MutationInput):
    describes: ClassVar[type] = commands.ProjectDraft

    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace in which to create the project.")
    key: str = strawberry.field(
        description="Key of the project, unique in the workspace: 1 to 10 uppercase letters and digits, starting "
        "with a letter."
    )
    name: str = strawberry.field(description="Name of the project: one line of at most 80 characters.")


@strawberry.input(description="Input of the `projectUpdate` mutation. Omitted fields keep their values.")
class ProjectUpdateInput(UpdateInput):
    describes: ClassVar[type] = commands.ProjectChanges

    id: strawberry.ID = strawberry.field(description="ID of the project to update.")
    key: Maybe[str | None] = never_null(
        "New key of the project, unique in the workspace: 1 to 10 uppercase letters and digits, "
        "starting with a letter. Changes the identifiers of all issues of the project. Issues are found by former "
        "identifiers too, and no other project can take a former key."
    )
    name: Maybe[str | None] = never_null("New name of the project: one line of at most 80 characters.")


@strawberry.input(description="Input of the `projectArchive` mutation.")
class ProjectArchiveInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the project to archive.")


@strawberry.input(description="Input of the `projectRestore` mutation.")
class ProjectRestoreInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the project to restore.")


@strawberry.input(description="Input of the `projectDelete` mutation.")
class ProjectDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the project to delete.")
    cascade: bool = strawberry.field(
        default=False,
        description="Whether to delete the issues and milestones of the project too, with comments and everything "
        "else in them. Sub-issues in other projects stay without a parent. Default: false.",
    )


@strawberry.input(description="Input of the `stateCreate` mutation.")
class StateCreateInput(MutationInput):
    describes: ClassVar[type] = commands.StateDraft

    project_id: strawberry.ID = strawberry.field(description="ID of the project in which to create the workflow state.")
    name: str = strawberry.field(
        description="Name of the workflow state, unique in the project: one line of at most 50 characters."
    )
    category: StateCategory = strawberry.field(description="Category of the workflow state. Cannot be changed later.")
    color: str = strawberry.field(
        description="Color of the workflow state: `#` and six lowercase hexadecimal digits, such as `#5e6ad2`."
    )


@strawberry.input(description="Input of the `stateUpdate` mutation. Omitted fields keep their values.")
class StateUpdateInput(UpdateInput):
    describes: ClassVar[type] = commands.StateChanges

    id: strawberry.ID = strawberry.field(description="ID of the workflow state to update.")
    name: Maybe[str | None] = never_null(
        "New name of the workflow state, unique in the project: one line of at most 50 characters."
    )
    color: Maybe[str | None] = never_null(
        "New color of the workflow state: `#` and six lowercase hexadecimal digits, such as `#5e6ad2`."
    )


@strawberry.input(description="Input of the `statesReorder` mutation.")
class StatesReorderInput(UpdateInput):
    describes: ClassVar[type] = commands.StateOrderChanges

    expected_revision: Revision | None = strawberry.field(
        default=None,
        description="Revision of the workspace at which you read the workflow states: `revision` of a payload or of "
        "the workspace, or `upTo` of its changes. The new order is rejected with `CONFLICT` and changes nothing if "
        "later revisions moved, created or deleted workflow states of the project. Null or omitted: the new order "
        "overwrites later changes.",
    )
    project_id: strawberry.ID = strawberry.field(description="ID of the project whose workflow states to reorder.")
    state_ids: list[strawberry.ID] = strawberry.field(
        description="IDs of all workflow states of the project in the new order, each exactly once."
    )


@strawberry.input(description="Input of the `stateDelete` mutation.")
class StateDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the workflow state to delete.")
    replace_with: strawberry.ID | None = strawberry.field(
        default=None,
        description="ID of the workflow state of the project that the issues move to. Required if any issue is in "
        "the deleted state.",
    )


@strawberry.input(description="Input of the `projectMemberAdd` mutation.")
class ProjectMemberAddInput(MutationInput):
    describes: ClassVar[type] = commands.ProjectMemberDraft

    project_id: strawberry.ID = strawberry.field(description="ID of the project that the guest gets access to.")
    member_id: strawberry.ID = strawberry.field(
        description="ID of the guest's membership in the workspace. The member must have the role `GUEST`."
    )


@strawberry.input(description="Input of the `projectMemberRemove` mutation.")
class ProjectMemberRemoveInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the project membership to remove.")
