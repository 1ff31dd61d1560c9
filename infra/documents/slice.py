from infra.db.first_use import Repositories, first_use
from infra.documents.repository import SqlDocumentRepository


class DocumentRepositories(Repositories):
    documents = first_use(SqlDocumentRepository)
