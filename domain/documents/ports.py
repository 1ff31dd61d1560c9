from collections.abc import Sequence
from typing import Protocol

from domain.documents.model import TrustedDocument
from domain.shared.uow import UnitOfWork


class DocumentStore(Protocol):
    async def add(self, documents: Sequence[TrustedDocument]) -> None:
        """Stores the documents; existing ones stay unchanged."""
        ...

    async def remove(self, ids: Sequence[str]) -> Sequence[str]:
        """Deletes the documents and returns the ids of those that existed."""
        ...


class DocumentUow(UnitOfWork, Protocol):
    @property
    def documents(self) -> DocumentStore: ...


class DocumentReader(Protocol):
    async def text(self, document_id: str) -> str | None:
        """The document's text, None if there is no such document."""
        ...

    async def all(self) -> Sequence[TrustedDocument]:
        """Every document, by its id."""
        ...
