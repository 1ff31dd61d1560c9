from domain.app import App
from domain.batches.jobs import RunBatch
from domain.batches.service import BatchService
from domain.batches.slice import SLICE as RULES
from domain.shared.slices import batch_works_of, error_codes_of
from infra.batches.reader import SqlBatchRunReader
from infra.batches.repository import SqlBatchRunRepository
from infra.batches.tables import BatchRowsRow, BatchRunRow, BatchSkipRow
from infra.db.first_use import Repositories, first_use
from infra.db.job_runs import JobRuns
from infra.parts import Parts, SliceAdapters


class BatchRepositories(Repositories):
    batch_runs = first_use(SqlBatchRunRepository)


def _provide(app: App, parts: Parts) -> None:
    app.read.batch_runs = SqlBatchRunReader(parts.reads, error_codes_of(parts.slices))
    app.batches = BatchService(parts.uow, batch_works_of(parts.slices))


SLICE = SliceAdapters(
    domain=RULES,
    tables=(
        BatchRunRow,
        BatchRowsRow,
        BatchSkipRow,
    ),
    job_runs=(JobRuns(change_set=BatchRunRow.change_set, ended=BatchRunRow.finished_at),),
    repositories=BatchRepositories,
    provide=_provide,
    jobs={
        RunBatch: lambda app, actor, job: app.batches.run(actor, job),
    },
)
