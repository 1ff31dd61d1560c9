import strawberry

from api.shared.enums import describe_enum
from api.shared.inputs import MutationInput
from domain.shared.many import OnError

describe_enum(
    OnError,
    name="OnError",
    description="Treatment of a batch in which some objects cannot be changed.",
    ALL_OR_NOTHING="Changes nothing if one of the objects has an error.",
    SKIP="Leaves out the objects with errors, and changes the others.",
)


@strawberry.input(description="Input of the `batchRunCancel` mutation.")
class BatchRunCancelInput(MutationInput):
    id: strawberry.ID = strawberry.field(description="ID of the batch run.")


@strawberry.input(description="Common input of all mutations of many objects.")
class BatchInput(MutationInput):
    on_error: OnError = strawberry.field(
        default=OnError.ALL_OR_NOTHING,
        description="Treatment of the batch if some of the objects cannot be changed. Default: `ALL_OR_NOTHING`.",
    )
    dry_run: bool = strawberry.field(
        default=False,
        description="True carries out the mutation and rolls it back: the payload shows what it would change and the "
        "events that it would write. Nothing is stored, and the idempotency key is not used up. A dry run is stopped "
        "after 2 seconds with `LIMIT_EXCEEDED`.",
    )
