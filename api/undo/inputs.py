from typing import ClassVar

import strawberry

from api.shared.enums import describe_enum
from api.shared.inputs import MutationInput
from api.shared.scalars import Revision
from domain.undo import commands
from domain.undo.commands import OnConflict

describe_enum(
    OnConflict,
    name="OnConflict",
    description="Treatment of changes that cannot be undone.",
    REFUSE="Changes nothing if any of the changes cannot be undone.",
    SKIP="Leaves out the fields and objects that are in conflict, and undoes the rest.",
)


@strawberry.input(description="Input of the `changeSetUndo` mutation.")
class ChangeSetUndoInput(MutationInput):
    describes: ClassVar[type] = commands.ChangeSetUndo

    workspace_id: strawberry.ID = strawberry.field(description="ID of the workspace.")
    change_set: Revision = strawberry.field(
        description="Change set to undo: `revision` of the payload of a mutation, or `changeSet` of an event."
    )
    on_conflict: OnConflict = strawberry.field(
        default=OnConflict.REFUSE,
        description="Treatment of changes that cannot be undone, because later changes touched the same fields, or "
        "because a rule forbids it. Default: `REFUSE`.",
    )
    dry_run: bool = strawberry.field(
        default=False,
        description="True carries out the undo and rolls it back: the payload shows what it would change and the "
        "events that it would write. Nothing is stored, and the idempotency key is not used up. A dry run is stopped "
        "after 2 seconds with `LIMIT_EXCEEDED`. With more than 1,000 events, it only counts.",
    )
