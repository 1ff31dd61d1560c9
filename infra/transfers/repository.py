from collections.abc import Sequence

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.shared.errors import NotFound
from domain.shared.jobs import JobState
from domain.transfers.model import ImportFormat, ImportLoss, ImportMapping, ImportRun, ImportState, Upload
from domain.transfers.records import LossCode
from infra.db.repository import SqlRepository, SqlTenantRepository
from infra.db.visibility import GuestRule
from infra.jobs.tables import JobRow
from infra.transfers.tables import ImportLossKindRow, ImportLossRow, ImportMappingRow, ImportRunRow, UploadRow

MOST_LOSSES = 10_000  # rows kept of each kind

_LOSS_COLUMNS = ("id", "line", "key", "field", "code", "reason", "count")


class SqlImportRunRepository(SqlTenantRepository[ImportRun]):
    table = ImportRunRow
    entity = ImportRun
    guests = GuestRule.nothing(ImportRunRow.workspace_id)

    async def unfinished(
        self, workspace_id: str, format: ImportFormat, digest: str, project_key: str | None
    ) -> ImportRun | None:
        same = (
            (ImportRunRow.workspace_id == workspace_id)
            & (ImportRunRow.format == format)
            & (ImportRunRow.file_digest == digest)
            & ImportRunRow.project_key.is_not_distinct_from(project_key)
            & ImportRunRow.state.in_((ImportState.WAITING, ImportState.RUNNING))
        )
        found = await self.where(same, for_update=True)
        return found[-1] if found else None

    async def has_open_job(self, run: ImportRun) -> bool:
        is_open = JobRow.state.in_((JobState.WAITING, JobState.RUNNING))
        found = await self._connection.execute(select(exists().where(JobRow.id == run.job_id, is_open)))
        return bool(found.scalar_one())


class SqlUploadRepository(SqlRepository[Upload]):
    table = UploadRow
    entity = Upload

    async def owned(self, owner_id: str, upload_id: str) -> Upload:
        upload = await self.by_id(upload_id)
        if upload is None or upload.owner_id != owner_id:
            raise NotFound("You have not uploaded such a file.", path=("file_id",))
        return upload

    async def forget(self, upload_id: str) -> None:
        await self._connection.execute(delete(UploadRow).where(UploadRow.id == upload_id))


class SqlImportReport:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, run_id: str, losses: Sequence[ImportLoss], mappings: Sequence[ImportMapping]) -> None:
        if losses:
            await self._add_losses(run_id, losses)
        if mappings:
            rows = [
                {"id": each.id, "run_id": run_id, "kind": each.kind, "source": each.source, "target": each.target}
                | {"count": each.count}
                for each in mappings
            ]
            counted = upsert(ImportMappingRow)
            key = [ImportMappingRow.run_id, ImportMappingRow.kind, ImportMappingRow.source, ImportMappingRow.target]
            await self._connection.execute(
                counted.on_conflict_do_update(
                    index_elements=key, set_={"count": ImportMappingRow.count + counted.excluded.count}
                ),
                rows,
            )

    async def _add_losses(self, run_id: str, losses: Sequence[ImportLoss]) -> None:
        kinds: dict[tuple[str, LossCode], list[ImportLoss]] = {}
        for loss in losses:
            kinds.setdefault((loss.field, loss.code), []).append(loss)
        counted = upsert(ImportLossKindRow).values(
            [
                {
                    "run_id": run_id,
                    "field": field,
                    "code": code,
                    "places": len(of_kind),
                    "count": sum(loss.count for loss in of_kind),
                    "first_line": of_kind[0].line,
                    "first_reason": of_kind[0].reason,
                }
                for (field, code), of_kind in kinds.items()
            ]
        )
        summed = counted.on_conflict_do_update(
            index_elements=[ImportLossKindRow.run_id, ImportLossKindRow.field, ImportLossKindRow.code],
            set_={
                "places": ImportLossKindRow.places + counted.excluded.places,
                "count": ImportLossKindRow.count + counted.excluded.count,
            },
        ).returning(ImportLossKindRow.field, ImportLossKindRow.code, ImportLossKindRow.places)
        kept: list[ImportLoss] = []
        for field, code, places in await self._connection.execute(summed):
            of_kind = kinds[field, code]
            kept += of_kind[: max(MOST_LOSSES - (places - len(of_kind)), 0)]
        rows = [{name: getattr(loss, name) for name in _LOSS_COLUMNS} | {"run_id": run_id} for loss in kept]
        if rows:
            await self._connection.execute(insert(ImportLossRow), rows)
