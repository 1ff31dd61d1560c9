from collections.abc import Sequence

from sqlalchemy import bindparam, select

from domain.documents.model import TrustedDocument
from infra.db.entities import builder_of, columns_of
from infra.db.read import ReadSession
from infra.documents.tables import TrustedDocumentRow

_TEXT = select(TrustedDocumentRow.text).where(TrustedDocumentRow.id == bindparam("document_id"))
_ALL = select(*columns_of(TrustedDocumentRow, TrustedDocument)).order_by(TrustedDocumentRow.id)


class SqlDocumentReader:
    def __init__(self, reads: ReadSession) -> None:
        self._reads = reads
        self._build = builder_of(TrustedDocument)

    async def text(self, document_id: str) -> str | None:
        rows = await self._reads.fetch(_TEXT, document_id=document_id)
        return rows[0][0] if rows else None

    async def all(self) -> Sequence[TrustedDocument]:
        return [self._build(row) for row in await self._reads.fetch(_ALL)]
