from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.accounts.model import User, UserId
from domain.accounts.one_time import OneTimeLinkRepository
from domain.shared.actor import Actor
from domain.shared.projections import Projection
from domain.shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    user_id: UserId
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Result of a password check. `upgraded` is a stronger hash if the stored one uses weaker parameters."""

    is_right: bool
    upgraded: str | None = field(default=None, repr=False)


class PasswordHasher(Protocol):
    async def hash(self, password: str) -> str:
        """A salted hash; NFC and NFD of one password are the same; raises ValueError for what is no password."""
        ...

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Whether the password is the stored one; without a stored hash it is wrong, after the same time."""
        ...


class UserRepository(Protocol):
    async def by_email(self, email: str) -> User | None:
        """The user with that address, compared without regard to case."""
        ...

    async def by_id(self, entity_id: str, *, for_update: bool = False) -> User | None:
        """The user with the ID; None if there is none."""
        ...

    async def active_by_email(self, email: str) -> User | None:
        """The active user with the address, locked until the end of the transaction."""
        ...

    async def deactivate(self, user_id: str, *, now: datetime) -> None:
        """Stops the user from signing in."""
        ...

    async def reactivate(self, user_id: str) -> bool:
        """Lets the person sign in again; False if nothing prevented it."""
        ...

    async def save(self, before: User, after: User) -> None:
        """Writes the fields that differ; raises Conflict if the address is taken."""
        ...

    async def add(self, entity: User) -> None:
        """Stores a new person; raises Conflict if the address is taken."""
        ...


class PasswordRepository(Protocol):
    async def add(self, user_id: str, password_hash: str, *, now: datetime) -> None:
        """Stores the hash of a user's first password."""
        ...

    async def remove(self, user_id: str) -> None:
        """Deletes the user's password, so that sign-in with a password fails."""
        ...

    async def replace(self, user_id: str, password_hash: str, *, now: datetime) -> None:
        """Replaces the user's password hash."""
        ...

    async def upgrade(self, user_id: str, before: str, after: str) -> None:
        """Replaces the hash by a stronger one of the same password, unless the password has changed meanwhile."""
        ...


class AccountUow(UnitOfWork, Protocol):
    @property
    def users(self) -> UserRepository: ...
    @property
    def links(self) -> OneTimeLinkRepository: ...
    @property
    def passwords(self) -> PasswordRepository: ...


class CredentialReader(Protocol):
    async def credentials_of(self, user_id: str) -> Credentials | None:
        """The password hash of that person, unless the account is deactivated."""
        ...

    async def credentials(self, email: str) -> Credentials | None:
        """The password hash of the active account with that address, compared without regard to case."""
        ...


class UserReader(Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, User]:
        """The users that the actor may see, including the actor, by id."""
        ...

    async def named_by_ids(
        self, actor: Actor, ids: Sequence[UserId], projection: Projection = None
    ) -> Mapping[UserId, User]:
        """Users named in entities that the actor may see, by id, without a further check.

        Former members are still named as creators, so memberships do not matter here.
        """
        ...
