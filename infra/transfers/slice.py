from domain.app import App
from domain.transfers.jobs import RunImport
from domain.transfers.placeholder_service import PlaceholderService
from domain.transfers.service import ImportService
from domain.transfers.slice import SLICE as RULES
from infra.db.first_use import Repositories, first_use
from infra.parts import Parts, SliceAdapters
from infra.shared.files import DiskFileStore
from infra.transfers.encodings import recognized
from infra.transfers.formats import FORMATS
from infra.transfers.identities import SqlIdentityStore
from infra.transfers.placeholders import SqlPlaceholderStore
from infra.transfers.reader import SqlImporterReader, SqlImportReader
from infra.transfers.repository import SqlImportReport, SqlImportRunRepository, SqlUploadRepository, SqlWorkspaceFiles
from infra.transfers.store import SqlImportStore
from infra.transfers.tables import (
    ExternalIssueRow,
    ExternalObjectRow,
    ExternalSiteRow,
    ImportedCommentRow,
    ImportedIssueRow,
    ImportLossKindRow,
    ImportLossRow,
    ImportMappingRow,
    ImportParentRow,
    ImportRunRow,
    UploadRow,
)


class TransferRepositories(Repositories):
    placeholders = first_use(SqlPlaceholderStore, with_sizes=True)
    identities = first_use(SqlIdentityStore)
    import_report = first_use(SqlImportReport)
    import_runs = first_use(SqlImportRunRepository)
    uploads = first_use(SqlUploadRepository)
    workspace_files = first_use(SqlWorkspaceFiles)
    imports = first_use(SqlImportStore, with_sizes=True)


def _provide(app: App, parts: Parts) -> None:
    app.read.imports = SqlImportReader(parts.reads)
    app.imports = ImportService(
        parts.uow,
        app.read.imports,
        SqlImporterReader(parts.reads),
        DiskFileStore(parts.settings.files),
        FORMATS,
        recognized,
        parts.ids,
        most_bytes=parts.settings.upload_bytes,
    )
    app.placeholders = PlaceholderService(parts.uow)


SLICE = SliceAdapters(
    domain=RULES,
    tables=(
        UploadRow,
        ImportRunRow,
        ImportLossRow,
        ImportLossKindRow,
        ImportMappingRow,
        ImportParentRow,
        ExternalSiteRow,
        ExternalObjectRow,
        ExternalIssueRow,
        ImportedIssueRow,
        ImportedCommentRow,
    ),
    repositories=TransferRepositories,
    provide=_provide,
    jobs={
        RunImport: lambda app, actor, job: app.imports.run(actor, job),
    },
)
