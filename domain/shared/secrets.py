"""Secrets of 256 bits: as text behind a prefix that names their kind, and stored as digests only."""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

_BYTES = 32
_CHARACTERS = 43  # of that many bytes as text


@dataclass(frozen=True, slots=True)
class SecretFormat:
    """Format of one kind of secret: the prefix, of letters and underscores, and parts of 256 bits each."""

    prefix: str
    parts: int = 1
    _shape: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "_shape", re.compile(rf"{self.prefix}[A-Za-z0-9_-]{{{_CHARACTERS * self.parts}}}", re.ASCII)
        )

    def random(self) -> str:
        return self.prefix + "".join(_text(secrets.token_bytes(_BYTES)) for _ in range(self.parts))

    def derived(self, key: bytes, source: str) -> str:
        """The secret of one part derived from the source with the key; without the key the source reveals nothing."""
        return self.prefix + _text(hmac.digest(key, source.encode(), "sha256"))

    def first_part(self, text: str) -> str:
        """The first part of a secret of this format, with the prefix."""
        return text[: len(self.prefix) + _CHARACTERS]

    def matches(self, text: str) -> bool:
        return self._shape.fullmatch(text) is not None

    def presented_digest(self, text: str) -> str | None:
        """The digest to look up for a presented secret; None if the format is wrong."""
        return digest_of(text) if self.matches(text) else None


def digest_of(secret: str) -> str:
    """The stored digest; a plain hash, because 256 random bits cannot be guessed."""
    return _text(sha256(secret.encode()).digest())


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
