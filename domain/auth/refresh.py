"""Refresh tokens: opaque, 256 bits, stored as digests only, each good for one use."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

from domain.auth.model import SpentToken

PREFIX = "wgr_"
GRACE = timedelta(seconds=60)
_SHAPE = re.compile(r"wgr_[A-Za-z0-9_-]{43}", re.ASCII)


class RefreshTokens:
    """Makes tokens; `key` (32 bytes) binds each token to its one successor.

    Because a token's successor follows from it, whoever presents it again within the grace is handed the very
    successor that the lost answer carried: nothing branches, one token stays live, and the database never holds a
    token. Without the key a token tells nothing of the next one.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def first(self) -> str:
        return PREFIX + _text(secrets.token_bytes(32))

    def successor(self, token: str) -> str:
        return PREFIX + _text(hmac.digest(self._key, token.encode(), "sha256"))


def looks_like_refresh_token(text: str) -> bool:
    return _SHAPE.fullmatch(text) is not None


def digest_of(token: str) -> str:
    """What is stored; a plain hash, because 256 random bits cannot be guessed."""
    return _text(hashlib.sha256(token.encode()).digest())


def is_lost_answer(spent: SpentToken, *, now: datetime) -> bool:
    """Whether a spent token comes from a client that never got its successor, rather than from a thief.

    RFC 9700, 4.14.2 wants reuse to end the family; a lost answer and two tabs that refresh at once look the same.
    So a spent token still counts if it is the latest but one (its successor is unused) and was spent within the
    last minute; the same rule as Supabase Auth's (internal/tokens/service.go), which also answers with the current
    token. Older generations never count, whatever the time.
    """
    return (
        spent.session.is_alive(now)
        and spent.is_successor_unused
        and now < spent.expires_at
        and now - spent.used_at <= GRACE
    )


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
