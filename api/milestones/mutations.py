import strawberry

from api.batches.types import batch_run_of, deleted_id
from api.milestones.inputs import MilestoneCreateInput, MilestoneDeleteInput, MilestoneUpdateInput
from api.milestones.types import Milestone
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation, revision_of


@strawberry.type(description="Payload of the `milestoneCreate` mutation.")
class MilestoneCreatePayload(Payload):
    milestone: Milestone | None = strawberry.field(description="The new milestone. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `milestoneUpdate` mutation.")
class MilestoneUpdatePayload(Payload):
    milestone: Milestone | None = strawberry.field(description="The updated milestone. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `milestoneDelete` mutation.")
class MilestoneDeletePayload(Payload):
    deleted_milestone_id: strawberry.ID | None = strawberry.field(
        description="ID of the deleted milestone. Null if `errors` is not empty, and if `batchRun` deletes it."
    )
    batch_run_id: strawberry.Private[str | None] = None
    batch_run = batch_run_of("milestone", rows="issues")


@strawberry.type
class MilestoneMutations:
    @mutation(description="Creates a milestone in a project. Requires the role `MEMBER` or higher.")
    async def milestone_create(self, info: Info, input: MilestoneCreateInput) -> MilestoneCreatePayload:
        milestones = info.context.app.milestones
        return MilestoneCreatePayload.of(await milestones.create(info.context.actor, to_domain(input)))

    @mutation(description="Updates the name or due date of a milestone. Requires the role `MEMBER` or higher.")
    async def milestone_update(self, info: Info, input: MilestoneUpdateInput) -> MilestoneUpdatePayload:
        milestones = info.context.app.milestones
        return MilestoneUpdatePayload.of(await milestones.update(info.context.actor, input.id, to_domain(input)))

    @mutation(
        description="Deletes a milestone permanently; its issues move to the milestone given in `replaceWith`. "
        "Requires the role `MEMBER` or higher."
    )
    async def milestone_delete(self, info: Info, input: MilestoneDeleteInput) -> MilestoneDeletePayload:
        milestones = info.context.app.milestones
        written = await milestones.delete(info.context.actor, input.id, replace_with=input.replace_with)
        return MilestoneDeletePayload(
            deleted_milestone_id=deleted_id(written),
            batch_run_id=written.value.batch_run_id,
            revision=revision_of(written),
        )
