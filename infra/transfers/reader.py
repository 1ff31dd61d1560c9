from collections.abc import Sequence

from sqlalchemy import and_, case, exists, func, or_, select

from domain.shared.actor import Actor, Role
from domain.shared.addresses import normal_address
from domain.shared.jobs import JobState
from domain.shared.pages import DEFAULT, DEFAULT_NESTED, Direction, Page, PageRequest, Sort
from domain.transfers.model import ImportLoss, ImportMapping, ImportRun, ImportState, LossKind
from domain.transfers.queries import MOST_KINDS, LossOrder, MappingOrder, RunOrder
from domain.transfers.records import LossCode
from domain.workspaces.model import Workspace
from infra.accounts.tables import UserRow
from infra.db.entities import builder_of, columns_of
from infra.db.keyset import Keyset
from infra.db.parents import ids_by_workspace, ids_of, pages_by_workspace
from infra.db.read import ReadSession
from infra.db.reader import among_ids
from infra.db.rows_by_ids import RowsByIds
from infra.db.visibility import GuestRule, in_workspace
from infra.jobs.tables import JobRow
from infra.transfers.tables import ImportLossKindRow, ImportLossRow, ImportMappingRow, ImportRunRow
from infra.workspaces.tables import MemberRow

GIVEN_UP = (
    "The import was stopped after repeated errors, which are in the server's log. Start the import again to continue."
)

# A job that fails too often is parked, which only the job's own row shows until it is deleted.
_IS_PARKED = and_(
    or_(ImportRunRow.state == ImportState.WAITING, ImportRunRow.state == ImportState.RUNNING),
    ~exists().where(JobRow.id == ImportRunRow.job_id, JobRow.state != JobState.PARKED),
)
_STATE = case((_IS_PARKED, ImportState.FAILED), else_=ImportRunRow.state).label("state")
_FAILURE = func.coalesce(ImportRunRow.failure, case((_IS_PARKED, GIVEN_UP))).label("failure")
_COLUMNS = {"state": _STATE, "failure": _FAILURE}
_RUNS = select(*(_COLUMNS.get(each.key, each) for each in columns_of(ImportRunRow, ImportRun)))
# Imports are hidden from guests, because they name people and projects of the whole workspace.
_OF_GUESTS = GuestRule.nothing(ImportRunRow.workspace_id)
_BY_IDS = RowsByIds(_RUNS, ImportRunRow.id, ImportRunRow.workspace_id, _OF_GUESTS)
_RUNS_OF = _RUNS.where(in_workspace(ImportRunRow.workspace_id))
_LOSSES = select(*columns_of(ImportLossRow, ImportLoss)).where(in_workspace(ImportLossRow.workspace_id))
_MAPPINGS = select(*columns_of(ImportMappingRow, ImportMapping)).where(in_workspace(ImportMappingRow.workspace_id))
_KIND_ORDER = (
    ImportLossKindRow.code == LossCode.UNUSED,
    ImportLossKindRow.places.desc(),
    ImportLossKindRow.field,
    ImportLossKindRow.code,
)
_RANK = func.row_number().over(partition_by=ImportLossKindRow.run_id, order_by=_KIND_ORDER).label("rank")
_RANKED_KINDS = (
    select(ImportLossKindRow.run_id, *columns_of(ImportLossKindRow, LossKind), _RANK)
    .where(in_workspace(ImportLossKindRow.workspace_id), among_ids(ImportLossKindRow.run_id))
    .subquery()
)
_LOSS_KINDS = (
    select(*(column for column in _RANKED_KINDS.c if column.key != "rank"))
    .where(_RANKED_KINDS.c.rank <= MOST_KINDS)
    .order_by(_RANKED_KINDS.c.rank)
)
_RUN_KEYS = Keyset(RunOrder, {RunOrder.CREATED_AT: ImportRunRow.created_at}, id_column=ImportRunRow.id)
_LOSS_KEYS = Keyset(LossOrder, {LossOrder.LINE: ImportLossRow.line}, id_column=ImportLossRow.id)
_MAPPING_KEYS = Keyset(
    MappingOrder,
    {MappingOrder.KIND: ImportMappingRow.kind, MappingOrder.SOURCE: ImportMappingRow.source},
    id_column=ImportMappingRow.id,
)
_MEMBER_IDS = (
    select(MemberRow.user_id)
    .join(UserRow, UserRow.id == MemberRow.user_id)
    .order_by(MemberRow.created_at, MemberRow.id)
    .limit(1)
)
_build_run = builder_of(ImportRun)
_build_loss = builder_of(ImportLoss)
_build_kind = builder_of(LossKind, start=1)
_build_mapping = builder_of(ImportMapping)


class SqlImportReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, ImportRun]:
        return {row[0]: _build_run(row) for row in await _BY_IDS.fetch(self._reads, actor, ids)}

    async def of_workspaces(
        self, actor: Actor, workspaces: Sequence[Workspace], request: PageRequest
    ) -> Sequence[Page[ImportRun]]:
        sort = (Sort(by=RunOrder.CREATED_AT, direction=Direction.DESC),)
        plan = _RUN_KEYS.plan(sort, request, default=DEFAULT, scope="imports", parents=ids_of(workspaces))
        await actor.reach_workspaces(ids_of(workspaces))
        seen = [workspace for workspace in workspaces if not actor.is_guest_in(workspace.id)]
        pages = await pages_by_workspace(
            self._reads, plan, seen, _RUNS_OF, _build_run, parent=ImportRunRow.workspace_id
        )
        found = dict(zip(ids_of(seen), pages, strict=True))
        return [found.get(workspace.id) or Page.empty(request) for workspace in workspaces]

    async def losses_of_runs(
        self, actor: Actor, runs: Sequence[ImportRun], request: PageRequest
    ) -> Sequence[Page[ImportLoss]]:
        sort = (Sort(by=LossOrder.LINE),)
        plan = _LOSS_KEYS.plan(sort, request, default=DEFAULT_NESTED, scope="losses", parents=ids_of(runs))
        return await pages_by_workspace(self._reads, plan, runs, _LOSSES, _build_loss, parent=ImportLossRow.run_id)

    async def loss_kinds_of_runs(self, actor: Actor, runs: Sequence[ImportRun]) -> Sequence[Sequence[LossKind]]:
        found: dict[str, list[LossKind]] = {run.id: [] for run in runs}
        for workspace_id, ids in ids_by_workspace(runs, ids_of(runs)).items():
            for row in await self._reads.fetch(_LOSS_KINDS, workspace_id=workspace_id, ids=ids):
                found[row[0]].append(_build_kind(row))
        return [found[run.id] for run in runs]

    async def mappings_of_runs(
        self, actor: Actor, runs: Sequence[ImportRun], request: PageRequest
    ) -> Sequence[Page[ImportMapping]]:
        sort = (Sort(by=MappingOrder.KIND), Sort(by=MappingOrder.SOURCE))
        plan = _MAPPING_KEYS.plan(sort, request, default=DEFAULT_NESTED, scope="mappings", parents=ids_of(runs))
        return await pages_by_workspace(
            self._reads, plan, runs, _MAPPINGS, _build_mapping, parent=ImportMappingRow.run_id
        )


class SqlImporterReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads

    async def importer_id(self, workspace_id: str, email: str | None) -> str | None:
        wanted = MemberRow.role == Role.OWNER if email is None else UserRow.email == normal_address(email)
        statement = _MEMBER_IDS.where(MemberRow.workspace_id == workspace_id, wanted)
        rows = await self._reads.fetch(statement)
        return str(rows[0][0]) if rows else None
