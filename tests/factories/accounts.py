from datetime import UTC, datetime

import factory
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.accounts.commands import Registration
from domain.accounts.model import User
from infra.accounts.repository import SqlPasswordRepository, SqlUserRepository
from infra.shared.clock import SystemClock
from infra.shared.ids import Uuid7IdFactory

IDS = Uuid7IdFactory(SystemClock())
PASSWORD = "correct horse battery staple"
# With the least cost, so that a check takes no time.
PASSWORD_HASH = "$argon2id$v=19$m=8,t=1,p=1$ydlba00J4dy7l1IKIURojQ$dDg4ma4fhce58yQzGi+Y7lSIwuFZyhKm+7BpFGQUfKo"


class UserFactory(factory.Factory):
    class Meta:
        model = User

    id = factory.LazyFunction(lambda: IDS.new(User.prefix))
    name = factory.Sequence(lambda number: f"Person {number}")
    email = factory.LazyAttributeSequence(
        lambda user, number: None if user.is_placeholder else f"person{number}@example.org"
    )
    is_placeholder = False
    created_at = factory.LazyFunction(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    updated_at = factory.SelfAttribute("created_at")


class RegistrationFactory(factory.Factory):
    class Meta:
        model = Registration

    name = factory.Sequence(lambda number: f"Person {number}")
    email = factory.Sequence(lambda number: f"newcomer{number}@example.org")
    password = PASSWORD


async def persisted_user(engine: AsyncEngine, user: User, *, password_hash: str | None = None) -> User:
    """Stores a person, with a password when its hash is given."""
    async with engine.begin() as connection:
        await SqlUserRepository(connection).add(user)
        if password_hash is not None:
            await SqlPasswordRepository(connection).add(user.id, password_hash, now=user.created_at)
    return user
