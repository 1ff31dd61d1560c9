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


@strawberry.type(description="A person's place in a workspace.")
class Member(Node):
    describes = model.Member

    role: Role = strawberry.field(description="What the person may do.")
    created_at: datetime = strawberry.field(description="When the person was added.")
    updated_at: datetime = strawberry.field(description="When the role was last changed.")
    user = related("user_id", loads.users, graphql_type=User, description="Who it is.")
    workspace = related(
        "workspace_id",
        loads.workspaces,
        graphql_type=Annotated["Workspace", strawberry.lazy("api.workspaces.types")],
        description="Where the place is.",
    )


@strawberry.type(description="A place in a workspace that waits for somebody; seen by those who manage members.")
class Invitation(Node):
    describes = model.Invitation

    email: str | None = strawberry.field(
        description="The address that it was mailed to; null for a link, and once it is accepted or revoked."
    )
    role: Role = strawberry.field(description="What the person will be allowed to do.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="Until when it can be accepted; sending it again moves this.")
    accepted_at: datetime | None = strawberry.field(description="When it was accepted.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked.")
    created_by = related(
        "created_by_id",
        loads.users,
        graphql_type=User,
        description="Who promises the place: whoever made it, or sent it again.",
    )

    @batched(graphql_type=list[Project], description="The projects that a guest will be in, at most 20.")
    async def projects(invitations: Sequence[model.Invitation], info: Info) -> Sequence[Sequence[ProjectModel]]:
        wanted = {each for invitation in invitations for each in invitation.project_ids}
        found = await loads.projects(info, sorted(wanted)) if wanted else {}
        return [[found[each] for each in invitation.project_ids if each in found] for invitation in invitations]

    accepted_by = related("accepted_by_id", loads.users, graphql_type=User | None, description="Who accepted it.")
    workspace = related(
        "workspace_id",
        loads.workspaces,
        graphql_type=Annotated["Workspace", strawberry.lazy("api.workspaces.types")],
        description="Where the place is.",
    )


@strawberry.type(description="The door to everything that a group of people works on.")
class Workspace(Node):
    describes = model.Workspace

    slug: str = strawberry.field(description="Unique on this server.")
    name: str = strawberry.field(description="The workspace's name.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When its name or slug was last changed.")
    changes = workspace_changes

    @strawberry.field(graphql_type=Project | None, description="The project with this key.")
    async def project(self, info: Info, key: Key) -> ProjectModel | None:
        return await info.context.app.projects.by_key(info.context.actor, workspace_of(self), key)

    @strawberry.field(graphql_type=Issue | None, description="The issue with this identifier, also a trashed one.")
    async def issue(self, info: Info, identifier: Identifier) -> IssueModel | None:
        return await info.context.app.issues.by_identifier(info.context.actor, workspace_of(self), identifier)

    @connection(Member, query=member_query, description="Who belongs to it, longest first.")
    async def members(
        workspaces: Sequence[model.Workspace], info: Info, query: MemberQuery, request: PageRequest
    ) -> Sequence[Page[model.Member]]:
        return await info.context.app.workspaces.members_of(info.context.actor, workspaces, query, request)

    @connection(
        Invitation,
        query=everything,
        description="Invitations that wait to be accepted, the newest first; none for those who do not manage members.",
    )
    async def invitations(
        workspaces: Sequence[model.Workspace], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.Invitation]]:
        return await info.context.app.invitations.open_of(info.context.actor, workspaces, request)

    @connection(Project, query=project_query, description="Its projects, by key; without archived ones.")
    async def projects(
        workspaces: Sequence[model.Workspace], info: Info, query: ProjectQuery, request: PageRequest
    ) -> Sequence[Page[ProjectModel]]:
        return await info.context.app.projects.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(Label, query=label_query, description="Its labels, by name.")
    async def labels(
        workspaces: Sequence[model.Workspace], info: Info, query: LabelQuery, request: PageRequest
    ) -> Sequence[Page[LabelModel]]:
        return await info.context.app.labels.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(
        Issue,
        query=issue_query,
        description="Its issues, newest first unless sorted otherwise; without archived and trashed ones.",
    )
    async def issues(
        workspaces: Sequence[model.Workspace], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[IssueModel]]:
        return await info.context.app.issues.of_workspaces(info.context.actor, workspaces, query, request)

    @connection(ImportRun, query=everything, description="Imports into it, the latest first.")
    async def imports(
        workspaces: Sequence[model.Workspace], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[ImportRunModel]]:
        return await info.context.app.imports.of_workspaces(info.context.actor, workspaces, request)

    @connection(Issue, query=trash_query, description="The issues in the trash, newest first.")
    async def trash(
        workspaces: Sequence[model.Workspace], info: Info, query: IssueQuery, request: PageRequest
    ) -> Sequence[Page[IssueModel]]:
        return await info.context.app.issues.of_workspaces(info.context.actor, workspaces, query, request)


def workspace_of(root: object) -> model.Workspace:
    """Resolvers get the domain object as `self`, since the GraphQL type only describes it."""
    assert isinstance(root, model.Workspace)
    return root
