from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.accounts.types import User
from api.audit.queries import workspace_changes
from api.issues.inputs import IssueFilterArgument, IssueSortArgument, issue_query
from api.issues.types import Issue
from api.labels.inputs import LabelFilterArgument, LabelSortArgument, label_query
from api.labels.types import Label
from api.projects.inputs import ProjectFilterArgument, ProjectSortArgument, project_query
from api.projects.types import Project
from api.shared import loads
from api.shared.arguments import Identifier, Key
from api.shared.batched import batched, related
from api.shared.context import Info
from api.shared.node import Node
from api.shared.pages import After, Before, Connection, First, IncludeArchived, Last, page_request
from api.workspaces.inputs import MemberFilterArgument, MemberSortArgument, member_query
from domain.issues.model import Issue as IssueModel
from domain.labels.model import Label as LabelModel
from domain.projects.model import Project as ProjectModel
from domain.shared.actor import Role
from domain.shared.pages import Page
from domain.workspaces import model


@strawberry.type(description="A person's place in a workspace.")
class Member(Node):
    describes = model.Member

    role: Role = strawberry.field(description="What the person may do.")
    created_at: datetime = strawberry.field(description="When the person was added.")
    updated_at: datetime = strawberry.field(description="When the role was last changed.")
    user = related("user_id", loads.users, graphql_type=User, description="Who it is.")


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

    @batched(graphql_type=Connection[Member], description="Who belongs to it, longest first.")
    async def members(
        workspaces: Sequence[model.Workspace],
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: MemberFilterArgument = None,
        sort: MemberSortArgument = None,
    ) -> Sequence[Page[model.Member]]:
        request = page_request(info, first, after, last, before)
        app, actor = info.context.app, info.context.actor
        return await app.workspaces.members_of(actor, workspaces, member_query(filter, sort), request)

    @batched(graphql_type=Connection[Project], description="Its projects, by key; without archived ones.")
    async def projects(
        workspaces: Sequence[model.Workspace],
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: ProjectFilterArgument = None,
        sort: ProjectSortArgument = None,
        include_archived: IncludeArchived = False,
    ) -> Sequence[Page[ProjectModel]]:
        query = project_query(filter, sort, include_archived)
        request = page_request(info, first, after, last, before)
        return await info.context.app.projects.of_workspaces(info.context.actor, workspaces, query, request)

    @batched(graphql_type=Connection[Label], description="Its labels, by name.")
    async def labels(
        workspaces: Sequence[model.Workspace],
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: LabelFilterArgument = None,
        sort: LabelSortArgument = None,
    ) -> Sequence[Page[LabelModel]]:
        request = page_request(info, first, after, last, before)
        labels = info.context.app.labels
        return await labels.of_workspaces(info.context.actor, workspaces, label_query(filter, sort), request)

    @batched(
        graphql_type=Connection[Issue],
        description="Its issues, newest first unless sorted otherwise; without archived and trashed ones.",
    )
    async def issues(
        workspaces: Sequence[model.Workspace],
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: IssueFilterArgument = None,
        sort: IssueSortArgument = None,
        include_archived: IncludeArchived = False,
    ) -> Sequence[Page[IssueModel]]:
        query = issue_query(filter, sort, include_archived)
        request = page_request(info, first, after, last, before)
        return await info.context.app.issues.of_workspaces(info.context.actor, workspaces, query, request)

    @batched(graphql_type=Connection[Issue], description="The issues in the trash, newest first.")
    async def trash(
        workspaces: Sequence[model.Workspace],
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: IssueFilterArgument = None,
        sort: IssueSortArgument = None,
    ) -> Sequence[Page[IssueModel]]:
        query = issue_query(filter, sort, include_archived=True, is_trash=True)
        request = page_request(info, first, after, last, before)
        return await info.context.app.issues.of_workspaces(info.context.actor, workspaces, query, request)


def workspace_of(root: object) -> model.Workspace:
    """Resolvers get the domain object as `self`, since the GraphQL type only describes it."""
    assert isinstance(root, model.Workspace)
    return root
