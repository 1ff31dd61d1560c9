"""Refresh tokens: opaque, stored as digests only, each valid for one use."""

from datetime import datetime, timedelta

from domain.auth.model import SpentToken
from domain.shared.secrets import SecretFormat, digest_of

FORMAT = SecretFormat("wgr_", parts=2)  # the family, which all tokens of a session share, and the token's own secret
_OWN_PART = SecretFormat("")
GRACE = timedelta(seconds=60)


class RefreshTokens:
    """Makes tokens; `key` (32 bytes) binds each token to its one successor.

    Because a token's successor is derived from it, a client that repeats a token within the grace period gets the very
    successor that the lost answer carried: nothing branches, one token stays live, and the database never holds a
    token. Without the key a token reveals nothing about its successor.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def first(self) -> str:
        return FORMAT.random()

    def successor(self, token: str) -> str:
        return FORMAT.first_part(token) + _OWN_PART.derived(self._key, token)


def family_digest(token: str) -> str:
    """Digest of the part that all refresh tokens of a session share.

    The database keeps few spent tokens of a session. The family still tells an older one from an invented one: a thief
    who has rotated a stolen token many times is found out when its owner presents it (RFC 9700, 4.14.2).
    """
    return digest_of(FORMAT.first_part(token))


def looks_like_refresh_token(text: str) -> bool:
    return FORMAT.matches(text)


def is_lost_answer(spent: SpentToken, *, now: datetime) -> bool:
    """Whether a spent token comes from a client that never got its successor, rather than from a thief.

    RFC 9700, 4.14.2 wants reuse to end the family; a lost answer and two tabs that refresh at once look the same.
    So a spent token still counts if it is the latest but one (its successor is unused) and was spent within the
    last minute; the same rule as Supabase Auth's (internal/tokens/service.go), which also answers with the current
    token. Older tokens are never accepted.
    """
    return (
        spent.session.is_alive(now)
        and spent.is_successor_unused
        and spent.expires_at is not None
        and now < spent.expires_at
        and spent.used_at is not None
        and now - spent.used_at <= GRACE
    )
