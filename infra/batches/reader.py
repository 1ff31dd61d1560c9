from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, bindparam, case, exists, func, or_, select
from sqlalchemy.types import Boolean

from domain.batches.policies import ADMINS, may_see
from domain.batches.queries import BatchRunOrder, BatchSkipOrder
from domain.shared.actor import Actor
from domain.shared.batches import BatchRun, BatchSkip, BatchState
from domain.shared.jobs import JobState
from domain.shared.pages import DEFAULT, DEFAULT_NESTED, Direction, Page, PageRequest, Sort
from domain.shared.stored_errors import read_errors
from domain.workspaces.model import Workspace
from infra.batches.tables import BatchRunRow, BatchSkipRow
from infra.db.entities import builder_of, columns_of
from infra.db.keyset import Keyset
from infra.db.parents import by_workspace, ids_of, pages_by_workspace
from infra.db.read import ReadSession
from infra.db.rows_by_ids import RowsByIds
from infra.db.visibility import in_workspace
from infra.jobs.tables import JobRow

GIVEN_UP = "The run was stopped after repeated errors, which are in the server's log. Cancel it, and start it again."

# A job that fails too often is parked and deleted later, which only the job's own row shows.
_IS_OPEN = or_(JobRow.state == JobState.WAITING, JobRow.state == JobState.RUNNING)
_IS_GIVEN_UP = and_(BatchRunRow.finished_at.is_(None), ~exists().where(JobRow.id == BatchRunRow.job_id, _IS_OPEN))
_COLUMNS = {
    "state": case((_IS_GIVEN_UP, BatchState.FAILED), else_=BatchRunRow.state).label("state"),
    "failure": func.coalesce(BatchRunRow.failure, case((_IS_GIVEN_UP, GIVEN_UP))).label("failure"),
}
_RUNS = select(*(_COLUMNS.get(each.key, each) for each in columns_of(BatchRunRow, BatchRun)))
_BY_IDS = RowsByIds(_RUNS, BatchRunRow.id, BatchRunRow.workspace_id)
_RUNS_OF = _RUNS.where(
    in_workspace(BatchRunRow.workspace_id),
    or_(bindparam("sees_all", type_=Boolean), BatchRunRow.started_by_id == bindparam("viewer_id")),
)
_KEYS = Keyset(BatchRunOrder, {BatchRunOrder.CREATED_AT: BatchRunRow.created_at}, id_column=BatchRunRow.id)
_NEWEST_FIRST = (Sort(by=BatchRunOrder.CREATED_AT, direction=Direction.DESC),)
_SKIPS = select(BatchSkipRow.index, BatchSkipRow.subject_id, BatchSkipRow.errors).where(
    in_workspace(BatchSkipRow.workspace_id)
)
_SKIP_KEYS = Keyset(BatchSkipOrder, {BatchSkipOrder.INDEX: BatchSkipRow.index}, id_column=BatchSkipRow.subject_id)
_build = builder_of(BatchRun)


class SqlBatchRunReader:
    def __init__(self, reads: ReadSession, codes: Sequence[StrEnum]) -> None:
        """`codes` are those of the refusals of all slices."""
        self._reads = reads
        self._codes = codes

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, BatchRun]:
        runs = map(_build, await _BY_IDS.fetch(self._reads, actor, ids))
        return {run.id: run for run in runs if may_see(actor, run)}

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], request: PageRequest
    ) -> Sequence[Page[BatchRun]]:
        plan = _KEYS.plan(_NEWEST_FIRST, request, default=DEFAULT, scope="batch runs", parents=ids_of(workspaces))
        pages: dict[str, Page[BatchRun]] = {}
        for workspace_id in by_workspace(workspaces):
            of_one = replace(plan, parents=[workspace_id])
            pages[workspace_id] = await of_one.page(self._reads, _RUNS_OF, _build, **_seen_in(workspace_id, actor))
        return [pages[workspace.id] for workspace in workspaces]

    async def skipped_of_runs(
        self, actor: Actor, runs: Sequence[BatchRun], request: PageRequest
    ) -> Sequence[Page[BatchSkip]]:
        sort = (Sort(by=BatchSkipOrder.INDEX),)
        plan = _SKIP_KEYS.plan(sort, request, default=DEFAULT_NESTED, scope="skipped", parents=ids_of(runs))
        return await pages_by_workspace(self._reads, plan, runs, _SKIPS, self._skip, parent=BatchSkipRow.run_id)

    def _skip(self, row: Sequence[Any]) -> BatchSkip:
        return BatchSkip(index=row[0], subject_id=row[1], errors=read_errors(row[2], self._codes))


def _seen_in(workspace_id: str, actor: Actor) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "sees_all": actor.is_system or actor.roles.get(workspace_id) in ADMINS,
        "viewer_id": actor.user_id,
    }
