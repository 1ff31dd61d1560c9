from typing import Annotated, ClassVar

import strawberry
from strawberry import Maybe

from api.accounts.inputs import UserFilter
from api.shared.enums import describe_enum
from api.shared.inputs import (
    ALL_HOLD,
    DOES_NOT_HOLD,
    ONE_HOLDS,
    WITHOUT_CONDITIONS,
    IdComparator,
    MutationInput,
    OrderedEnumComparator,
    to_domain,
)
from api.shared.nulls import never_null
from api.shared.pages import SortOrder, sorts
from domain.shared.actor import Role
from domain.workspaces import commands, queries

describe_enum(
    Role,
    name="Role",
    description="Role of a member. In ascending order: GUEST, MEMBER, ADMIN, OWNER.",
    OWNER="Everything, and appoints owners.",
    ADMIN="Manages members, and deletes for ever.",
    MEMBER="Changes projects, labels and issues.",
    GUEST="Reads and comments.",
)


@strawberry.input(description=f"Filter for members. {WITHOUT_CONDITIONS}")
class MemberFilter:
    describes: ClassVar[type] = queries.MemberFilter

    and_: "list[MemberFilter] | None" = strawberry.field(default=None, name="and", description=ALL_HOLD)
    or_: "list[MemberFilter] | None" = strawberry.field(default=None, name="or", description=ONE_HOLDS)
    not_: "MemberFilter | None" = strawberry.field(default=None, name="not", description=DOES_NOT_HOLD)
    id: IdComparator | None = strawberry.field(default=None, description="By id.")
    role: OrderedEnumComparator[Role] | None = strawberry.field(default=None, description="By role.")
    user: UserFilter | None = strawberry.field(default=None, description="By who it is.")


@strawberry.input(one_of=True, description="One key to sort members by.")
class MemberSort:
    created_at: Maybe[SortOrder | None] = strawberry.field(description="By when they were added.")


MemberFilterArgument = Annotated[MemberFilter | None, strawberry.argument(description="Only what matches.")]
MemberSortArgument = Annotated[list[MemberSort] | None, strawberry.argument(description="In this order.")]


def member_query(filter: MemberFilterArgument = None, sort: MemberSortArgument = None) -> queries.MemberQuery:
    return queries.MemberQuery(
        filter=to_domain(filter) or queries.MemberFilter(),
        sort=sorts(sort, queries.MemberOrder) or queries.DEFAULT_ORDER,
    )


@strawberry.input(description="A new workspace.")
class WorkspaceCreateInput(MutationInput):
    describes: ClassVar[type] = commands.WorkspaceDraft

    slug: str = strawberry.field(description="Unique on this server: 1 to 48 of a-z, 0-9 and hyphens.")
    name: str = strawberry.field(description="At most 80 characters, without `://` and `www.`.")


@strawberry.input(description="What to change of a workspace; what is left out stays.")
class WorkspaceUpdateInput(MutationInput):
    describes: ClassVar[type] = commands.WorkspaceChanges

    id: strawberry.ID = strawberry.field(description="The workspace.")
    slug: Maybe[str | None] = never_null("Unique on this server: 1 to 48 of a-z, 0-9 and hyphens.")
    name: Maybe[str | None] = never_null("At most 80 characters, without `://` and `www.`.")


@strawberry.input(description="Which workspace to delete.")
class WorkspaceDeleteInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The workspace.")


@strawberry.input(description="Which workspace to hand over, and to whom.")
class WorkspaceTransferInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The workspace, of which you are an owner.")
    member_id: strawberry.ID = strawberry.field(description="The member who becomes an owner; you become an admin.")


@strawberry.input(description="Whom to invite to a workspace.")
class InvitationCreateInput(MutationInput):
    describes: ClassVar[type] = commands.InvitationDraft

    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    email: str | None = strawberry.field(
        default=None,
        description="Recipient of the invitation, such as ann@example.org. Null returns a link to hand on instead.",
    )
    role: Role = strawberry.field(description="What the person may do; at most what you may.")
    project_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The projects that a guest will be in, at most 20; all others see every project."
    )


@strawberry.input(description="Which invitation to send again.")
class InvitationResendInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.input(description="Which invitation to revoke.")
class InvitationRevokeInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The invitation.")


@strawberry.input(description="Which invitation to accept.")
class InvitationAcceptInput(MutationInput):
    token: str = strawberry.field(description="The secret at the end of the invitation's link.")


@strawberry.input(description="A member's new role.")
class MemberUpdateInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The member.")
    role: Role = strawberry.field(description="What the person may do.")


@strawberry.input(description="Which member to remove.")
class MemberRemoveInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="The member.")
