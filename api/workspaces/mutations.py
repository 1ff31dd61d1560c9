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


@strawberry.type(description="The answer to workspaceCreate.")
class WorkspaceCreatePayload(Payload):
    workspace: Workspace | None = strawberry.field(description="The new workspace.")


@strawberry.type(description="The answer to workspaceUpdate.")
class WorkspaceUpdatePayload(Payload):
    workspace: Workspace | None = strawberry.field(description="The workspace as it is now.")


@strawberry.type(description="The answer to workspaceDelete.")
class WorkspaceDeletePayload(Payload):
    deleted_workspace_id: strawberry.ID | None = strawberry.field(description="The id of the workspace that is gone.")


@strawberry.type(description="The answer to workspaceTransfer.")
class WorkspaceTransferPayload(Payload):
    workspace: Workspace | None = strawberry.field(description="The workspace with its new owner.")


@strawberry.type
class _IssuedInvitation(Payload):
    invitation: Invitation | None = strawberry.field(description="The invitation.")
    link: str | None = strawberry.field(
        default=None,
        description="Link to hand on, shown to the issuer of the invitation. Null if the invitation was mailed.",
    )

    async def complete(self, info: Info) -> None:
        if self.invitation is not None:
            invitation = cast("model.Invitation", self.invitation)  # a domain object, which the type describes
            self.link = info.context.app.invitations.link_of(info.context.actor, invitation)


@strawberry.type(description="The answer to invitationCreate.")
class InvitationCreatePayload(_IssuedInvitation):
    invitation: Invitation | None = strawberry.field(description="The new invitation.")


@strawberry.type(description="The answer to invitationResend.")
class InvitationResendPayload(_IssuedInvitation):
    invitation: Invitation | None = strawberry.field(description="The invitation with its new end.")


@strawberry.type(description="The answer to invitationRevoke.")
class InvitationRevokePayload(Payload):
    invitation: Invitation | None = strawberry.field(description="The invitation, which nobody can accept any more.")


@strawberry.type(description="The answer to invitationAccept.")
class InvitationAcceptPayload(Payload):
    member: Member | None = strawberry.field(description="Your place in the workspace.")


@strawberry.type(description="The answer to memberUpdate.")
class MemberUpdatePayload(Payload):
    member: Member | None = strawberry.field(description="The member as it is now.")


@strawberry.type(description="The answer to memberRemove.")
class MemberRemovePayload(Payload):
    deleted_member_id: strawberry.ID | None = strawberry.field(description="The id of the membership that is gone.")


@strawberry.type
class WorkspaceMutations:
    @mutation(description="Makes a workspace that you own.")
    async def workspace_create(self, info: Info, input: WorkspaceCreateInput) -> WorkspaceCreatePayload:
        workspaces = info.context.app.workspaces
        written = await workspaces.create(info.context.actor, to_domain(input))
        await info.context.refresh_actor()
        return WorkspaceCreatePayload.of(written)

    @mutation(description="Changes a workspace.")
    async def workspace_update(self, info: Info, input: WorkspaceUpdateInput) -> WorkspaceUpdatePayload:
        workspaces = info.context.app.workspaces
        return WorkspaceUpdatePayload.of(await workspaces.update(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Deletes a workspace without projects and labels.")
    async def workspace_delete(self, info: Info, input: WorkspaceDeleteInput) -> WorkspaceDeletePayload:
        return WorkspaceDeletePayload.of(await info.context.app.workspaces.delete(info.context.actor, input.id))

    @mutation(description="Makes a member an owner, and you, who were one, an admin.")
    async def workspace_transfer(self, info: Info, input: WorkspaceTransferInput) -> WorkspaceTransferPayload:
        written = await info.context.app.workspaces.transfer(info.context.actor, input.id, input.member_id)
        await info.context.refresh_actor()
        return WorkspaceTransferPayload.of(written)

    @mutation(description="Changes a member's role; the last owner stays.")
    async def member_update(self, info: Info, input: MemberUpdateInput) -> MemberUpdatePayload:
        workspaces = info.context.app.workspaces
        written = await workspaces.change_role(info.context.actor, input.id, input.role)
        await info.context.refresh_actor()
        return MemberUpdatePayload.of(written)

    @mutation(description="Removes a member, or oneself; the last owner stays.")
    async def member_remove(self, info: Info, input: MemberRemoveInput) -> MemberRemovePayload:
        written = await info.context.app.workspaces.remove_member(info.context.actor, input.id)
        await info.context.refresh_actor()
        return MemberRemovePayload.of(written)


@strawberry.type
class InvitationMutations:
    @mutation(description="Invites somebody by mail or by a link; good once, for seven days.")
    async def invitation_create(self, info: Info, input: InvitationCreateInput) -> InvitationCreatePayload:
        written = await info.context.app.invitations.create(info.context.actor, to_domain(input))
        payload = InvitationCreatePayload.of(written.of(written.value.invitation))
        payload.link = written.value.link
        return payload

    @mutation(description="Sends an invitation with another secret; the one before is good no more.")
    async def invitation_resend(self, info: Info, input: InvitationResendInput) -> InvitationResendPayload:
        written = await info.context.app.invitations.resend(info.context.actor, input.id)
        payload = InvitationResendPayload.of(written.of(written.value.invitation))
        payload.link = written.value.link
        return payload

    @mutation(description="Lets nobody accept an invitation any more.")
    async def invitation_revoke(self, info: Info, input: InvitationRevokeInput) -> InvitationRevokePayload:
        invitations = info.context.app.invitations
        return InvitationRevokePayload.of(await invitations.revoke(info.context.actor, input.id))

    @mutation(description="Makes you a member, by an invitation to your address or by a link.")
    async def invitation_accept(self, info: Info, input: InvitationAcceptInput) -> InvitationAcceptPayload:
        written = await info.context.app.invitations.accept(info.context.actor, input.token)
        await info.context.refresh_actor()
        return InvitationAcceptPayload.of(written)
