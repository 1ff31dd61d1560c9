from domain.app import App
from domain.documents.service import DocumentService
from domain.documents.slice import SLICE as RULES
from infra.db.first_use import Repositories, first_use
from infra.documents.reader import SqlDocumentReader
from infra.documents.repository import SqlDocumentRepository
from infra.documents.tables import TrustedDocumentRow
from infra.parts import Parts, SliceAdapters


class DocumentRepositories(Repositories):
    documents = first_use(SqlDocumentRepository)


def _provide(app: App, parts: Parts) -> None:
    app.documents = DocumentService(parts.uow, SqlDocumentReader(parts.reads))


SLICE = SliceAdapters(
    domain=RULES,
    tables=(TrustedDocumentRow,),
    repositories=DocumentRepositories,
    provide=_provide,
)
