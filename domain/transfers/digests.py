"""Telling whether a file says anything new."""

from datetime import date, datetime
from hashlib import blake2b

_ABSENT = "\x00"


def digest_of_texts(*texts: str | None) -> str:
    """128 bits that differ whenever any of the texts does, and where one is absent instead of empty."""
    digest = blake2b(digest_size=16)
    for text in texts:
        content = (_ABSENT if text is None else text).encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8))
        digest.update(content)
    return digest.hexdigest()


def iso_text(moment: datetime | date | None) -> str | None:
    return None if moment is None else moment.isoformat()
