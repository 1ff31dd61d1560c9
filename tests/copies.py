"""Copies of stored objects under new IDs: a world is built once in each process, and copied for each test.

To store a copy takes a tenth of what the factories and repositories take to build the objects.
"""

import pickle
import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.ids import prefix_of, route_of, route_of_workspace
from domain.workspaces.model import Workspace
from infra.metadata import metadata
from tests.factories.accounts import IDS
from tests.routes import twins

T = TypeVar("T")

_ID = re.compile(rb"\b([a-z]{3})_[0-7][0-9abcdefghjkmnpqrstvwxyz]{25}\b")


class Copies(Generic[T]):
    """Objects and all stored rows. At most two of the workspaces share a route."""

    def __init__(self, objects: bytes, rows: bytes, shared: Sequence[object]) -> None:
        self._objects = objects
        self._rows = rows
        self._shared = shared
        self._ids = sorted({match.group().decode() for match in _ID.finditer(objects + rows)})
        self._workspaces: dict[int, list[str]] = {}
        for each in self._ids:
            if prefix_of(each) == Workspace.prefix:
                self._workspaces.setdefault(route_of_workspace(each), []).append(each)

    @classmethod
    async def of(
        cls, engine: AsyncEngine, objects: T, *, shared: Sequence[object], further: Sequence[Table] = ()
    ) -> Self:
        """The objects and all rows of a database that has no others. What is `shared` is not copied.

        `further` are tables that the migrations do not create, each after those that it refers to.
        """
        rows = "\n".join([await _inserting(engine, table) for table in (*metadata.sorted_tables, *further)])
        written = BytesIO()
        _Pickler(written, shared).dump(objects)
        return cls(written.getvalue(), rows.encode(), shared)

    async def stored(self, engine: AsyncEngine) -> T:
        """A copy of the objects, stored under new IDs, which are in the order of the old ones."""
        new = self._new_ids()
        rows = _ID.sub(lambda match: new[match.group()], self._rows)
        async with engine.connect() as connection:
            raw = await connection.get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.execute(rows.decode())
        # All IDs of a kind are of one length, so the pickle stays whole.
        written = _ID.sub(lambda match: new[match.group()], self._objects)
        copy: T = _Unpickler(BytesIO(written), self._shared).load()
        return copy

    def _new_ids(self) -> dict[bytes, bytes]:
        new: dict[str, str] = {}
        by_route: dict[int, str] = {}
        for route, old in self._workspaces.items():
            fresh = sorted(twins()) if len(old) == 2 else [IDS.new(Workspace.prefix)]
            new |= zip(old, fresh, strict=True)
            by_route[route] = fresh[0]
        for each in self._ids:
            if each not in new:
                here, prefix = by_route.get(route_of(each)), prefix_of(each)
                new[each] = IDS.new(prefix) if here is None else IDS.new_in(here, prefix)
        return {old.encode(): each.encode() for old, each in new.items()}


class _Pickler(pickle.Pickler):
    def __init__(self, file: BytesIO, shared: Sequence[object]) -> None:
        super().__init__(file)
        self._places = {id(each): place for place, each in enumerate(shared)}

    def persistent_id(self, each: object) -> int | None:
        return self._places.get(id(each))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BytesIO, shared: Sequence[object]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, place: int) -> object:
        return self._shared[place]


async def _inserting(engine: AsyncEngine, table: Table) -> str:
    """A statement that inserts all rows of the table."""
    columns = [column for column in table.columns if column.computed is None]
    names = ", ".join(column.name for column in columns)
    values = " || ', ' || ".join(f"quote_nullable({column.name}::text)" for column in columns)
    async with engine.connect() as connection:
        found = await connection.exec_driver_sql(f"SELECT {values} FROM {table.name}")
        rows: list[Any] = list(found.scalars())
    return f"INSERT INTO {table.name} ({names}) VALUES ({'), ('.join(rows)});" if rows else ""
