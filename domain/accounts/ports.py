from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from domain.accounts.model import User, UserId
from domain.shared.actor import Actor
from domain.shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    user_id: UserId
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`upgraded` is a stronger hash of the same password, when the stored one is weaker than today's."""

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
        """The person with that address, whatever its letter case."""
        ...

    async def add(self, entity: User) -> None:
        """Stores a new person; raises Conflict if the address is taken."""
        ...


class PasswordRepository(Protocol):
    async def add(self, user_id: str, password_hash: str, *, now: datetime) -> None:
        """Stores a person's first password."""
        ...

    async def upgrade(self, user_id: str, before: str, after: str) -> None:
        """Replaces the hash by a stronger one of the same password, unless the password has changed meanwhile."""
        ...


class AccountUow(UnitOfWork, Protocol):
    @property
    def users(self) -> UserRepository: ...
    @property
    def passwords(self) -> PasswordRepository: ...


class CredentialReader(Protocol):
    async def credentials(self, email: str) -> Credentials | None:
        """The password hash of whoever signed up with that address, whatever its letter case."""
        ...


class AccountReader(CredentialReader, Protocol):
    async def by_ids(self, actor: Actor, ids: Sequence[str]) -> dict[str, User]:
        """Those of the people whom the actor may see, oneself included, by id."""
        ...

    async def users_by_ids(self, ids: Sequence[str]) -> dict[str, User]:
        """The people, by id, for callers who may see them."""
        ...
