"""Lookup of trusted documents by ID ("GraphQL over HTTP", appendix A, Persisted Documents)."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from graphql import GraphQLError

from api.graphql.documents import DocumentRefused
from domain.shared.actor import Actor

FRESH_SECONDS = 10.0  # how long a process may keep running a removed document
MOST_KNOWN = 1_000
ID_PREFIX = "sha256:"
PERSISTED_QUERY_NOT_SUPPORTED = "PersistedQueryNotSupported"
"""Error message on which the persisted query links of Apollo Client and urql send query texts from then on."""
_ID = re.compile(ID_PREFIX + "[0-9a-f]{64}")


class DocumentReference(Protocol):
    """Reference to a document: its text, its ID, or the hash that persisted query links send."""

    @property
    def query(self) -> str | None: ...
    @property
    def document_id(self) -> str | None: ...
    @property
    def persisted_hash(self) -> str | None: ...


class DocumentTexts(Protocol):
    async def text(self, actor: Actor, document_id: str) -> str | None:
        """Text of the document; None for an unknown ID."""
        ...


class TrustedDocuments:
    """Finds the text of requested documents. A text is looked up again after FRESH_SECONDS."""

    def __init__(
        self, texts: DocumentTexts, *, are_trusted_only: bool, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._texts = texts
        self._are_trusted_only = are_trusted_only
        self._monotonic = monotonic
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def text(self, asked: DocumentReference, actor: Actor) -> str:
        """Text of the requested document. Raises DocumentRefused."""
        if asked.document_id is not None:
            return await self._by_id(asked.document_id, actor)
        if asked.query is None:
            return await self._by_hash(asked.persisted_hash or "", actor)
        if self._are_trusted_only:
            message = "This server runs only trusted documents. Send the `documentId` of one."
            raise _refused("DOCUMENT_NOT_TRUSTED", message)
        return asked.query

    async def _by_hash(self, persisted_hash: str, actor: Actor) -> str:
        try:
            return await self._by_id(ID_PREFIX + persisted_hash, actor)
        except DocumentRefused as refused:
            if self._are_trusted_only:
                raise  # PERSISTED_QUERY_NOT_SUPPORTED would make the client send the text, which is refused here
            raise _refused("PERSISTED_QUERY_NOT_SUPPORTED", PERSISTED_QUERY_NOT_SUPPORTED) from refused

    async def _by_id(self, document_id: str, actor: Actor) -> str:
        known = self._known.get(document_id)
        now = self._monotonic()
        if known is not None and now < known[1]:
            return known[0]
        text = None
        if _ID.fullmatch(document_id):
            text = await self._texts.text(actor, document_id.removeprefix(ID_PREFIX))
        if text is None:
            self._known.pop(document_id, None)
            raise _refused("DOCUMENT_UNKNOWN", "No trusted document has this `documentId`.")
        self._known[document_id] = (text, now + FRESH_SECONDS)
        self._known.move_to_end(document_id)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return text


def _refused(code: str, message: str) -> DocumentRefused:
    return DocumentRefused([GraphQLError(message, extensions={"code": code})])
