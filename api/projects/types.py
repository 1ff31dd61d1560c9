from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.issues.inputs import issue_query
from api.milestones.inputs import milestone_query
from api.projects.inputs import project_member_query
from api.shared import loads
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.node import Node
from domain.issues.model import Issue as IssueModel
from domain.issues.queries import IssueQuery
from domain.milestones.model import Milestone as MilestoneModel
from domain.milestones.queries import MilestoneQuery
from domain.projects import model
from domain.projects.categories import StateCategory
from domain.projects.queries import ProjectMemberQuery
from domain.shared.pages import Page, PageRequest
from strawberry_compiled import batched, related

if TYPE_CHECKING:
    from api.issues.types import Issue
    from api.milestones.types import Milestone
    from api.workspaces.types import Member, Workspace


@strawberry.type(description="A step of a project's workflow.")
class State(Node):
    describes = model.State

    name: str = strawberry.field(description="Unique in the project.")
    category: StateCategory = strawberry.field(description="What kind of step it is.")
    color: str = strawberry.field(description="Such as #5e6ad2.")
    position: int = strawberry.field(description="Its place among the project's states, from 0.")
    project = related(
        "project_id",
        loads.projects,
        graphql_type=Annotated["Project", strawberry.lazy("api.projects.types")],
        description="The project whose workflow it is a step of.",
    )


@strawberry.type(description="A guest's place in a project: guests see the projects that they are in, and no others.")
class ProjectMember(Node):
    describes = model.ProjectMember

    created_at: datetime = strawberry.field(description="When the guest was added.")
    member = related(
        "member_id",
        loads.members,
        graphql_type=Annotated["Member", strawberry.lazy("api.workspaces.types")],
        description="The guest.",
    )
    project = related(
        "project_id",
        loads.projects,
        graphql_type=Annotated["Project", strawberry.lazy("api.projects.types")],
        description="The project.",
    )


@strawberry.type(description="A body of work with its own workflow and its own numbers.")
class Project(Node):
    describes = model.Project

    key: str = strawberry.field(description="The beginning of its issues' identifiers, such as ENG.")
    name: str = strawberry.field(description="The project's name.")
    archived_at: datetime | None = strawberry.field(description="When it was archived; null while it is in use.")
    created_at: datetime = strawberry.field(description="When the project was made.")
    updated_at: datetime = strawberry.field(description="When the project was last changed.")
    workspace = related(
        "workspace_id",
        loads.workspaces,
        graphql_type=Annotated["Workspace", strawberry.lazy("api.workspaces.types")],
        description="The workspace that it belongs to.",
    )

    @batched(graphql_type=list[State], description="The steps of its workflow in their order, at most 50.")
    async def states(projects: Sequence[model.Project], info: Info) -> Sequence[Sequence[model.State]]:
        return await info.context.app.projects.states_of(info.context.actor, projects)

    @connection(
        ProjectMember,
        query=project_member_query,
        description="The guests who see it, longest first; who has another role sees every project.",
    )
    async def members(
        projects: Sequence[model.Project], info: Info, query: ProjectMemberQuery, request: PageRequest
    ) -> Sequence[Page[model.ProjectMember]]:
        return await info.context.app.project_members.of_projects(info.context.actor, projects, query, request)

    @connection(
        Annotated["Milestone", strawberry.lazy("api.milestones.types")],
        query=milestone_query,
        description="Its milestones, the next due first.",
    )
    async def milestones(
        projects: Sequence[model.Project], info: Info, query: MilestoneQuery, request: PageRequest
    ) -> Sequence[Page[MilestoneModel]]:
        return await info.context.app.milestones.of_projects(info.context.actor, projects, query, request)

    @connection(
        Annotated["Issue", strawberry.lazy("api.issues.types")],
        query=issue_query,
        description="Its issues, newest first unless sorted otherwise; without archived and trashed ones.",
    )
    async def issues(
        projects: Sequence[model.Project], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[IssueModel]]:
        return await info.context.app.issues.of_projects(info.context.actor, projects, query, request)
