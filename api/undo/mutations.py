from typing import Self

import strawberry

from api.batches.payloads import BatchPayload
from api.batches.types import BatchRun
from api.shared import loads
from api.shared.context import Info
from api.shared.inputs import to_domain
from api.shared.list_sizes import at_most
from api.shared.mutations import mutation
from api.undo.inputs import ChangeSetUndoInput
from api.undo.types import ChangeSetUndoResult
from domain.shared.batches import MOST_AT_ONCE
from domain.shared.uow import Written
from domain.undo.model import UndoResult
from strawberry_compiled import related


@strawberry.type(description="Payload of the `changeSetUndo` mutation.")
class ChangeSetUndoPayload(BatchPayload):
    results: list[ChangeSetUndoResult] = strawberry.field(
        metadata=at_most(MOST_AT_ONCE),
        description=f"Result for each object that the change set changed, at most {MOST_AT_ONCE:,}. Empty if `job` "
        "undoes it.",
    )
    changed_count: int | None = strawberry.field(
        description="Number of objects that the undo changed. Null if `job` undoes the change set."
    )
    skipped_count: int | None = strawberry.field(
        description="Number of objects that are left as they are, in whole or in part. 0 unless `onConflict` is "
        "`SKIP`. Null if `job` undoes the change set."
    )
    batch_run_id: strawberry.Private[str | None] = None
    job = related(
        "batch_run_id",
        loads.batch_runs,
        graphql_type=BatchRun | None,
        description="The run that undoes the change set, if it has more than 1,000 events. Null otherwise.",
    )

    @classmethod
    def of(cls, written: Written[UndoResult]) -> Self:
        payload = super().of(written)
        payload.batch_run_id = written.value.batch_run_id
        return payload


@strawberry.type
class UndoMutations:
    @mutation(
        description="Undoes a change set: gives all fields that it changed the values that they had before, unless a "
        "later change touched them, brings deleted objects back under their IDs, and takes created objects back. The "
        "undo is a change set itself and can be undone. Requires the role that the changes required, and the role "
        "`ADMIN` or higher for changes of other users or older than 30 days."
    )
    async def change_set_undo(self, info: Info, input: ChangeSetUndoInput) -> ChangeSetUndoPayload:
        return ChangeSetUndoPayload.of(await info.context.app.undo.undo(info.context.actor, to_domain(input)))
