from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, String, exists, func, insert, literal, select, update
from sqlalchemy.orm import InstrumentedAttribute

from domain.shared.batches import BATCH_SIZE, BatchKind, BatchRun, BatchSkip
from domain.shared.stored_errors import stored_errors
from infra.batches.tables import BatchRowsRow, BatchRunRow, BatchSkipRow
from infra.db.repository import SqlTenantRepository
from infra.db.write_connection import Connection

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})


class SqlBatchRunRepository(SqlTenantRepository[BatchRun]):
    table = BatchRunRow
    entity = BatchRun

    async def rows(self, run: BatchRun) -> Sequence[str]:
        batch = select(BatchRowsRow.ids).where(
            BatchRowsRow.workspace_id == run.workspace_id,
            BatchRowsRow.run_id == run.id,
            BatchRowsRow.position == run.position,
        )
        return (await self._connection.execute(batch)).scalar_one_or_none() or ()

    async def options(self, run: BatchRun) -> Mapping[str, Any]:
        stored = select(BatchRunRow.options).where(*_is(run))
        return (await self._connection.execute(stored)).scalar_one() or {}

    async def save(self, before: BatchRun, after: BatchRun) -> None:
        await super().save(before, after)
        if after.is_over and not before.is_over:
            # They can have texts of users, which nothing needs any more.
            await self._connection.execute(update(BatchRunRow).where(*_is(after)).values(options=None))

    async def add_skips(self, run: BatchRun, skips: Sequence[BatchSkip]) -> None:
        of_run = {"workspace_id": run.workspace_id, "run_id": run.id}
        rows = [
            {**of_run, "index": skip.index, "subject_id": skip.subject_id, "errors": stored_errors(skip.errors)}
            for skip in skips
        ]
        if rows:
            await self._connection.execute(insert(BatchSkipRow), rows)

    async def unfinished(self, workspace_id: str, kind: BatchKind) -> int:
        runs = select(func.count()).where(
            BatchRunRow.workspace_id == workspace_id, BatchRunRow.kind == kind, BatchRunRow.finished_at.is_(None)
        )
        return int((await self._connection.execute(runs)).scalar_one())

    async def have_subject(self, workspace_id: str, subject_id: str) -> bool:
        return await self._exist(workspace_id, BatchRunRow.subject_id == subject_id)

    async def have_target(self, workspace_id: str, target_id: str) -> bool:
        return await self._exist(workspace_id, BatchRunRow.target_id == target_id)

    async def _exist(self, workspace_id: str, condition: ColumnElement[bool]) -> bool:
        is_unfinished = (BatchRunRow.workspace_id == workspace_id) & BatchRunRow.finished_at.is_(None)
        found = select(exists().where(is_unfinished, condition))
        return bool((await self._connection.execute(found)).scalar_one())


def _is(run: BatchRun) -> tuple[ColumnElement[bool], ...]:
    return (BatchRunRow.workspace_id == run.workspace_id, BatchRunRow.id == run.id)


async def fix_rows(
    connection: Connection,
    run: BatchRun,
    row_id: InstrumentedAttribute[str] | ColumnElement[str],
    condition: ColumnElement[bool],
    *,
    is_newest_first: bool = False,
    after: Sequence[ColumnElement[Any]] = (),
    params: Mapping[str, Any] = NO_PARAMS,
) -> int:
    """Stores the IDs of all rows that meet the condition, as the next batches of the run; returns their number.

    The rows are in the order of `after` and then of their IDs; `params` are those of the condition.
    """
    # The number of rows may be too large for the time limit of a request's statements.
    await connection.execute(select(func.set_config("statement_timeout", "0", True)))
    order = (*after, row_id.desc() if is_newest_first else row_id.asc())
    return await store_rows(connection, run, row_id, condition, order=order, params=params)


async def store_rows(
    connection: Connection,
    run: BatchRun,
    row_id: InstrumentedAttribute[str] | ColumnElement[str],
    condition: ColumnElement[bool],
    *,
    order: Sequence[ColumnElement[Any]],
    params: Mapping[str, Any] = NO_PARAMS,
) -> int:
    """Stores rows as `fix_rows` does, within the time limit of statements; `params` are those of the condition."""
    numbered = select(row_id.label("id"), func.row_number().over(order_by=order).label("number")).where(condition)
    rows = numbered.subquery("numbered")
    batch: Any = (rows.c.number - 1) // BATCH_SIZE + run.position
    batches = select(
        literal(run.workspace_id, String),
        literal(run.id, String),
        batch.label("position"),
        func.array_agg(rows.c.id),
    ).group_by(batch)
    names = ["workspace_id", "run_id", "position", "ids"]
    stored = insert(BatchRowsRow).from_select(names, batches).returning(func.cardinality(BatchRowsRow.ids))
    return sum(await connection.scalars(stored, params))
