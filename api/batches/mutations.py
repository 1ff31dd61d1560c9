import strawberry

from api.batches.inputs import BatchRunCancelInput
from api.batches.types import BatchRun
from api.shared.context import Info
from api.shared.mutations import Payload, mutation


@strawberry.type(description="Payload of the `batchRunCancel` mutation.")
class BatchRunCancelPayload(Payload):
    batch_run: BatchRun | None = strawberry.field(description="The canceled run. Null if `errors` is not empty.")


@strawberry.type
class BatchMutations:
    @mutation(
        description="Cancels a batch run before its next batch. Objects that it has changed stay changed. Requires "
        "the role `ADMIN` or higher, unless you started the run."
    )
    async def batch_run_cancel(self, info: Info, input: BatchRunCancelInput) -> BatchRunCancelPayload:
        return BatchRunCancelPayload.of(await info.context.app.batches.cancel(info.context.actor, input.id))
