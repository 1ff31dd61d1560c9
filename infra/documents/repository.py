from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from domain.documents.model import TrustedDocument
from infra.db.arrays import among_values
from infra.db.write_connection import Connection
from infra.documents.tables import TrustedDocumentRow


class SqlDocumentRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, documents: Sequence[TrustedDocument]) -> None:
        if documents:
            added = insert(TrustedDocumentRow).on_conflict_do_nothing()
            await self._connection.execute(added, [asdict(document) for document in documents])

    async def remove(self, ids: Sequence[str]) -> Sequence[str]:
        removed = delete(TrustedDocumentRow).where(among_values(TrustedDocumentRow.id, ids))
        return list(await self._connection.scalars(removed.returning(TrustedDocumentRow.id)))
