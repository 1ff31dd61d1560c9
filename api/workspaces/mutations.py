from typing import cast

import strawberry

from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation
from api.workspaces.inputs import (
    InvitationAcceptInput,
    InvitationCreateInput,
    InvitationResendInput,
    InvitationRevokeInput,
    MemberRemoveInput,
    MemberUpdateInput,
    WorkspaceCreateInput,
    WorkspaceDeleteInput,
    WorkspaceTransferInput,
    WorkspaceUpdateInput,
)
from api.workspaces.types import Invitation, Member, Workspace
from domain.workspaces import model


@strawberry.type(description="Payload of the `workspaceCreate` mutation.")
class WorkspaceCreatePayload(Payload):
    workspace: Workspace | None = strawberry.field(description="The new workspace. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `workspaceUpdate` mutation.")
class WorkspaceUpdatePayload(Payload):
    workspace: Workspace | None = strawberry.field(description="The updated workspace. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `workspaceDelete` mutation.")
class WorkspaceDeletePayload(Payload):
    deleted_workspace_id: strawberry.ID | None = strawberry.field(
        description="ID of the deleted workspace. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `workspaceTransfer` mutation.")
class WorkspaceTransferPayload(Payload):
    workspace: Workspace | None = strawberry.field(
        description="The transferred workspace. Null if `errors` is not empty."
    )


@strawberry.type
class _IssuedInvitation(Payload):
    invitation: Invitation | None = strawberry.field(description="The invitation. Null if `errors` is not empty.")
    link: str | None = strawberry.field(
        default=None,
        description="Link that accepts the invitation, to pass on to the new member. Shown only to the user who "
        "created or last resent the invitation. Null if the invitation was sent by email.",
    )

    async def complete(self, info: Info) -> None:
        if self.invitation is not None:
            # `invitation` is the domain object at run time; the annotation is its GraphQL type
            invitation = cast("model.Invitation", self.invitation)
            self.link = info.context.app.invitations.link_of(info.context.actor, invitation)


@strawberry.type(description="Payload of the `invitationCreate` mutation.")
class InvitationCreatePayload(_IssuedInvitation):
    invitation: Invitation | None = strawberry.field(description="The new invitation. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `invitationResend` mutation.")
class InvitationResendPayload(_IssuedInvitation):
    invitation: Invitation | None = strawberry.field(
        description="The resent invitation. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `invitationRevoke` mutation.")
class InvitationRevokePayload(Payload):
    invitation: Invitation | None = strawberry.field(
        description="The revoked invitation. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `invitationAccept` mutation.")
class InvitationAcceptPayload(Payload):
    member: Member | None = strawberry.field(
        description="Membership that you now have in the workspace. Null if `errors` is not empty."
    )


@strawberry.type(description="Payload of the `memberUpdate` mutation.")
class MemberUpdatePayload(Payload):
    member: Member | None = strawberry.field(description="The updated member. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `memberRemove` mutation.")
class MemberRemovePayload(Payload):
    deleted_member_id: strawberry.ID | None = strawberry.field(
        description="ID of the removed membership. Null if `errors` is not empty."
    )


@strawberry.type
class WorkspaceMutations:
    @mutation(description="Creates a workspace. You become its owner.")
    async def workspace_create(self, info: Info, input: WorkspaceCreateInput) -> WorkspaceCreatePayload:
        workspaces = info.context.app.workspaces
        written = await workspaces.create(info.context.actor, to_domain(input))
        await info.context.reload_actor()
        return WorkspaceCreatePayload.of(written)

    @mutation(description="Updates the name or slug of a workspace. Requires the role `ADMIN` or higher.")
    async def workspace_update(self, info: Info, input: WorkspaceUpdateInput) -> WorkspaceUpdatePayload:
        workspaces = info.context.app.workspaces
        return WorkspaceUpdatePayload.of(await workspaces.update(info.context.actor, input.id, to_domain(input)))

    @mutation(
        description="Deletes a workspace permanently. A workspace with content is deleted only with "
        "`cascade` set: it disappears at once for all members, and everything in it is deleted in the background. "
        "Requires the role `OWNER`."
    )
    async def workspace_delete(self, info: Info, input: WorkspaceDeleteInput) -> WorkspaceDeletePayload:
        app, actor = info.context.app, info.context.actor
        if not input.cascade:
            return WorkspaceDeletePayload.of(await app.workspaces.delete(actor, input.id))
        written = await app.cascades.delete(actor, input.id, slug=input.confirm_slug, password=input.current_password)
        return WorkspaceDeletePayload.of(written.of(written.value.id))

    @mutation(
        description="Transfers ownership of a workspace: the member becomes an owner, and you become an admin. "
        "Requires the role `OWNER`."
    )
    async def workspace_transfer(self, info: Info, input: WorkspaceTransferInput) -> WorkspaceTransferPayload:
        written = await info.context.app.workspaces.transfer_ownership(info.context.actor, input.id, input.member_id)
        await info.context.reload_actor()
        return WorkspaceTransferPayload.of(written)

    @mutation(
        description="Changes the role of a member. The last owner of a workspace cannot be demoted. Requires the "
        "role `ADMIN` or higher."
    )
    async def member_update(self, info: Info, input: MemberUpdateInput) -> MemberUpdatePayload:
        workspaces = info.context.app.workspaces
        written = await workspaces.change_role(info.context.actor, input.id, to_domain(input))
        await info.context.reload_actor()
        return MemberUpdatePayload.of(written)

    @mutation(
        description="Removes a member from a workspace. What the member created remains. Everyone except the "
        "last owner can remove themselves; removing others requires the role `ADMIN` or higher, and removing an owner "
        "the role `OWNER`."
    )
    async def member_remove(self, info: Info, input: MemberRemoveInput) -> MemberRemovePayload:
        written = await info.context.app.workspaces.remove_member(info.context.actor, input.id)
        await info.context.reload_actor()
        return MemberRemovePayload.of(written)


@strawberry.type
class InvitationMutations:
    @mutation(
        description="Invites a person to a workspace by email or link. The invitation works once and expires after "
        "7 days. A pending invitation to the same email address is revoked. Limited to 50 per "
        "user per hour, 200 per workspace per day, and 5 per day from one user to one email address. Requires the "
        "role `ADMIN` or higher."
    )
    async def invitation_create(self, info: Info, input: InvitationCreateInput) -> InvitationCreatePayload:
        written = await info.context.app.invitations.create(info.context.actor, to_domain(input))
        payload = InvitationCreatePayload.of(written.of(written.value.invitation))
        payload.link = written.value.link
        return payload

    @mutation(
        description="Sends an invitation again with a new secret token and another 7 days until it expires. The "
        "previous link stops working. Requires the role `ADMIN` or higher."
    )
    async def invitation_resend(self, info: Info, input: InvitationResendInput) -> InvitationResendPayload:
        written = await info.context.app.invitations.resend(info.context.actor, input.id)
        payload = InvitationResendPayload.of(written.of(written.value.invitation))
        payload.link = written.value.link
        return payload

    @mutation(description="Revokes an invitation: its link stops working. Requires the role `ADMIN` or higher.")
    async def invitation_revoke(self, info: Info, input: InvitationRevokeInput) -> InvitationRevokePayload:
        invitations = info.context.app.invitations
        return InvitationRevokePayload.of(await invitations.revoke(info.context.actor, input.id))

    @mutation(
        description="Accepts an invitation that was sent to your email address or as a link. You become a member "
        "of the workspace."
    )
    async def invitation_accept(self, info: Info, input: InvitationAcceptInput) -> InvitationAcceptPayload:
        written = await info.context.app.invitations.accept(info.context.actor, input.token)
        await info.context.reload_actor()
        return InvitationAcceptPayload.of(written)
