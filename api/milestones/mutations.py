import strawberry

from api.milestones.inputs import MilestoneCreateInput, MilestoneDeleteInput, MilestoneUpdateInput
from api.milestones.types import Milestone
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation


@strawberry.type(description="The answer to milestoneCreate.")
class MilestoneCreatePayload(Payload):
    milestone: Milestone | None = strawberry.field(description="The new milestone.")


@strawberry.type(description="The answer to milestoneUpdate.")
class MilestoneUpdatePayload(Payload):
    milestone: Milestone | None = strawberry.field(description="The milestone as it is now.")


@strawberry.type(description="The answer to milestoneDelete.")
class MilestoneDeletePayload(Payload):
    deleted_milestone_id: strawberry.ID | None = strawberry.field(description="The id of the milestone that is gone.")


@strawberry.type
class MilestoneMutations:
    @mutation(description="Adds a milestone to a project.")
    async def milestone_create(self, info: Info, input: MilestoneCreateInput) -> MilestoneCreatePayload:
        milestones = info.context.app.milestones
        return MilestoneCreatePayload.of(await milestones.create(info.context.actor, to_domain(input)))

    @mutation(description="Changes a milestone.")
    async def milestone_update(self, info: Info, input: MilestoneUpdateInput) -> MilestoneUpdatePayload:
        milestones = info.context.app.milestones
        return MilestoneUpdatePayload.of(await milestones.update(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Deletes a milestone; its issues move to `replaceWith`.")
    async def milestone_delete(self, info: Info, input: MilestoneDeleteInput) -> MilestoneDeletePayload:
        milestones = info.context.app.milestones
        written = await milestones.delete(info.context.actor, input.id, replace_with=input.replace_with)
        return MilestoneDeletePayload.of(written)
