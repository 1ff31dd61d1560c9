from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

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
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import IncludeArchived, SortOrder, sorts
from domain.projects import commands, queries
from domain.projects.categories import StateCategory

describe_enum(
    StateCategory,
    name="StateCategory",
    description="The five kinds of workflow state.",
    BACKLOG="Wanted some day.",
    UNSTARTED="Planned.",
    STARTED="Being worked on.",
    COMPLETED="Done.",
    CANCELED="Given up.",
)


@strawberry.input(description=f"Filter for workflow states. {WITHOUT_CONDITIONS}")
class StateFilter:
    describes: ClassVar[type] = queries.StateFilter

    and_: "list[StateFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[StateFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "StateFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    name: StringComparator | None = strawberry.field(default=None, description="By name.")
    category: EnumComparator[StateCategory] | None = strawberry.field(default=None, description="By category.")


@strawberry.input(description=f"Filter for projects. {WITHOUT_CONDITIONS}")
class ProjectFilter:
    describes: ClassVar[type] = queries.ProjectFilter

    and_: "list[ProjectFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[ProjectFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "ProjectFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    key: StringComparator | None = strawberry.field(default=None, description="By key, in any letter case.")
    name: StringComparator | None = strawberry.field(default=None, description="By name.")
    archived_at: DateTimeComparator | None = strawberry.field(default=None, description="By when it was archived.")


@strawberry.input(one_of=True, description="One key to sort projects by.")
class ProjectSort:
    key: Maybe[SortOrder | None] = strawberry.field(description="By key.")
    created_at: Maybe[SortOrder | None] = strawberry.field(description="By when it was made.")


@strawberry.input(description=f"Filter for guests of a project. {WITHOUT_CONDITIONS}")
class ProjectMemberFilter:
    describes: ClassVar[type] = queries.ProjectMemberFilter

    and_: "list[ProjectMemberFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[ProjectMemberFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "ProjectMemberFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    member_id: IdComparator | None = strawberry.field(default=None, description="By the member's id.")


@strawberry.input(one_of=True, description="One key to sort a project's guests by.")
class ProjectMemberSort:
    created_at: Maybe[SortOrder | None] = strawberry.field(description="By when the guest was added.")


ProjectMemberFilterArgument = Annotated[
    ProjectMemberFilter | None, strawberry.argument(description="Only what matches.")
]
ProjectMemberSortArgument = Annotated[list[ProjectMemberSort] | None, strawberry.argument(description="In this order.")]
ProjectFilterArgument = Annotated[ProjectFilter | None, strawberry.argument(description="Only what matches.")]
ProjectSortArgument = Annotated[list[ProjectSort] | None, strawberry.argument(description="In this order.")]


def project_query(
    filter: ProjectFilterArgument = None,
    sort: ProjectSortArgument = None,
    include_archived: IncludeArchived = False,
) -> queries.ProjectQuery:
    return queries.ProjectQuery(
        filter=to_domain(filter) or queries.ProjectFilter(),
        sort=sorts(sort, queries.ProjectOrder) or queries.DEFAULT_ORDER,
        includes_archived=include_archived,
    )


def project_member_query(
    filter: ProjectMemberFilterArgument = None, sort: ProjectMemberSortArgument = None
) -> queries.ProjectMemberQuery:
    return queries.ProjectMemberQuery(
        filter=to_domain(filter) or queries.ProjectMemberFilter(),
        sort=sorts(sort, queries.ProjectMemberOrder) or queries.MEMBERS_DEFAULT_ORDER,
    )


@strawberry.input(description="A new project.")
class ProjectCreateInput(MutationInput):
    describes: ClassVar[type] = commands.ProjectDraft

    workspace_id: strawberry.ID = strawberry.field(description="The workspace that gets it.")
    key: str = strawberry.field(description="Unique in the workspace: 1 to 10 of A-Z and 0-9, a letter first.")
    name: str = strawberry.field(description="At most 80 characters.")


@strawberry.input(description="What to change of a project; what is left out stays.")
class ProjectUpdateInput(MutationInput):
    describes: ClassVar[type] = commands.ProjectChanges

    id: strawberry.ID = strawberry.field(description="The project.")
    key: Maybe[str | None] = never_null("New key of the project. Changes the identifiers of its issues.")
    name: Maybe[str | None] = never_null("At most 80 characters.")


@strawberry.input(description="Which project to archive.")
class ProjectArchiveInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The project.")


@strawberry.input(description="Which project to restore.")
class ProjectRestoreInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The project.")


@strawberry.input(description="Which project to delete.")
class ProjectDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The project.")


@strawberry.input(description="A new workflow state.")
class StateCreateInput(MutationInput):
    describes: ClassVar[type] = commands.StateDraft

    project_id: strawberry.ID = strawberry.field(description="The project that gets it.")
    name: str = strawberry.field(description="Unique in the project, at most 50 characters.")
    category: StateCategory = strawberry.field(description="What kind of step it is.")
    color: str = strawberry.field(description="Such as #5e6ad2.")


@strawberry.input(description="What to change of a workflow state; what is left out stays.")
class StateUpdateInput(MutationInput):
    describes: ClassVar[type] = commands.StateChanges

    id: strawberry.ID = strawberry.field(description="The state.")
    name: Maybe[str | None] = never_null("Unique in the project, at most 50 characters.")
    color: Maybe[str | None] = never_null("Color of the workflow state, such as #5e6ad2.")


@strawberry.input(description="The new order of a project's workflow states.")
class StatesReorderInput(MutationInput):
    project_id: strawberry.ID = strawberry.field(description="The project.")
    state_ids: list[strawberry.ID] = strawberry.field(description="Every state of the project exactly once.")


@strawberry.input(description="Which workflow state to delete.")
class StateDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The state.")
    replace_with: strawberry.ID | None = strawberry.field(
        default=None, description="The state that its issues move to; needed if there are any."
    )


@strawberry.input(description="Which guest to let into which project.")
class ProjectMemberAddInput(MutationInput):
    describes: ClassVar[type] = commands.ProjectMemberDraft

    project_id: strawberry.ID = strawberry.field(description="The project.")
    member_id: strawberry.ID = strawberry.field(description="A member of the same workspace who is a guest.")


@strawberry.input(description="Which guest to take out of a project.")
class ProjectMemberRemoveInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The guest's place in the project.")
