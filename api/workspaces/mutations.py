import strawberry

from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation
from api.workspaces.inputs import (
    MemberAddInput,
    MemberRemoveInput,
    MemberUpdateInput,
    WorkspaceCreateInput,
    WorkspaceDeleteInput,
    WorkspaceUpdateInput,
)
from api.workspaces.types import Member, Workspace


@strawberry.type(description="The answer to workspaceCreate.")
class WorkspaceCreatePayload(Payload):
    workspace: Workspace | None = strawberry.field(description="The new workspace.")


@strawberry.type(description="The answer to workspaceUpdate.")
class WorkspaceUpdatePayload(Payload):
    workspace: Workspace | None = strawberry.field(description="The workspace as it is now.")


@strawberry.type(description="The answer to workspaceDelete.")
class WorkspaceDeletePayload(Payload):
    deleted_workspace_id: strawberry.ID | None = strawberry.field(description="The id of the workspace that is gone.")


@strawberry.type(description="The answer to memberAdd.")
class MemberAddPayload(Payload):
    member: Member | None = strawberry.field(description="The new member.")


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

    @mutation(description="Adds somebody who has signed up to a workspace.")
    async def member_add(self, info: Info, input: MemberAddInput) -> MemberAddPayload:
        workspaces = info.context.app.workspaces
        return MemberAddPayload.of(await workspaces.add_member(info.context.actor, to_domain(input)))

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
