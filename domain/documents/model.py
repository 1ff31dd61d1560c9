from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedDocument:
    """A GraphQL document that clients may ask for by its id, the SHA-256 of its text in hexadecimal."""

    id: str
    text: str
    added_at: datetime


def document_id(text: str) -> str:
    return sha256(text.encode()).hexdigest()
