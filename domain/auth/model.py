"""Sessions, the tokens that speak for them, and the keys that sign those."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import zip_longest
from typing import ClassVar, NewType

from domain.accounts.model import UserId

SessionId = NewType("SessionId", str)
KeyId = NewType("KeyId", str)

TOKEN_PREFIX = "tok"  # noqa: S105  of the ids of access tokens


class EndReason(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "SIGNED_OUT"
    REUSED = "REUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in; `expires_at` is its absolute end, which no refresh moves."""

    prefix: ClassVar[str] = "ses"

    id: SessionId
    user_id: UserId
    client_id: str
    source: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None

    def is_alive(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentToken:
    """A refresh token that was presented again, and whether the one that replaced it is still unused."""

    session: Session
    expires_at: datetime
    used_at: datetime
    is_successor_unused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """What an access token says (RFC 9068, 2.2); times in whole seconds."""

    token_id: str
    user_id: str
    session_id: str
    client_id: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a successful grant hands over; the life of the access token in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An ES256 key pair: the public half as PEM, the private half encrypted."""

    prefix: ClassVar[str] = "key"

    id: KeyId
    public_key: str
    sealed_private_key: str = field(repr=False)
    created_at: datetime
    signs_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthOptions:
    """`issuer` names this server in its tokens, and is also their audience."""

    issuer: str
    access_life: timedelta = timedelta(minutes=10)
    idle_life: timedelta = timedelta(days=30)
    absolute_life: timedelta = timedelta(days=90)

    @property
    def audience(self) -> str:
        return self.issuer


def signing_key_at(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """The newest key that signs already; `keys` are oldest first."""
    return next((key for key in reversed(keys) if key.signs_from <= now), None)


def verifying_keys_at(keys: Sequence[SigningKey], now: datetime, life: timedelta) -> list[SigningKey]:
    """Those whose tokens, living so long, may not have expired yet; `keys` are oldest first."""
    pairs = zip_longest(keys, keys[1:])
    return [key for key, next_key in pairs if next_key is None or now < next_key.signs_from + life]
