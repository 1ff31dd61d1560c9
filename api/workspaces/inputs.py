from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.accounts.inputs import UserFilter
from api.shared.areas import area_ids_field
from api.shared.arguments import FILTER_LIMITS
from api.shared.enums import describe_enum
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    IdComparator,
    MutationInput,
    OrderedEnumComparator,
    UpdateInput,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import SortOrder, sorts
from domain.shared.actor import Role
from domain.shared.filters import without_conditions
from domain.workspaces import commands, queries

# Slices add sentences to the descriptions (`ApiSlice.roles`).
describe_enum(
    Role,
    name="Role",
    description="Role of a member in a workspace. In ascending order, each role including the permissions of "
    "the previous ones: GUEST, MEMBER, ADMIN, OWNER.",
    OWNER="Manages owners and can delete the workspace.",
    ADMIN="Manages members and the workspace.",
    MEMBER="Sees all content of the workspace.",
    GUEST="Sees only what the guest was given access to.",
)


@strawberry.input(description=f"Filter for members. {WITHOUT_CONDITIONS}")
class MemberFilter:
    describes: ClassVar[type] = queries.MemberFilter

    and_: "list[MemberFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[MemberFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "MemberFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="Filter by the ID of the membership.")
    role: OrderedEnumComparator[Role] | None = strawberry.field(
        default=None, description="Filter by the role of the member."
    )
    user: UserFilter | None = strawberry.field(default=None, description="Filter by the user who is the member.")


@strawberry.input(one_of=True, description="A sort key for members. Set exactly one field.")
class MemberSort:
    created_at: Maybe[SortOrder | None] = strawberry.field(
        description="Sort by the time when the user became a member."
    )


MemberFilterArgument = Annotated[
    MemberFilter | None,
    strawberry.argument(description=f"Return only members that match the filter. {FILTER_LIMITS}"),
]
MemberSortArgument = Annotated[
    list[MemberSort] | None,
    strawberry.argument(description="Sort keys, most significant first. Default: oldest membership first."),
]


def member_query(filter: MemberFilterArgument = None, sort: MemberSortArgument = None) -> queries.MemberQuery:
    return queries.MemberQuery(
        filter=to_domain(filter) or without_conditions(queries.MemberFilter),
        sort=sorts(sort, queries.MemberOrder) or queries.DEFAULT_ORDER,
    )


@strawberry.input(description="Input of the `workspaceCreate` mutation.")
class WorkspaceCreateInput(MutationInput):
    describes: ClassVar[type] = commands.WorkspaceDraft

    slug: str = strawberry.field(
        description="Slug of the workspace, unique on this server: 1 to 48 lowercase letters, digits and hyphens, "
        "with no hyphen at the start or end."
    )
    name: str = strawberry.field(
        description="Display name of the workspace: one line of at most 80 characters, without `://` and `www.`."
    )


@strawberry.input(description="Input of the `workspaceUpdate` mutation. Omitted fields keep their values.")
class WorkspaceUpdateInput(UpdateInput):
    describes: ClassVar[type] = commands.WorkspaceChanges

    id: strawberry.ID = strawberry.field(description="ID of the workspace to update.")
    slug: Maybe[str | None] = never_null(
        "New slug of the workspace, unique on this server: 1 to 48 lowercase letters, digits and "
        "hyphens, with no hyphen at the start or end."
    )
    name: Maybe[str | None] = never_null(
        "New display name of the workspace: one line of at most 80 characters, without `://` and `www.`."
    )


@strawberry.input(description="Input of the `workspaceDelete` mutation.")
class WorkspaceDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the workspace to delete.")
    cascade: bool = strawberry.field(
        default=False,
        description="Whether to delete everything in the workspace too. Requires a session, `confirmSlug` and "
        "`currentPassword`. Default: false.",
    )
    confirm_slug: str | None = strawberry.field(
        default=None, description="Slug of the workspace, as a confirmation. Required with `cascade`."
    )
    current_password: str | None = strawberry.field(
        default=None, description="Password of your account. Required with `cascade`."
    )


@strawberry.input(description="Input of the `workspaceTransfer` mutation.")
class WorkspaceTransferInput(MutationInput):
    id: strawberry.ID = strawberry.field(
        description="ID of the workspace to transfer. You must be an owner of the workspace."
    )
    member_id: strawberry.ID = strawberry.field(
        description="ID of the member who becomes an owner. You become an admin."
    )


@strawberry.input(description="Input of the `invitationCreate` mutation.")
class InvitationCreateInput(MutationInput):
    describes: ClassVar[type] = commands.InvitationDraft

    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace to invite to.")
    email: str | None = strawberry.field(
        default=None,
        description="Email address to send the invitation to. Null creates a link instead, which the payload returns.",
    )
    role: Role = strawberry.field(description="Role of the new member. Only owners can invite owners.")
    area_ids: list[strawberry.ID] | None = area_ids_field()


@strawberry.input(description="Input of the `invitationResend` mutation.")
class InvitationResendInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the invitation to resend.")


@strawberry.input(description="Input of the `invitationRevoke` mutation.")
class InvitationRevokeInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the invitation to revoke.")


@strawberry.input(description="Input of the `invitationAccept` mutation.")
class InvitationAcceptInput(MutationInput):
    token: str = strawberry.field(description="Secret token from the end of the invitation link.")


@strawberry.input(description="Input of the `memberUpdate` mutation.")
class MemberUpdateInput(UpdateInput):
    describes: ClassVar[type] = commands.MemberChanges

    id: strawberry.ID = strawberry.field(description="ID of the membership to update.")
    role: Role = strawberry.field(
        description="New role of the member. Only owners can grant or withdraw the role `OWNER`."
    )


@strawberry.input(description="Input of the `memberRemove` mutation.")
class MemberRemoveInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the membership to remove.")
