import strawberry

from api.batches.payloads import BatchPayload, BatchRow, id_of_row, object_of_row
from api.batches.types import batch_run_of, deleted_id
from api.labels.inputs import LabelBatchCreateInput, LabelCreateInput, LabelDeleteInput, LabelUpdateInput
from api.labels.types import Label
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.list_sizes import OF_ROWS, at_most, batch_rows
from api.shared.mutations import Payload, mutation, revision_of
from domain.shared.batches import MOST_AT_ONCE


@strawberry.type(description="Payload of the `labelCreate` mutation.")
class LabelCreatePayload(Payload):
    label: Label | None = strawberry.field(description="The new label. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `labelUpdate` mutation.")
class LabelUpdatePayload(Payload):
    label: Label | None = strawberry.field(description="The updated label. Null if `errors` is not empty.")


@strawberry.type(description="Payload of the `labelDelete` mutation.")
class LabelDeletePayload(Payload):
    deleted_label_id: strawberry.ID | None = strawberry.field(
        description="ID of the deleted label. Null if `errors` is not empty, and if `batchRun` deletes it."
    )
    detached_count: int | None = strawberry.field(
        description="Number of issues that the label was removed from. Null if `errors` is not empty, and if "
        "`batchRun` deletes the label."
    )
    batch_run_id: strawberry.Private[str | None] = None
    batch_run = batch_run_of("label", rows="issues", work="changes")


@strawberry.type(description="Result of one label of a batch.")
class LabelBatchResult(BatchRow):
    label_id = id_of_row("ID of the new label. Null if it was not created.")
    label = object_of_row(Label, "The new label. Null if it was not created.")


@strawberry.type(description="Payload of the `labelBatchCreate` mutation.")
class LabelBatchPayload(BatchPayload):
    results: list[LabelBatchResult] = strawberry.field(
        metadata=at_most(MOST_AT_ONCE, counted_by=OF_ROWS),
        description="Result of each label, in the order of the input, at most 1,000.",
    )


@strawberry.type
class LabelMutations:
    @mutation(description="Creates a label in a workspace. Requires the role `MEMBER` or higher.")
    async def label_create(self, info: Info, input: LabelCreateInput) -> LabelCreatePayload:
        labels = info.context.app.labels
        return LabelCreatePayload.of(await labels.create(info.context.actor, input.workspace_id, to_domain(input)))

    @mutation(
        description=f"Creates up to {MOST_AT_ONCE:,} labels in a workspace, each as `labelCreate` creates it. "
        "Requires the role `MEMBER` or higher.",
        metadata=batch_rows("labels"),
    )
    async def label_batch_create(self, info: Info, input: LabelBatchCreateInput) -> LabelBatchPayload:
        labels = info.context.app.labels
        return LabelBatchPayload.of(await labels.create_all(info.context.actor, to_domain(input)))

    @mutation(description="Updates a label. Requires the role `MEMBER` or higher.")
    async def label_update(self, info: Info, input: LabelUpdateInput) -> LabelUpdatePayload:
        labels = info.context.app.labels
        return LabelUpdatePayload.of(await labels.update(info.context.actor, input.id, to_domain(input)))

    @mutation(
        description="Deletes a label permanently. Its issues get the label given in `replaceWith`; without one, the "
        "label is removed from them. Requires the role `MEMBER` or higher."
    )
    async def label_delete(self, info: Info, input: LabelDeleteInput) -> LabelDeletePayload:
        labels = info.context.app.labels
        written = await labels.delete(info.context.actor, input.id, replace_with=input.replace_with)
        return LabelDeletePayload(
            deleted_label_id=deleted_id(written),
            detached_count=written.value.detached_count,
            batch_run_id=written.value.batch_run_id,
            revision=revision_of(written),
        )
