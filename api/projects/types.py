from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.batches.types import deletion_of, replacement_of
from api.projects.inputs import project_member_query, project_query
from api.shared import loads
from api.shared.arguments import Key
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.fields import PLACE, batched
from api.shared.node import Node
from api.shared.parents import workspace_of
from domain.projects import model
from domain.projects.categories import StateCategory
from domain.projects.queries import ProjectMemberQuery, ProjectQuery
from domain.shared.pages import Page, PageRequest
from domain.workspaces.model import MOST_AREAS
from domain.workspaces.model import Invitation as InvitationModel
from domain.workspaces.model import Workspace as WorkspaceModel
from strawberry_compiled import projection_of, related

if TYPE_CHECKING:
    from api.workspaces.types import Member, Workspace


@strawberry.type(description="A workflow state of a project. Every issue of the project is in one of its states.")
class State(Node):
    describes = model.State
    is_read_as_rows = True

    name: str = strawberry.field(
        description="Name of the workflow state, unique in the project, at most 50 characters."
    )
    category: StateCategory = strawberry.field(description="Category of the workflow state.")
    color: str = strawberry.field(description="Color of the workflow state as a hexadecimal code such as `#5e6ad2`.")
    position: int = strawberry.field(
        description="Position of the workflow state in the project's workflow, starting at 0."
    )
    deleting_since: datetime | None = deletion_of("workflow state", rows="issues")
    replaced_by = replacement_of(
        "workflow state", loads.states, Annotated["State", strawberry.lazy("api.projects.types")] | None, rows="issues"
    )
    project = related(
        "project_id",
        loads.projects,
        graphql_type=Annotated["Project", strawberry.lazy("api.projects.types")],
        description="The project that the workflow state belongs to.",
    )


@strawberry.type(
    description="A guest's access to a project. Guests see only the projects that they were added to; members "
    "with other roles see all projects."
)
class ProjectMember(Node):
    describes = model.ProjectMember
    is_read_as_rows = True

    created_at: datetime = strawberry.field(description="Time when the guest was added to the project.")
    member = related(
        "member_id",
        loads.members,
        graphql_type=Annotated["Member", strawberry.lazy("api.workspaces.types")],
        description="The workspace membership of the guest.",
    )
    project = related(
        "area_id",
        loads.projects,
        graphql_type=Annotated["Project", strawberry.lazy("api.projects.types")],
        description="The project that the guest has access to.",
    )


@strawberry.type(description="A collection of issues with its own workflow, milestones and issue numbers.")
class Project(Node):
    describes = model.Project
    is_read_as_rows = True

    key: str = strawberry.field(
        description="Key of the project, such as `ENG`: the first part of its issues' identifiers. Unique in the "
        "workspace."
    )
    name: str = strawberry.field(description="Name of the project, at most 80 characters.")
    archived_at: datetime | None = strawberry.field(
        description="Time when the project was archived. Null if it is not archived."
    )
    deleting_since: datetime | None = strawberry.field(
        description="Time when a batch run began to delete the project with its issues. Null if it is not being "
        "deleted. A project that is being deleted cannot be changed, and takes no further issues."
    )
    created_at: datetime = strawberry.field(description="Time when the project was created.")
    updated_at: datetime = strawberry.field(
        description="Time when the project was last changed. Changes of its issues do not count."
    )
    workspace = related(
        "workspace_id",
        loads.workspaces,
        graphql_type=Annotated["Workspace", strawberry.lazy("api.workspaces.types")],
        description="The workspace that the project belongs to.",
    )

    @batched(
        graphql_type=list[State],
        at_most=model.MOST_STATES,
        needs=PLACE,
        description="Workflow states of the project in the order of its workflow, at most 50.",
    )
    async def states(projects: Sequence[model.Project], info: Info) -> Sequence[Sequence[model.State]]:
        return await info.context.app.read.states.of_projects(info.context.actor, projects, projection_of(info))

    @connection(
        ProjectMember,
        query=project_member_query,
        needs=PLACE,
        description="Guests who have access to the project, in the order in which they were added. Members with "
        "other roles see every project and are not listed.",
    )
    async def members(
        projects: Sequence[model.Project], info: Info, query: ProjectMemberQuery, request: PageRequest
    ) -> Sequence[Page[model.ProjectMember]]:
        return await info.context.app.read.project_members.of_projects(info.context.actor, projects, query, request)


@strawberry.type
class WorkspaceProjects:
    """The fields of `Workspace` that lead to its projects."""

    @strawberry.field(
        graphql_type=Project | None,
        description="Find a project of the workspace by key. Null if it does not exist or is not visible to you.",
    )
    async def project(self, info: Info, key: Key) -> model.Project | None:
        return await info.context.app.read.projects.by_key(info.context.actor, workspace_of(self), key)

    @connection(
        Project,
        query=project_query,
        description="Projects of the workspace, by key unless `sort` is given. Archived projects are excluded "
        "unless `includeArchived` is true.",
    )
    async def projects(
        workspaces: Sequence[WorkspaceModel], info: Info, query: ProjectQuery, request: PageRequest
    ) -> Sequence[Page[model.Project]]:
        return await info.context.app.read.projects.of_workspaces(info.context.actor, workspaces, query, request)


@strawberry.type
class InvitationProjects:
    """The field of `Invitation` that leads to the projects of the new guest."""

    @batched(
        graphql_type=list[Project],
        at_most=MOST_AREAS,
        description="Projects that the new guest will have access to, at most 20. Empty for other roles.",
    )
    async def projects(invitations: Sequence[InvitationModel], info: Info) -> Sequence[Sequence[model.Project]]:
        wanted = {each for invitation in invitations for each in invitation.area_ids}
        reader = info.context.app.read.projects
        found = await reader.by_ids(info.context.actor, sorted(wanted)) if wanted else {}
        return [[found[each] for each in invitation.area_ids if each in found] for invitation in invitations]


@strawberry.type
class EventProject:
    """The field of `Event` that names the project."""

    area_id: strawberry.ID | None = strawberry.field(
        name="projectId",
        description="ID of the project that the changed object belongs to. Null for objects outside of projects, "
        "such as labels and members.",
    )
