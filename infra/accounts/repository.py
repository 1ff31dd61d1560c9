from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from domain.accounts.model import User
from domain.accounts.one_time import LinkPurpose, OneTimeLink
from domain.shared.addresses import normal_address
from domain.shared.checks import is_storable
from infra.accounts.tables import OneTimeLinkRow, PasswordRow, UserRow
from infra.db.arrays import among_values
from infra.db.entities import builder_of, columns_of
from infra.db.repository import SqlRepository
from infra.db.write_connection import Connection


class SqlUserRepository(SqlRepository[User]):
    table = UserRow
    entity = User
    conflicts: ClassVar[Mapping[str, tuple[str, str]]] = {
        "uq_account_email": ("email", "An account with this email address already exists.")
    }

    async def by_email(self, email: str) -> User | None:
        if not is_storable(email):
            return None
        found = await self.where(UserRow.email == normal_address(email))
        return found[0] if found else None

    async def active_by_email(self, email: str) -> User | None:
        active = UserRow.deactivated_at.is_(None) & UserRow.is_placeholder.is_(False)
        found = await self.where((UserRow.email == email) & active, for_update=True)
        return found[0] if found else None

    async def deactivate(self, user_id: str, *, now: datetime) -> None:
        active = (UserRow.id == user_id) & UserRow.deactivated_at.is_(None)
        await self._connection.execute(update(UserRow).where(active).values(deactivated_at=now))

    async def reactivate(self, user_id: str) -> bool:
        resting = (UserRow.id == user_id) & UserRow.deactivated_at.is_not(None)
        result = await self._connection.execute(update(UserRow).where(resting).values(deactivated_at=None))
        return bool(result.rowcount == 1)


class SqlPasswordRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, user_id: str, password_hash: str, *, now: datetime) -> None:
        values = {"user_id": user_id, "hash": password_hash, "changed_at": now}
        await self._connection.execute(insert(PasswordRow).values(values))

    async def replace(self, user_id: str, password_hash: str, *, now: datetime) -> None:
        values = {"hash": password_hash, "changed_at": now}
        statement = upsert(PasswordRow).values(user_id=user_id, **values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=[PasswordRow.user_id], set_=values)
        )

    async def remove(self, user_id: str) -> None:
        await self._connection.execute(delete(PasswordRow).where(PasswordRow.user_id == user_id))

    async def upgrade(self, user_id: str, before: str, after: str) -> None:
        same = (PasswordRow.user_id == user_id) & (PasswordRow.hash == before)
        await self._connection.execute(update(PasswordRow).where(same).values(hash=after))


class SqlOneTimeLinkRepository(SqlRepository[OneTimeLink]):
    table = OneTimeLinkRow
    entity = OneTimeLink

    async def issue(self, link: OneTimeLink) -> None:
        values = {field.name: getattr(link, field.name) for field in fields(OneTimeLink)}
        await self._connection.execute(
            upsert(OneTimeLinkRow)
            .values(values)
            .on_conflict_do_update(index_elements=[OneTimeLinkRow.purpose, OneTimeLinkRow.subject], set_=values)
        )

    async def good(self, digest: str, purpose: LinkPurpose, *, now: datetime) -> OneTimeLink | None:
        found = select(*columns_of(OneTimeLinkRow, OneTimeLink)).where(_is_good(digest, purpose, now))
        row = (await self._connection.execute(found)).first()
        return None if row is None else _build_link(row)

    async def use(self, digest: str, purpose: LinkPurpose, *, now: datetime) -> OneTimeLink | None:
        # One statement, so that of concurrent attempts only the first finds and deletes the row.
        good = _is_good(digest, purpose, now)
        taken = delete(OneTimeLinkRow).where(good).returning(*columns_of(OneTimeLinkRow, OneTimeLink))
        row = (await self._connection.execute(taken)).first()
        return None if row is None else _build_link(row)

    async def withdraw(self, *subjects: str) -> None:
        await self._connection.execute(delete(OneTimeLinkRow).where(among_values(OneTimeLinkRow.subject, subjects)))


_build_link = builder_of(OneTimeLink)


def _is_good(digest: str, purpose: LinkPurpose, now: datetime) -> ColumnElement[bool]:
    return (OneTimeLinkRow.digest == digest) & (OneTimeLinkRow.purpose == purpose) & (OneTimeLinkRow.expires_at > now)
