from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.accounts.model import SignedIn, User
from domain.accounts.one_time import OneTimeLinkRepository
from domain.accounts.ports import PasswordRepository, UserRepository
from domain.auth.model import AccessClaims, ApiKey, EndReason, LiveToken, Session, SigningKey, SpentToken
from domain.shared.actor import Role
from domain.shared.pages import Page, PageRequest
from domain.shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user with the role in each workspace and, for guest roles, the visible areas.

    `has_more` says that there are more than MOST_LOADED memberships, of which these are some. `ends_at` is the end of
    the session by which the user was found; None for API keys.
    """

    account: User
    roles: Mapping[str, Role]
    areas: Mapping[str, frozenset[str]]
    has_more: bool = False
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A user's role in a workspace, and the visible areas if it is that of a guest."""

    workspace_id: str
    role: Role
    area_ids: frozenset[str]


class MembershipReader(Protocol):
    async def memberships(self, user_id: str, routes: Collection[int]) -> Sequence[Membership]:
        """The user's memberships in workspaces with one of the routes."""
        ...


class TokenSigner(Protocol):
    def key_id(self, token: str) -> str:
        """The id of the signing key named by the token; raises InvalidToken for a malformed token."""
        ...

    def issue(self, claims: AccessClaims, key: SigningKey) -> str:
        """An access token; raises Unavailable if the private key cannot be decrypted."""
        ...

    def verify(self, token: str, key: SigningKey) -> AccessClaims:
        """The verified claims; raises InvalidToken for a foreign, altered, expired or future token."""
        ...


class KeyMaker(Protocol):
    def new(self, *, created_at: datetime, signs_from: datetime) -> SigningKey:
        """A fresh key pair."""
        ...

    def public_jwk(self, key: SigningKey) -> Mapping[str, str]:
        """The public key as a JWK (RFC 7517)."""
        ...


class KeyReader(Protocol):
    async def signing_keys(self) -> Sequence[SigningKey]:
        """All keys, oldest first."""
        ...


class SessionReader(KeyReader, MembershipReader, Protocol):
    async def person(self, session_id: str, user_id: str, *, now: datetime) -> Person | None:
        """The session's user with roles; None if the session has ended or belongs to another user."""
        ...

    async def refresh_token(self, digest: str, *, now: datetime) -> LiveToken | None:
        """A refresh token that a refresh would accept, without its grace; None for any other."""
        ...

    async def of_user(
        self, user_id: str, request: PageRequest, *, now: datetime, used_after: datetime
    ) -> Page[Session]:
        """The user's active sessions that were used after the time, newest first."""
        ...

    async def has_signed_in_from(self, email: str, source: str) -> bool:
        """Whether the user has signed in from the source before."""
        ...


class SessionRepository(Protocol):
    async def add(self, entity: Session) -> None:
        """Stores a new session."""
        ...

    async def by_id(self, entity_id: str, *, for_update: bool = False) -> Session | None:
        """The session with the ID; None if there is none."""
        ...

    async def end(self, session_id: str, reason: EndReason, *, now: datetime) -> None:
        """Ends the session, unless it has ended already."""
        ...

    async def end_all(
        self, user_id: str, reason: EndReason, *, now: datetime, except_session: str | None = None
    ) -> Sequence[str]:
        """Ends the user's active sessions, all or all but one, and returns them."""
        ...

    async def remove_all(self, user_id: str) -> None:
        """Deletes the person's sessions, with their refresh tokens."""
        ...

    async def add_token(self, session_id: str, digest: str, *, expires_at: datetime) -> None:
        """Stores the first refresh token of a session."""
        ...

    async def rotate(self, digest: str, successor: str, *, now: datetime, idle_end: datetime) -> Session | None:
        """Spends a live token, stores its successor and notes the use, in one statement; None if it was not live.

        Deletes all but the last SPENT_TOKENS_KEPT spent tokens of the session.
        The successor lives until `idle_end`, or until the session's absolute end if that comes first.
        """
        ...

    async def spent_token(self, family: str, digest: str, successor: str) -> SpentToken | None:
        """A token of that family that is not unused, its session locked; None for an unknown or unused one."""
        ...

    async def of_family(self, family: str) -> Session | None:
        """The session whose refresh tokens have that family."""
        ...


class SigningKeyRepository(Protocol):
    async def all_locked(self) -> Sequence[SigningKey]:
        """All keys, oldest first, locked against additions and removals until the transaction ends."""
        ...

    async def add(self, entity: SigningKey) -> None:
        """Stores a new key."""
        ...

    async def remove(self, entity: SigningKey) -> None:
        """Deletes a key."""
        ...


class AuthUow(UnitOfWork, Protocol):
    @property
    def sessions(self) -> SessionRepository: ...
    @property
    def signing_keys(self) -> SigningKeyRepository: ...
    @property
    def users(self) -> UserRepository: ...
    @property
    def links(self) -> OneTimeLinkRepository: ...
    @property
    def passwords(self) -> PasswordRepository: ...
    @property
    def api_keys(self) -> "ApiKeyRepository": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """A valid API key and its user."""

    api_key: ApiKey
    person: Person


class ApiKeyReader(MembershipReader, Protocol):
    async def holder(self, digest: str, *, now: datetime) -> KeyHolder | None:
        """The user of the key with that digest; None if the key is unknown, revoked or expired."""
        ...

    async def holder_by_id(self, key_id: str, *, now: datetime) -> KeyHolder | None:
        """The user of the key with that id; None if the key is unknown, revoked or expired."""
        ...

    async def of_user(self, user_id: str) -> Sequence[ApiKey]:
        """The person's keys that are not revoked, newest first."""
        ...


class ApiKeyRepository(Protocol):
    async def count_locked(self, user_id: str) -> int:
        """The number of the user's unrevoked keys, locked against additions until the transaction ends."""
        ...

    async def remove_all(self, user_id: str) -> None:
        """Deletes the person's keys."""
        ...

    async def add_key(self, key: ApiKey, digest: str) -> None:
        """Stores a new key under the digest of its secret."""
        ...

    async def by_id(self, entity_id: str, *, for_update: bool = False) -> ApiKey | None:
        """The key, locked if it is to be changed."""
        ...

    async def by_digest(self, digest: str) -> ApiKey | None:
        """The key with that digest, revoked or not, locked."""
        ...

    async def save(self, before: ApiKey, after: ApiKey) -> None:
        """Writes the fields that differ."""
        ...


class KeyUses(Protocol):
    def note(self, key_id: str, *, at: datetime) -> None:
        """Records the use soon, without waiting; one record per minute and key."""
        ...


class Keep(Protocol):
    def __call__(self, digest: str, actor: SignedIn) -> None:
        """Remembers the actor, unless the access of its account has changed since it was read, or may have."""
        ...


class ActorMemory(Protocol):
    def recall(self, digest: str) -> SignedIn | None:
        """The actor that was remembered under the digest of its token at most a few seconds ago."""
        ...

    def discard(self, digest: str) -> None:
        """Forgets the actor of a token that has turned out to be invalid."""
        ...

    def reading(self) -> AbstractContextManager[Keep]:
        """Function that remembers an actor that the block reads."""
        ...


class ApiKeyUow(UnitOfWork, Protocol):
    @property
    def api_keys(self) -> ApiKeyRepository: ...
