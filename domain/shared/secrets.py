"""Secrets of 256 bits: as text behind a prefix that names their kind, and stored as digests only."""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256

_BYTES = 32


@dataclass(frozen=True, slots=True)
class SecretFormat:
    """How the secrets of one kind look; `prefix` is of letters and underscores."""

    prefix: str
    _shape: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_shape", re.compile(rf"{self.prefix}[A-Za-z0-9_-]{{43}}", re.ASCII))

    def random(self) -> str:
        return self.prefix + _text(secrets.token_bytes(_BYTES))

    def derived(self, key: bytes, source: str) -> str:
        """The secret that follows from the source, for whoever has the key; without it the source tells nothing."""
        return self.prefix + _text(hmac.digest(key, source.encode(), "sha256"))

    def matches(self, text: str) -> bool:
        return self._shape.fullmatch(text) is not None

    def presented_digest(self, text: str) -> str | None:
        """What to look for when somebody presents this; None for what cannot be a secret of this kind."""
        return digest_of(text) if self.matches(text) else None


def digest_of(secret: str) -> str:
    """What is stored; a plain hash, because 256 random bits cannot be guessed."""
    return _text(sha256(secret.encode()).digest())


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
