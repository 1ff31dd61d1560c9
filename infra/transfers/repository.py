from collections.abc import Sequence

from sqlalchemy import delete, exists, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.shared.errors import NotFound
from domain.shared.jobs import JobState
from domain.transfers.commands import ImportDraft
from domain.transfers.model import ImportLoss, ImportMapping, ImportRun, ImportState, LossKind, Upload
from domain.transfers.records import LossCode
from infra.db.bulk import row_insert
from infra.db.repository import SqlRepository, SqlTenantRepository
from infra.db.visibility import GuestRule
from infra.db.write_connection import Connection
from infra.jobs.tables import JobRow
from infra.transfers.tables import ImportLossKindRow, ImportLossRow, ImportMappingRow, ImportRunRow, UploadRow

MOST_LOSSES = 10_000  # stored rows of each kind of loss

_KIND_COLUMNS = ("field", "code", "places", "count", "first_line", "first_reason")
_counted = row_insert(ImportLossKindRow, ("workspace_id", "run_id", *_KIND_COLUMNS))
_SUM_KINDS = _counted.on_conflict_do_update(
    index_elements=["workspace_id", "run_id", "field", "code"],
    set_={
        "places": ImportLossKindRow.places + _counted.excluded.places,
        "count": ImportLossKindRow.count + _counted.excluded.count,
    },
).returning(ImportLossKindRow.field, ImportLossKindRow.code, ImportLossKindRow.places)
_MAPPING_COLUMNS = ("id", "kind", "source", "target", "count")
_LOSS_COLUMNS = ("id", "line", "key", "field", "code", "reason", "count")


class SqlImportRunRepository(SqlTenantRepository[ImportRun]):
    table = ImportRunRow
    entity = ImportRun
    guests = GuestRule.nothing(ImportRunRow.workspace_id)

    async def unfinished(self, draft: ImportDraft, digest: str) -> ImportRun | None:
        same = (
            (ImportRunRow.workspace_id == draft.workspace_id)
            & (ImportRunRow.format == draft.format)
            & (ImportRunRow.file_digest == digest)
            & ImportRunRow.project_key.is_not_distinct_from(draft.project_key)
            & ImportRunRow.site.is_not_distinct_from(draft.site)
            & (ImportRunRow.include_restricted == draft.include_restricted)
            & or_(ImportRunRow.state == ImportState.WAITING, ImportRunRow.state == ImportState.RUNNING)
        )
        found = await self.where(same, for_update=True)
        return found[-1] if found else None

    async def has_open_job(self, run: ImportRun) -> bool:
        is_open = or_(JobRow.state == JobState.WAITING, JobRow.state == JobState.RUNNING)
        found = await self._connection.execute(select(exists().where(JobRow.id == run.job_id, is_open)))
        return bool(found.scalar_one())


class SqlUploadRepository(SqlRepository[Upload]):
    table = UploadRow
    entity = Upload

    async def owned(self, owner_id: str, upload_id: str) -> Upload:
        upload = await self.by_id(upload_id)
        if upload is None or upload.owner_id != owner_id:
            raise NotFound(
                "This file does not exist or was uploaded by another user. Upload it first.", path=("file_id",)
            )
        return upload

    async def forget(self, upload_id: str) -> None:
        await self._connection.execute(delete(UploadRow).where(UploadRow.id == upload_id))


class SqlWorkspaceFiles:
    """The files of a workspace, which are those of its imports."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def forget(self, workspace_id: str) -> Sequence[str]:
        named = select(ImportRunRow.upload_id).where(ImportRunRow.workspace_id == workspace_id)
        file_ids = list(await self._connection.scalars(named))
        await self._connection.execute(delete(UploadRow).where(UploadRow.id.in_(named)))
        return file_ids


class SqlImportReport:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        run: ImportRun,
        losses: Sequence[ImportLoss],
        mappings: Sequence[ImportMapping],
        unused: Sequence[LossKind] = (),
    ) -> None:
        if losses or unused:
            await self._add_losses(run, losses, unused)
        if mappings:
            rows = [{name: getattr(each, name) for name in _MAPPING_COLUMNS} | _key_of(run) for each in mappings]
            counted = upsert(ImportMappingRow)
            await self._connection.execute(
                counted.on_conflict_do_update(
                    index_elements=["workspace_id", "run_id", "kind", "source", "target"],
                    set_={"count": ImportMappingRow.count + counted.excluded.count},
                ),
                rows,
            )

    async def _add_losses(self, run: ImportRun, losses: Sequence[ImportLoss], unused: Sequence[LossKind]) -> None:
        kinds: dict[tuple[str, LossCode], list[ImportLoss]] = {}
        for loss in losses:
            kinds.setdefault((loss.field, loss.code), []).append(loss)
        found = [*unused, *(_kind_of(of_kind) for of_kind in kinds.values())]
        values = {f"all_{name}": [getattr(kind, name) for kind in found] for name in _KIND_COLUMNS}
        values |= {f"all_{name}": [value] * len(found) for name, value in _key_of(run).items()}
        kept: list[ImportLoss] = []
        for field, code, places in await self._connection.execute(_SUM_KINDS, values):
            of_kind = kinds.get((field, code), [])
            kept += of_kind[: max(MOST_LOSSES - (places - len(of_kind)), 0)]
        rows = [{name: getattr(loss, name) for name in _LOSS_COLUMNS} | _key_of(run) for loss in kept]
        if rows:
            await self._connection.execute(insert(ImportLossRow), rows)


def _key_of(run: ImportRun) -> dict[str, str]:
    return {"workspace_id": run.workspace_id, "run_id": run.id}


def _kind_of(losses: Sequence[ImportLoss]) -> LossKind:
    """Common values of several losses of one field for one reason."""
    first = losses[0]
    return LossKind(
        field=first.field,
        code=first.code,
        places=len(losses),
        count=sum(loss.count for loss in losses),
        first_line=first.line,
        first_reason=first.reason,
    )
