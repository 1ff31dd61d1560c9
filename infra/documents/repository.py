from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.documents.model import TrustedDocument
from infra.documents.tables import TrustedDocumentRow


class SqlDocumentRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, documents: Sequence[TrustedDocument]) -> None:
        if documents:
            added = insert(TrustedDocumentRow).on_conflict_do_nothing()
            await self._connection.execute(added, [asdict(document) for document in documents])

    async def remove(self, ids: Sequence[str]) -> Sequence[str]:
        removed = delete(TrustedDocumentRow).where(TrustedDocumentRow.id.in_(ids)).returning(TrustedDocumentRow.id)
        return [row.id for row in await self._connection.execute(removed)]
