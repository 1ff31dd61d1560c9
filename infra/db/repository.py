"""The write side of one table: reads entities for changes, and writes only changed columns."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import asyncpg
from sqlalchemy import ColumnElement, Delete, Insert, Select, Table, Update, bindparam, delete, insert, select, update

from domain.shared.actor import Actor
from domain.shared.entities import differences, names_of, values_of
from domain.shared.errors import Conflict, ErrorCode, NotFound
from domain.shared.ids import check_id, is_id
from domain.shared.repositories import Found, noun_of
from infra.db.arrays import among, among_values
from infra.db.base import Base
from infra.db.bulk import row_updates
from infra.db.entities import Build, builder_of, columns_of
from infra.db.list_sizes import ListSizes
from infra.db.rows_by_ids import places_to_write
from infra.db.visibility import GuestRule, guest_visibility_in, in_workspace
from infra.db.write_connection import Connection


class Entity(Protocol):
    prefix: ClassVar[str]

    @property
    def id(self) -> str: ...


class WorkspaceEntity(Entity, Protocol):
    @property
    def workspace_id(self) -> str: ...


E = TypeVar("E", bound=Entity)
W = TypeVar("W", bound=WorkspaceEntity)


@dataclass(frozen=True, slots=True)
class RowMapping:
    """Selection of one table's rows, and their conversion to entities."""

    select: Select[Any]
    build: Build

    @classmethod
    def of(cls, table: type[Base], entity: type[Any]) -> "RowMapping":
        return cls(select(*columns_of(table, entity)), builder_of(entity))


class SqlRepository(Generic[E]):
    """Repository of a table; `conflicts` maps constraints to the field and message of their error."""

    table: ClassVar[type[Base]]
    entity: ClassVar[type[Any]]
    conflicts: ClassVar[Mapping[str, tuple[str, str]]] = {}

    _rows: ClassVar["RowMapping"]
    _key: ClassVar[Mapping[str, str]]  # column of the key -> parameter of `_update` and `_delete`
    _one: ClassVar[Mapping[bool, Select[Any]]]  # by (for update)
    _insert: ClassVar[Insert]
    _update: ClassVar[Update]
    _delete: ClassVar[Delete]

    def __init_subclass__(cls) -> None:
        if "table" in cls.__dict__:
            cls._rows = RowMapping.of(cls.table, cls.entity)
            table = cls.table.__table__
            assert isinstance(table, Table)
            cls._key = {name: f"key_{name}" for name in ("workspace_id", "id") if name in table.c}
            row = [table.c[name] == bindparam(parameter) for name, parameter in cls._key.items()]
            cls._one = {
                for_update: cls.selection(table.c.id == bindparam("one"), for_update=for_update)
                for for_update in (False, True)
            }
            cls._insert = insert(cls.table)
            cls._update = update(table).where(*row)
            cls._delete = delete(table).where(*row)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def by_id(self, entity_id: str, *, for_update: bool = False) -> E | None:
        row = (await self._connection.execute(self._one[for_update], {"one": entity_id})).first()
        return None if row is None else self._rows.build(row)

    async def where(
        self, condition: ColumnElement[bool], *, for_update: bool = False, params: Mapping[str, Any] | None = None
    ) -> list[E]:
        """Entities that meet the condition, in ID order, which is also the order of locking."""
        return await self.fetch(self.selection(condition, for_update=for_update), params)

    async def fetch(self, selection: Select[Any], params: Mapping[str, Any] | None = None) -> list[E]:
        """Entities of a `selection` that was built once."""
        return [self._rows.build(row) for row in await self._connection.execute(selection, params)]

    async def add(self, entity: E) -> None:
        await self.add_all([entity])

    async def add_all(self, entities: Collection[E]) -> None:
        if entities:
            names = names_of(self.entity)
            rows = [dict(zip(names, values_of(entity), strict=True)) for entity in entities]
            await self._guarded(self._insert, rows)

    async def save(self, before: E, after: E) -> None:
        """Writes only the columns that differ, so that concurrent edits of other fields survive."""
        changed = {name: new for name, _, new in differences(before, after)}
        if changed:
            await self._guarded(self._update, self._key_of(before) | changed)

    async def remove(self, entity: E) -> None:
        await self._guarded(self._delete, self._key_of(entity))

    def _key_of(self, entity: E) -> dict[str, Any]:
        return {parameter: getattr(entity, name) for name, parameter in self._key.items()}

    async def _guarded(self, statement: Any, params: Any = None) -> Any:
        try:
            return await self._connection.execute(statement, params)
        except asyncpg.IntegrityConstraintViolationError as error:
            if conflict := self._conflict_of(error):
                raise conflict from error
            raise

    def _conflict_of(self, error: asyncpg.IntegrityConstraintViolationError) -> Conflict | None:
        """The refusal of a request that violates a constraint; None if the violation is a mistake of this program."""
        name = error.constraint_name or ""
        if name in self.conflicts:
            field, message = self.conflicts[name]
            code = ErrorCode.IN_USE if name.startswith("fk_") else ErrorCode.ALREADY_EXISTS
            return Conflict(message, path=(field,), code=code)
        if name.startswith("fk_"):
            return Conflict("A related object changed at the same time. Retry the request.")
        return None

    @classmethod
    def selection(cls, condition: ColumnElement[bool], *, for_update: bool = False) -> Select[Any]:
        """Rows that meet the condition, in ID order, which is also the order of locking."""
        table: Any = cls.table
        statement = cls._rows.select.where(condition).order_by(table.id)
        # NO KEY UPDATE does not block inserts of rows that reference this one, so such inserts cannot deadlock with it.
        return statement.with_for_update(of=cls.table, key_share=True) if for_update else statement


class SqlTenantRepository(SqlRepository[W]):
    """Repository of entities in workspaces. Entities that the actor may not see are not found.

    `guests` is the visibility rule for guests, who see all entities of their workspaces without one.
    """

    guests: ClassVar[GuestRule | None] = None

    _by_ids: ClassVar[Mapping[tuple[bool, bool], Select[Any]]]  # by (for update, of a guest)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "table" in cls.__dict__ and hasattr(cls.table, "workspace_id"):
            # Built once: building a statement takes as long as running it.
            cls._by_ids = {
                (for_update, is_guest): cls._selection(for_update=for_update, is_guest=is_guest)
                for for_update, is_guest in product((False, True), repeat=2)
            }

    async def get(
        self, actor: Actor, entity_id: str, *, path: tuple[str, ...] = ("id",), for_update: bool = False
    ) -> W:
        return (await self.get_all(actor, [entity_id], path=path, for_update=for_update))[0]

    async def get_all(
        self, actor: Actor, ids: Collection[str], *, path: tuple[str, ...] = ("id",), for_update: bool = False
    ) -> list[W]:
        """The entities in id order; raises NotFound if one is missing or invisible, WrongId for another kind."""
        for entity_id in ids:
            check_id(entity_id, self.entity.prefix, path, noun=noun_of(self.entity))
        found = await self._visible(actor, ids, for_update=for_update)
        if len(found) < len(set(ids)):
            raise NotFound(f"This {noun_of(self.entity)} does not exist or is not visible to you.", path=path)
        return sorted(found, key=lambda entity: entity.id)

    async def find(
        self, actor: Actor, ids: Collection[str], *, within: str | None = None, for_update: bool = False
    ) -> Found[W]:
        known = [entity_id for entity_id in ids if is_id(entity_id, self.entity.prefix)]
        if not known:
            return Found(self.entity)
        if within is None:
            return Found.of(self.entity, await self._visible(actor, known, for_update=for_update))
        return Found.of(self.entity, await self._visible_in(actor, within, known, for_update=for_update))

    async def save_all(self, changes: Sequence[tuple[W, W]]) -> None:
        """Writes the columns that differ in any of the changes, all in one statement.

        The entities before and after each change are of one workspace, and read for update: the statement also writes
        columns that do not differ in a row.
        """
        if len(changes) == 1:
            # A statement for one row, built once, takes half of the time.
            await super().save(*changes[0])
            return
        names = self.differing(changes)
        if names:
            await self._guarded(*row_updates(self.table, names, [after for _, after in changes]))

    async def named(self, workspace_id: str, names: Collection[str]) -> list[W]:
        """The entities of the workspace with these names, of a table with names."""
        table: Any = self.table
        return await self.where((table.workspace_id == workspace_id) & among_values(table.name, list(names)))

    async def remove_all(self, entities: Sequence[W]) -> None:
        """Deletes entities of one workspace; raises Conflict if other entities refer to them."""
        table: Any = self.table
        ids = [entity.id for entity in entities]
        here = (table.workspace_id == entities[0].workspace_id) & among_values(table.id, ids)
        await self._guarded(delete(self.table).where(here))

    def differing(self, changes: Sequence[tuple[W, W]]) -> list[str]:
        """Fields that differ in any of the changes."""
        differing = {name for before, after in changes for name, _, _ in differences(before, after)}
        return [name for name in names_of(self.entity) if name in differing]

    async def _visible(self, actor: Actor, ids: Collection[str], *, for_update: bool) -> list[W]:
        """The entities that the actor sees, locked in the order of workspace and ID."""
        found: list[W] = []
        for workspace_id, within in await places_to_write(self._connection, actor, ids):
            found += await self._visible_in(actor, workspace_id, within, for_update=for_update)
        return found

    async def _visible_in(
        self, actor: Actor, workspace_id: str, ids: Sequence[str], *, for_update: bool
    ) -> Iterable[W]:
        params: dict[str, Any] = {"workspace_id": workspace_id, "ids": ids}
        is_guest = self.guests is not None and actor.is_guest_in(workspace_id)
        if is_guest:
            params |= guest_visibility_in(actor, workspace_id)
        statement = self._by_ids[for_update, is_guest]
        return await self.fetch(statement, params)

    @classmethod
    def _selection(cls, *, for_update: bool, is_guest: bool) -> Select[Any]:
        """Rows by ID in one workspace, in ID order."""
        table: Any = cls.table
        statement = cls.selection(in_workspace(table.workspace_id) & among(table.id, "ids"), for_update=for_update)
        if is_guest and cls.guests is not None:
            # Check visibility in the statement: a hidden row must be neither locked nor waited for.
            statement = statement.where(cls.guests.within)
        return statement


class SqlParentRepository(SqlTenantRepository[W]):
    """Repository of entities with lists of issues, whose sizes are deleted with the entity."""

    def __init__(self, connection: Connection, sizes: ListSizes) -> None:
        super().__init__(connection)
        self._sizes = sizes

    async def remove(self, entity: W) -> None:
        await super().remove(entity)
        self._sizes.remove(entity.workspace_id, entity.id)

    async def remove_all(self, entities: Sequence[W]) -> None:
        await super().remove_all(entities)
        for entity in entities:
            self._sizes.remove(entity.workspace_id, entity.id)
