from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from api.accounts.types import User
from api.audit.queries import workspace_changes
from api.issues.inputs import issue_query, trash_query
from api.issues.types import Issue
from api.labels.inputs import label_query
from api.labels.types import Label
from api.projects.inputs import project_query
from api.projects.types import Project
from api.shared import loads
from api.shared.arguments import Identifier, Key
from api.shared.connections import connection
from api.shared.context import Info
from api.shared.node import Node
from api.transfers.inputs import everything
from api.transfers.types import ImportRun
from api.workspaces.inputs import member_query
from domain.issues.model import Issue as IssueModel
from domain.issues.queries import IssueQuery
from domain.labels.model import Label as LabelModel
from domain.labels.queries import LabelQuery
from domain.projects.model import Project as ProjectModel
from domain.projects.queries import ProjectQuery
from domain.shared.actor import Role
from domain.shared.pages import Page, PageRequest
from domain.transfers.model import ImportRun as ImportRunModel
from domain.workspaces import model
from domain.workspaces.queries import MemberQuery
from strawberry_compiled import batched, related


@strawberry.type(description="A user's membership in a workspace.")
class Member(Node):
    describes = model.Member

    role: Role = strawberry.field(description="Role of the member in the workspace.")
    created_at: datetime = strawberry.field(description="Time when the user became a member.")
    updated_at: datetime = strawberry.field(description="Time when the role of the member was last changed.")
    user = related("user_id", loads.users, graphql_type=User, description="The user who is the member.")
    workspace = related(
        "workspace_id",
        loads.workspaces,
        graphql_type=Annotated["Workspace", strawberry.lazy("api.workspaces.types")],
        description="The workspace of the membership.",
    )


@strawberry.type(description="An invitation to join a workspace. Visible only to members who can manage members.")
class Invitation(Node):
    describes = model.Invitation

    email: str | None = strawberry.field(
        description="Email address that the invitation was sent to. Null for an invitation by link, and after the "
        "invitation was accepted or revoked."
    )
    role: Role = strawberry.field(description="Role that the new member will have.")
    created_at: datetime = strawberry.field(description="Time when the invitation was created.")
    expires_at: datetime = strawberry.field(
        description="Time when the invitation expires: 7 days after it was created or last resent."
    )
    accepted_at: datetime | None = strawberry.field(
        description="Time when the invitation was accepted. Null if it has not been accepted."
    )
    revoked_at: datetime | None = strawberry.field(
        description="Time when the invitation was revoked. Null if it has not been revoked."
    )
    created_by = related(
        "created_by_id",
        loads.users,
        graphql_type=User,
        description="The user who created the invitation or last resent it.",
    )

    @batched(
        graphql_type=list[Project],
        description="Projects that the new guest will have access to, at most 20. Empty for other roles.",
    )
    async def projects(invitations: Sequence[model.Invitation], info: Info) -> Sequence[Sequence[ProjectModel]]:
        wanted = {each for invitation in invitations for each in invitation.project_ids}
        found = await loads.projects(info, sorted(wanted)) if wanted else {}
        return [[found[each] for each in invitation.project_ids if each in found] for invitation in invitations]

    accepted_by = related(
        "accepted_by_id",
        loads.users,
        graphql_type=User | None,
        description="The user who accepted the invitation. Null if it has not been accepted.",
    )
    workspace = related(
        "workspace_id",
        loads.workspaces,
        graphql_type=Annotated["Workspace", strawberry.lazy("api.workspaces.types")],
        description="The workspace that the invitation is for.",
    )


@strawberry.type(description="The top-level container for a team's members, projects, labels and issues.")
class Workspace(Node):
    describes = model.Workspace

    slug: str = strawberry.field(
        description="Unique name of the workspace in URLs: 1 to 48 lowercase letters, digits and hyphens."
    )
    name: str = strawberry.field(description="Display name of the workspace, at most 80 characters.")
    created_at: datetime = strawberry.field(description="Time when the workspace was created.")
    updated_at: datetime = strawberry.field(description="Time when the name or slug of the workspace was last changed.")
    changes = workspace_changes

    @strawberry.field(
        graphql_type=Project | None,
        description="Find a project of the workspace by key. Null if it does not exist or is not visible to you.",
    )
    async def project(self, info: Info, key: Key) -> ProjectModel | None:
        return await info.context.app.read.projects.by_key(info.context.actor, workspace_of(self), key)

    @strawberry.field(
        graphql_type=Issue | None,
        description="Find an issue of the workspace by identifier, including archived and trashed issues. Null if "
        "it does not exist or is not visible to you.",
    )
    async def issue(self, info: Info, identifier: Identifier) -> IssueModel | None:
        return await info.context.app.read.issues.by_identifier(info.context.actor, workspace_of(self), identifier)

    @connection(
        Member,
        query=member_query,
        description="Members of the workspace, oldest membership first. Guests see only other guests who share a "
        "project with them, and all members with another role.",
    )
    async def members(
        workspaces: Sequence[model.Workspace], info: Info, query: MemberQuery, request: PageRequest
    ) -> Sequence[Page[model.Member]]:
        return await info.context.app.read.members.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(
        Invitation,
        query=everything,
        description="Pending invitations to the workspace, newest first, including expired ones. Empty if you "
        "cannot manage members.",
    )
    async def invitations(
        workspaces: Sequence[model.Workspace], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.Invitation]]:
        return await info.context.app.invitations.open_of_workspaces(info.context.actor, workspaces, request)

    @connection(
        Project,
        query=project_query,
        description="Projects of the workspace, by key unless `sort` is given. Archived projects are excluded "
        "unless `includeArchived` is true.",
    )
    async def projects(
        workspaces: Sequence[model.Workspace], info: Info, query: ProjectQuery, request: PageRequest
    ) -> Sequence[Page[ProjectModel]]:
        return await info.context.app.read.projects.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(Label, query=label_query, description="Labels of the workspace, by name unless `sort` is given.")
    async def labels(
        workspaces: Sequence[model.Workspace], info: Info, query: LabelQuery, request: PageRequest
    ) -> Sequence[Page[LabelModel]]:
        return await info.context.app.read.labels.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(
        Issue,
        query=issue_query,
        description="Issues of the workspace, newest first unless `sort` is given. Trashed issues are excluded, "
        "and archived ones unless `includeArchived` is true.",
    )
    async def issues(
        workspaces: Sequence[model.Workspace], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[IssueModel]]:
        return await info.context.app.read.issues.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(ImportRun, query=everything, description="Imports into the workspace, newest first. Empty for guests.")
    async def imports(
        workspaces: Sequence[model.Workspace], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[ImportRunModel]]:
        return await info.context.app.read.imports.of_workspaces(info.context.actor, workspaces, request)

    @connection(
        Issue,
        query=trash_query,
        description="Issues in the trash of the workspace, newest first unless `sort` is given. Archived issues "
        "are included.",
    )
    async def trash(
        workspaces: Sequence[model.Workspace], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[IssueModel]]:
        return await info.context.app.read.issues.of_workspaces(info.context.actor, workspaces, query, request)


def workspace_of(root: object) -> model.Workspace:
    """Resolvers get the domain object as `self`, since the GraphQL type only describes it."""
    assert isinstance(root, model.Workspace)
    return root
