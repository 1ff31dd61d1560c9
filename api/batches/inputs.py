import strawberry

from api.shared.inputs import MutationInput


@strawberry.input(description="Input of the `batchRunCancel` mutation.")
class BatchRunCancelInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the batch run.")
