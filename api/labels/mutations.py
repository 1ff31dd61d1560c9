import strawberry

from api.labels.inputs import LabelCreateInput, LabelDeleteInput, LabelUpdateInput
from api.labels.types import Label
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.mutations import Payload, mutation, revision_of


@strawberry.type(description="The answer to labelCreate.")
class LabelCreatePayload(Payload):
    label: Label | None = strawberry.field(description="The new label.")


@strawberry.type(description="The answer to labelUpdate.")
class LabelUpdatePayload(Payload):
    label: Label | None = strawberry.field(description="The label as it is now.")


@strawberry.type(description="The answer to labelDelete.")
class LabelDeletePayload(Payload):
    deleted_label_id: strawberry.ID | None = strawberry.field(description="The id of the label that is gone.")
    detached_count: int | None = strawberry.field(description="Number of issues that had the label.")


@strawberry.type
class LabelMutations:
    @mutation(description="Adds a label to a workspace.")
    async def label_create(self, info: Info, input: LabelCreateInput) -> LabelCreatePayload:
        return LabelCreatePayload.of(await info.context.app.labels.create(info.context.actor, to_domain(input)))

    @mutation(description="Changes a label.")
    async def label_update(self, info: Info, input: LabelUpdateInput) -> LabelUpdatePayload:
        labels = info.context.app.labels
        return LabelUpdatePayload.of(await labels.update(info.context.actor, input.id, to_domain(input)))

    @mutation(description="Deletes a label and takes it off every issue.")
    async def label_delete(self, info: Info, input: LabelDeleteInput) -> LabelDeletePayload:
        written = await info.context.app.labels.delete(info.context.actor, input.id)
        return LabelDeletePayload(
            deleted_label_id=strawberry.ID(written.value.id),
            detached_count=written.value.detached_count,
            revision=revision_of(written),
        )
