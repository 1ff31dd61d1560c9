from infra.db.first_use import Repositories, first_use
from infra.transfers.identities import SqlIdentityStore
from infra.transfers.placeholders import SqlPlaceholderStore
from infra.transfers.repository import SqlImportReport, SqlImportRunRepository, SqlUploadRepository
from infra.transfers.store import SqlImportStore


class TransferRepositories(Repositories):
    placeholders = first_use(SqlPlaceholderStore)
    identities = first_use(SqlIdentityStore)
    import_report = first_use(SqlImportReport)
    import_runs = first_use(SqlImportRunRepository)
    uploads = first_use(SqlUploadRepository)
    imports = first_use(SqlImportStore)
