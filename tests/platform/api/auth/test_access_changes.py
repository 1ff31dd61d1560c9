"""Every change of what authentication reads is told, to this process and to all others, and no other change is."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Column, Executable, delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.sql import visitors

from domain.auth.model import EndReason
from domain.shared.actor import Role, Scope
from infra.accounts.tables import UserRow
from infra.auth.access_changes import tell_own_changes
from infra.auth.access_routines import CHANNEL
from infra.auth.reader import _BY_DIGEST, _MEMBERSHIPS, _PERSON
from infra.auth.repository import SqlApiKeyRepository, SqlSessionRepository
from infra.auth.tables import ApiKeyRow, SessionRow
from infra.db.list_sizes import ListSizes
from infra.workspaces.deletion import SqlWorkspaceContents, deletion_order
from infra.workspaces.tables import AreaGrantRow, MemberRow
from tests.factories.accounts import UserFactory
from tests.factories.auth import ApiKeyFactory, SessionFactory, store_keys
from tests.factories.moments import MADE
from tests.factories.workspaces import MemberFactory
from tests.sample.factories import ShelfFactory
from tests.sample.infra.repository import SqlBookRepository
from tests.sample.world import LibraryWorld, letting_in
from tests.servers import driver_url
from tests.stored_entities import store

LATER = datetime(2100, 2, 1, tzinfo=UTC)
UNTOLD: Mapping[str, set[str]] = {
    "account": {"id"},
    "session": {"id"},
    "api_key": {"id", "name", "hint", "created_at", "last_used_at"},
    "member": {"route"},
    "project_member": {"workspace_id"},
}
"""Columns that authentication reads without an effect on what is remembered, or that never change."""


@dataclass(frozen=True, kw_only=True)
class Ears:
    """Accounts that are told to this process and to others. `engine` commits."""

    engine: AsyncEngine
    own: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    listening: Any

    async def told_by(self, *statements: Executable) -> tuple[set[str], set[str]]:
        """Accounts that this process and others are told when the statements are committed."""
        async with self.engine.begin() as connection:
            for statement in statements:
                await connection.execute(statement)
        return await self.told()

    async def told(self) -> tuple[set[str], set[str]]:
        await self.settled()
        found = set(self.own), set(self.others)
        self.own.clear()
        self.others.clear()
        return found

    async def settled(self) -> None:
        """Waits for the notifications of what has been committed; they come with the answer to a later statement."""
        for _ in range(2):
            await self.listening.execute("SELECT 1")


@asynccontextmanager
async def open_ears(url: str) -> AsyncIterator[Ears]:
    engine = create_async_engine(url, pool_size=1)
    listening = await asyncpg.connect(driver_url(url))
    ears = Ears(engine=engine, listening=listening)
    tell_own_changes(engine, ears.own.extend)
    await listening.add_listener(CHANNEL, lambda *heard: ears.others.append(str(heard[3])))
    try:
        yield ears
    finally:
        await listening.close()
        await engine.dispose()


@pytest.fixture
async def ears(world: LibraryWorld, database: str) -> AsyncIterator[Ears]:
    async with open_ears(database) as ears:
        yield ears


def columns_read() -> set[tuple[str, str]]:
    """Table and name of each column in the statements of authentication."""
    found = set[tuple[str, str]]()
    for statement in (_PERSON, _BY_DIGEST, _MEMBERSHIPS):
        for element in visitors.iterate(statement):
            if isinstance(element, Column):
                found.add((str(element.table), element.name))
    return found


async def test_each_column_that_authentication_reads_tells_its_changes(world: LibraryWorld, ears: Ears) -> None:
    place, elsewhere, other = world.here, world.elsewhere, UserFactory()
    user, guest = place.people[Role.MEMBER], place.people[Role.GUEST]
    member, session = place.members[Role.MEMBER], place.sessions[Role.MEMBER]
    key, second = ApiKeyFactory(user_id=user.id), ShelfFactory(workspace=place.workspace)
    newcomer = MemberFactory(workspace=place.workspace, user_id=other.id, role=Role.GUEST)
    await world.store(other, second, newcomer)
    await store_keys(world.engine, key)
    async with world.engine.connect() as connection:
        of_guest = AreaGrantRow.member_id == place.members[Role.GUEST].id
        grant_id = (await connection.execute(select(AreaGrantRow.id).where(of_guest))).scalar_one()
    await ears.told()
    rows: dict[str, tuple[Any, str, str]] = {
        "account": (UserRow, user.id, user.id),
        "session": (SessionRow, session.id, user.id),
        "api_key": (ApiKeyRow, key.id, user.id),
        "member": (MemberRow, member.id, user.id),
        "project_member": (AreaGrantRow, grant_id, guest.id),
    }
    # In an order in which constraints allow each change. The values of `user_id` come last, which tell two accounts.
    values: dict[tuple[str, str], Any] = {
        ("account", "name"): "Other",
        ("account", "own_initials"): "XY",
        ("account", "time_zone"): "Europe/Berlin",
        ("account", "created_at"): LATER,
        ("account", "updated_at"): LATER,
        ("account", "deactivated_at"): LATER,
        ("account", "email"): None,
        ("account", "is_placeholder"): True,
        ("account", "is_deleted"): True,
        ("session", "ended_at"): LATER,
        ("session", "expires_at"): LATER,
        ("session", "user_id"): other.id,
        ("api_key", "digest"): "other",
        ("api_key", "scopes"): (Scope.READ,),
        ("api_key", "workspace_ids"): (place.workspace.id,),
        ("api_key", "expires_at"): LATER,
        ("api_key", "revoked_at"): LATER,
        ("api_key", "user_id"): other.id,
        ("member", "role"): Role.ADMIN,
        ("member", "id"): member.id[:-1] + ("0" if member.id[-1] != "0" else "1"),
        ("member", "workspace_id"): elsewhere.workspace.id,
        ("member", "user_id"): other.id,
        ("project_member", "project_id"): second.id,
        ("project_member", "member_id"): newcomer.id,
    }
    read = {(table, name) for table, name in columns_read() if name not in UNTOLD[table]}
    assert read <= values.keys()
    untold = []
    for (table, name), value in values.items():
        row, row_id, account = rows[table]
        column = next(key for key, each in row.__mapper__.columns.items() if each.name == name)
        own, others = await ears.told_by(update(row).where(row.id == row_id).values({column: value}))
        if name == "id":
            rows[table] = (row, value, account)
        expected = {account, other.id} if name in ("user_id", "member_id") else {account}
        if own != expected or others != expected:
            untold.append((table, name, own, others))
    assert untold == []


async def test_new_and_deleted_rows_are_told(world: LibraryWorld, ears: Ears) -> None:
    place = world.here
    owner, guest, joined = place.people[Role.OWNER], place.people[Role.GUEST], UserFactory()
    await world.store(joined)
    key = ApiKeyFactory(user_id=owner.id)
    await store_keys(world.engine, key)
    session = place.sessions[Role.OWNER]
    second = ShelfFactory(workspace=place.workspace)
    await world.store(second)
    await ears.told()

    await store(ears.engine, MemberFactory(workspace=place.workspace, user_id=joined.id, role=Role.GUEST))
    assert await ears.told() == ({joined.id}, {joined.id})
    assert await ears.told_by(letting_in(place.members[Role.GUEST], second)) == ({guest.id}, {guest.id})
    for statement, account in (
        (f"DELETE FROM shelf WHERE id = '{second.id}'", guest),  # with the guest's access to it
        (f"DELETE FROM session WHERE id = '{session.id}'", owner),
        (f"DELETE FROM api_key WHERE id = '{key.id}'", owner),
        (f"DELETE FROM member WHERE id = '{place.members[Role.GUEST].id}'", guest),  # with the access to a shelf
    ):
        async with ears.engine.begin() as connection:
            await connection.exec_driver_sql(statement)
        assert await ears.told() == ({account.id}, {account.id}), statement


async def test_a_deleted_account_is_told(world: LibraryWorld, ears: Ears) -> None:
    user = UserFactory()
    await world.store(user)
    assert await ears.told() == (set(), set())
    assert await ears.told_by(delete(UserRow).where(UserRow.id == user.id)) == ({user.id}, {user.id})


async def test_the_deletion_of_a_workspace_is_told_for_each_member(world: LibraryWorld, ears: Ears) -> None:
    async with ears.engine.begin() as connection:
        await SqlWorkspaceContents(connection, deletion_order([])).hide(world.here.workspace, now=MADE)
    people = {user.id for user in world.here.people.values()}
    assert await ears.told() == (people, people)


async def test_what_is_no_change_of_access_is_not_told(world: LibraryWorld, ears: Ears) -> None:
    place = world.here
    user, book = place.people[Role.MEMBER], place.book
    ended = SessionFactory(user_id=user.id, ended_at=MADE, end_reason=EndReason.ENDED)
    live, key = SessionFactory(user_id=user.id), ApiKeyFactory(user_id=user.id, last_used_at=None)
    revoked = ApiKeyFactory(user_id=user.id, revoked_at=MADE)
    await world.store(UserFactory(), ended, live)
    await store_keys(world.engine, key, revoked)
    async with ears.engine.begin() as connection:
        sessions = SqlSessionRepository(connection)
        await sessions.add_token(live.id, "first", expires_at=LATER)
        assert await sessions.rotate("first", "second", now=MADE, idle_end=LATER) is not None
        await SqlApiKeyRepository(connection).touch({key.id: MADE})
        await connection.execute(update(UserRow).where(UserRow.id == user.id).values(name=user.name))
        await connection.execute(update(MemberRow).where(MemberRow.user_id == user.id).values(updated_at=LATER))
        await connection.execute(delete(SessionRow).where(SessionRow.id == ended.id))
        await connection.execute(delete(ApiKeyRow).where(ApiKeyRow.id == revoked.id))
        await SqlBookRepository(connection, ListSizes()).by_id(book.id)
    for name, values in (
        ("bookUpdate", {"id": book.id, "title": "Other"}),
        ("bookCreate", {"shelfId": place.shelf.id, "title": "Other"}),
        ("tagCreate", {"workspaceId": place.workspace.id, "name": "other"}),
    ):
        assert (await world.member.mutate(name, values))["errors"] == []
    assert await ears.told() == (set(), set())


async def test_changes_that_are_rolled_back_are_not_told_to_others(world: LibraryWorld, ears: Ears) -> None:
    async with ears.engine.connect() as connection:
        await connection.execute(delete(AreaGrantRow))
        assert ears.own == []
        await connection.rollback()
    assert await ears.told() == ({world.here.people[Role.GUEST].id, world.elsewhere.people[Role.GUEST].id}, set())


async def test_own_changes_are_told_once_although_the_connection_is_lost(world: LibraryWorld, ears: Ears) -> None:
    guests = {world.here.people[Role.GUEST].id, world.elsewhere.people[Role.GUEST].id}

    async def delete_and_lose() -> None:
        async with ears.engine.begin() as connection:
            await connection.execute(delete(AreaGrantRow))
            process = (await connection.exec_driver_sql("SELECT pg_backend_pid()")).scalar_one()
            await ears.listening.fetch("SELECT pg_terminate_backend($1)", process)
            await connection.exec_driver_sql("SELECT 1")

    with pytest.raises(DBAPIError):
        await delete_and_lose()
    assert set(ears.own) == guests
    ears.own.clear()
    async with ears.engine.connect() as connection:
        await connection.exec_driver_sql("SELECT 1")
    assert ears.own == []
