from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.accounts.model import User, normal_email
from domain.shared.checks import is_storable
from infra.accounts.tables import PasswordRow, UserRow
from infra.db.repository import SqlRepository


class SqlUserRepository(SqlRepository[User]):
    table = UserRow
    entity = User
    conflicts: ClassVar[Mapping[str, tuple[str, str]]] = {
        "uq_account_email": ("email", "Somebody has signed up with this address already.")
    }

    async def by_email(self, email: str) -> User | None:
        if not is_storable(email):
            return None
        found = await self.where(UserRow.email == normal_email(email))
        return found[0] if found else None


class SqlPasswordRepository:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, user_id: str, password_hash: str, *, now: datetime) -> None:
        values = {"user_id": user_id, "hash": password_hash, "changed_at": now}
        await self._connection.execute(insert(PasswordRow).values(values))

    async def upgrade(self, user_id: str, before: str, after: str) -> None:
        same = (PasswordRow.user_id == user_id) & (PasswordRow.hash == before)
        await self._connection.execute(update(PasswordRow).where(same).values(hash=after))
