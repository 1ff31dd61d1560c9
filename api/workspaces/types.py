from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from api.accounts.types import User
from api.audit.queries import workspace_change_set, workspace_changes, workspace_changes_begin_at, workspace_revision
from api.shared import loads
from api.shared.connections import connection, everything
from api.shared.context import Info
from api.shared.node import Node
from api.workspaces.inputs import member_query
from domain.shared.actor import Role
from domain.shared.pages import Page, PageRequest
from domain.workspaces import model
from domain.workspaces.queries import MemberQuery
from strawberry_compiled import related


@strawberry.type(description="A user's membership in a workspace.")
class Member(Node):
    describes = model.Member
    is_read_as_rows = True

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


@strawberry.type(description="The top-level container for a team's members and their work.")
class Workspace(Node):
    describes = model.Workspace
    is_read_as_rows = True

    slug: str = strawberry.field(
        description="Unique name of the workspace in URLs: 1 to 48 lowercase letters, digits and hyphens."
    )
    name: str = strawberry.field(description="Display name of the workspace, at most 80 characters.")
    created_at: datetime = strawberry.field(description="Time when the workspace was created.")
    updated_at: datetime = strawberry.field(description="Time when the name or slug of the workspace was last changed.")
    revision = workspace_revision
    changes = workspace_changes
    changes_begin_at = workspace_changes_begin_at
    change_set = workspace_change_set

    @connection(
        Member,
        query=member_query,
        description="Members of the workspace, oldest membership first. Guests see only those other guests whose "
        "access overlaps with theirs, and all members with another role.",
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
