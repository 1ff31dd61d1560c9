"""Sessions, the tokens that speak for them, and the keys that sign those."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import zip_longest
from typing import ClassVar, NewType

from domain.accounts.model import UserId
from domain.auth.commands import ApiKeyDraft
from domain.shared.actor import Grant, Scope, with_held
from domain.shared.checks import Checks
from domain.shared.entities import from_draft
from domain.shared.errors import ErrorCode
from domain.shared.uow import Outcome

SessionId = NewType("SessionId", str)
KeyId = NewType("KeyId", str)
ApiKeyId = NewType("ApiKeyId", str)

MOST_API_KEYS = 50  # of one person, revoked ones not counted
MOST_KEY_WORKSPACES = 50
WORKSPACE_PREFIX = "wsp"  # of the ids that a later slice gives
KEY_DAYS = 90
MOST_KEY_DAYS = 365

TOKEN_PREFIX = "tok"  # noqa: S105  of the ids of access tokens


class EndReason(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "SIGNED_OUT"
    ENDED = "ENDED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105  a name
    DEACTIVATED = "DEACTIVATED"
    REUSED = "REUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A sign-in of a user; `expires_at` is its absolute end, which token rotation does not move.

    `last_used_at` is when a token was last fetched for it, so late by at most the life of an access token.
    `token_family` is the digest of what its refresh tokens have in common.
    """

    prefix: ClassVar[str] = "ses"

    id: SessionId
    user_id: UserId
    client_id: str
    source: str
    device: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    token_family: str = field(repr=False)
    ended_at: datetime | None = None
    end_reason: EndReason | None = None

    @property
    def address(self) -> str:
        """The network address of the sign-in; the /64 network for IPv6."""
        return self.source

    def is_alive(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentToken:
    """A refresh token that was presented again, and whether the one that replaced it is still unused.

    The times are None for an old token that is no longer stored.
    """

    session: Session
    expires_at: datetime | None
    used_at: datetime | None
    is_successor_unused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """Claims of an access token (RFC 9068, 2.2); times in whole seconds."""

    token_id: str
    user_id: str
    session_id: str
    client_id: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """Introspection result for a valid token; access tokens have an id and an issue time (RFC 7662, 2.2)."""

    user_id: str
    client_id: str
    expires_at: datetime
    issued_at: datetime | None = None
    token_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of a successful grant, with the lifetime of the access token in seconds."""

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
class ApiKey:
    """A credential that lets a program act for a user; `hint` is the end of the key.

    `workspace_ids` limits the key to these workspaces, None allows all; without `expires_at` it lasts until revoked.
    """

    prefix: ClassVar[str] = "apk"

    id: ApiKeyId
    user_id: UserId
    name: str
    scopes: tuple[Scope, ...]
    workspace_ids: tuple[str, ...] | None
    hint: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    @classmethod
    def drafted(cls, draft: ApiKeyDraft, *, id: ApiKeyId, user_id: UserId, hint: str, now: datetime) -> "ApiKey":
        """Raises Rejected naming every broken rule."""
        days = KEY_DAYS if draft.expires_in_days is None else draft.expires_in_days
        with Checks() as check:
            name = check.line("name", draft.name, longest=80)
            check.between("expires_in_days", days, 1, MOST_KEY_DAYS)
            if draft.never_expires and draft.expires_in_days is not None:
                check.fail("never_expires", "{field} must be false if {other} is given.", other="expires_in_days")
            if not draft.scopes:
                check.fail("scopes", "{field} must contain at least one scope.", ErrorCode.REQUIRED)
            if draft.workspace_ids is not None and not draft.workspace_ids:
                check.fail(
                    "workspace_ids",
                    "{field} must not be empty. Omit it to allow all of your workspaces.",
                    ErrorCode.REQUIRED,
                )
            check.count("workspace_ids", len(draft.workspace_ids or ()), most=MOST_KEY_WORKSPACES)
        return from_draft(
            cls,
            draft,
            id=id,
            user_id=user_id,
            name=name,
            scopes=tuple(scope for scope in Scope if scope in draft.scopes),
            workspace_ids=None if draft.workspace_ids is None else tuple(sorted(set(draft.workspace_ids))),
            hint=hint,
            created_at=now,
            expires_at=None if draft.never_expires else now + timedelta(days=days),
        )

    @property
    def grant(self) -> Grant:
        return Grant(key_id=self.id, scopes=with_held(self.scopes), is_confined=self.workspace_ids is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A new key with its secret, which is shown only once."""

    api_key: ApiKey
    key: str = field(repr=False)

    @property
    def id(self) -> ApiKeyId:
        """Id by which a retry loads the key; only a digest of the secret is stored."""
        return self.api_key.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Outcome):
    """Number of sessions ended by one request."""

    ended_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthOptions:
    """`issuer` names this server in its tokens, and is also their audience."""

    issuer: str
    access_life: timedelta
    idle_life: timedelta
    absolute_life: timedelta

    @property
    def audience(self) -> str:
        return self.issuer


def signing_key_at(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """The newest key that signs already; `keys` are oldest first."""
    return next((key for key in reversed(keys) if key.signs_from <= now), None)


def verifying_keys_at(keys: Sequence[SigningKey], now: datetime, life: timedelta) -> list[SigningKey]:
    """The keys that can still verify unexpired tokens of that lifetime; `keys` are oldest first."""
    pairs = zip_longest(keys, keys[1:])
    return [key for key, next_key in pairs if next_key is None or now < next_key.signs_from + life]
