from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from api.accounts.types import User
from api.shared import loads
from api.shared.connections import connection, everything
from api.shared.context import Info
from api.shared.enums import describe_enum
from api.shared.errors import UserError
from api.shared.fields import batched_with_parent
from api.shared.node import Node
from api.shared.progress import Progress
from api.shared.refusals import user_errors
from api.shared.scalars import Revision
from domain.shared import batches as model
from domain.shared.batches import BatchState
from domain.shared.errors import Rejected
from domain.shared.pages import Page, PageRequest
from domain.shared.uow import Written
from domain.workspaces.model import Workspace as WorkspaceModel
from strawberry_compiled import related


class BatchKind(StrEnum):
    """Kinds of runs of the slices that a schema is built for (api/schema.py)."""


describe_enum(BatchKind, name="BatchKind", description="Kind of a batch run.")
describe_enum(
    BatchState,
    name="JobState",
    description="Status of a background job.",
    WAITING="The job has not started.",
    RUNNING="The job is running.",
    DONE="The job is complete.",
    FAILED="The job has failed. Changes of finished batches remain.",
    CANCELED="The job was canceled. Changes of finished batches remain.",
)


@strawberry.type(description="An object that a batch run left as it was, with the reasons.")
class BatchSkip:
    describes = model.BatchSkip

    index: int = strawberry.field(description="Place of the object among the objects of the run, starting at 0.")
    subject_id: strawberry.ID = strawberry.field(description="ID of the object that was skipped.")

    @batched_with_parent(
        graphql_type=list[UserError],
        description="Errors that prevented the change of the object. `conflicts` of conflicts are empty.",
    )
    async def errors(skips: Sequence[model.BatchSkip], info: Info) -> Sequence[Sequence[UserError]]:
        return [user_errors(Rejected(skip.errors)) or [] for skip in skips]


@strawberry.type(description="A change of more than 1,000 objects, made in the background in batches of 500.")
class BatchRun(Node):
    describes = model.BatchRun

    kind: model.BatchKind = strawberry.field(graphql_type=BatchKind, description="Kind of the run.")
    state: BatchState = strawberry.field(description="Status of the run.")
    progress: Progress = strawberry.field(description="Progress of the run; its items are the objects to change.")
    failure: str | None = strawberry.field(description="Reason for the failure. Null unless `state` is `FAILED`.")
    change_set: Revision = strawberry.field(
        description="`changeSet` of all events of the run: the revision of the mutation that started it."
    )
    changed_count: int = strawberry.field(description="Number of objects that the run has changed so far.")
    skipped_count: int = strawberry.field(
        description="Number of objects that the run has left as they were so far, because they could not be changed. "
        "Objects that already had the new values are neither changed nor skipped."
    )
    subject_id: strawberry.ID = strawberry.field(
        description="ID of the object that the run replaces or deletes, or of the workspace whose objects it updates."
    )
    target_id: strawberry.ID | None = strawberry.field(
        description="ID of the object that replaces it. Null if nothing replaces it."
    )
    created_at: datetime = strawberry.field(description="Time when the run was started.")
    finished_at: datetime | None = strawberry.field(
        description="Time when the run ended. Null while it is unfinished. Runs are deleted 7 days later."
    )
    started_by = related(
        "started_by_id",
        loads.users,
        graphql_type=User | None,
        description="The user who started the run. Null if an operator of the server started it.",
    )

    @connection(
        BatchSkip,
        query=everything,
        description="Objects that the run has skipped so far, in the order of the run.",
    )
    async def skipped(
        runs: Sequence[model.BatchRun], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.BatchSkip]]:
        return await info.context.app.read.batch_runs.skipped_of_runs(info.context.actor, runs, request)


def batch_run_of(noun: str, *, rows: str, work: str = "moves") -> Any:
    """Field of a payload for the run with the ID in its `batch_run_id`; `work` is what the run does with `rows`."""
    return related(
        "batch_run_id",
        loads.batch_runs,
        graphql_type=BatchRun | None,
        description=f"The run that {work} the {rows} and then deletes the {noun}, if there are more than 1,000 {rows}. "
        "Null otherwise.",
    )


def replacement_of(noun: str, load: Any, graphql_type: Any, *, rows: str) -> Any:
    """Field for the object that a batch run puts in the place of another."""
    return related(
        "replaced_by_id",
        load,
        graphql_type=graphql_type,
        description=f"The {noun} that a batch run puts in the place of this one on all of its {rows}. Null if it is "
        "not being replaced.",
    )


def deletion_of(noun: str, *, rows: str) -> Any:
    """Field for the time when a batch run began to delete an object."""
    return strawberry.field(
        description=f"Time when a batch run began to delete the {noun}, which can be neither changed nor given to "
        f"{rows} since then. Null unless it is being deleted."
    )


def deleted_id(written: Written[model.Deletion]) -> strawberry.ID | None:
    return None if written.value.id is None else strawberry.ID(written.value.id)


@strawberry.type
class WorkspaceBatchRuns:
    """The field of `Workspace` that lists its batch runs."""

    @connection(
        BatchRun,
        query=everything,
        description="Batch runs in the workspace, newest first: all runs for the roles `OWNER` and `ADMIN`, your own "
        "for others.",
    )
    async def batch_runs(
        workspaces: Sequence[WorkspaceModel], info: Info, query: None, request: PageRequest
    ) -> Sequence[Page[model.BatchRun]]:
        return await info.context.app.read.batch_runs.of_workspaces(info.context.actor, workspaces, request)
