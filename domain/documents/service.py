"""Documents that the operator trusts; only the server itself changes them."""

from collections.abc import Sequence

from domain.documents.model import TrustedDocument, document_id
from domain.documents.ports import DocumentReader, DocumentUow
from domain.shared.actor import Actor
from domain.shared.errors import NotFound, PermissionDenied
from domain.shared.uow import OpenUow, Written


class DocumentService:
    def __init__(self, uow: OpenUow[DocumentUow], reader: DocumentReader) -> None:
        self._uow = uow
        self._reader = reader

    async def text(self, actor: Actor, document_id: str) -> str | None:
        """The text of the document with this id, or None; requires a signed-in actor."""
        _ = actor.signed_in_id
        return await self._reader.text(document_id)

    async def all(self, actor: Actor) -> Sequence[TrustedDocument]:
        _require_operator(actor)
        return await self._reader.all()

    async def add(self, actor: Actor, texts: Sequence[str]) -> Written[Sequence[str]]:
        """Trusts the documents and returns their ids, in order; texts must have been checked against the schema."""
        _require_operator(actor)
        async with self._uow(actor) as uow:
            documents = {
                document.id: document
                for document in (TrustedDocument(id=document_id(text), text=text, added_at=uow.now) for text in texts)
            }
            await uow.documents.add(tuple(documents.values()))
            return await uow.commit(tuple(documents))

    async def remove(self, actor: Actor, ids: Sequence[str]) -> Written[Sequence[str]]:
        """Removes trusted documents. Raises NotFound, and removes none, if one of them does not exist."""
        _require_operator(actor)
        async with self._uow(actor) as uow:
            found = await uow.documents.remove(ids)
            missing = sorted(set(ids) - set(found))
            if missing:
                raise NotFound(f"Document {missing[0]} does not exist.")
            return await uow.commit(tuple(found))


def _require_operator(actor: Actor) -> None:
    if not actor.is_system:
        raise PermissionDenied("Only the server operator can manage trusted documents.")
