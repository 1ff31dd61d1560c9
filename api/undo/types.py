import strawberry

from api.batches.payloads import BatchRow
from domain.undo.model import UndoneObject


@strawberry.type(description="Result of an undo for one object that the change set changed.")
class ChangeSetUndoResult(BatchRow):
    describes = UndoneObject  # type: ignore[assignment]  # a RowResult, whose entity mypy does not see

    index: int = strawberry.field(description="Position of the result, from 0, in the order of the first changes.")
    subject_id: strawberry.ID = strawberry.field(
        description="ID of the object. The object may not exist, if it was deleted or its creation was undone."
    )
