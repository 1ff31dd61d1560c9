"""Every read of the application goes through here."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Executable, Row, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from infra.db.engine import database_errors

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]


class _Held:
    """The one connection of a scope. Sibling fields run concurrently and a connection serves one at a time."""

    __slots__ = ("connection", "lock")

    def __init__(self) -> None:
        self.connection: AsyncConnection | None = None
        self.lock = asyncio.Lock()


class Reads:
    """Runs read-only statements, each committed by itself, on one connection per scope."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._held: ContextVar[_Held | None] = ContextVar("held_connection", default=None)

    @asynccontextmanager
    async def scope(self) -> AsyncIterator[None]:
        """Holds one connection, taken at the first read, for everything read inside."""
        held = _Held()
        token = self._held.set(held)
        try:
            yield
        finally:
            self._held.reset(token)
            if held.connection is not None:
                await held.connection.close()

    async def fetch(self, statement: Executable, **params: Any) -> Sequence[AnyRow]:
        """All rows; raises Unavailable when the database is away, busy or too slow."""
        held = self._held.get()
        with database_errors():
            if held is None:
                async with self._engine.connect() as connection:
                    return await _rows(connection, statement, params)
            async with held.lock:
                if held.connection is None:
                    held.connection = await self._engine.connect()
                try:
                    return await _rows(held.connection, statement, params)
                except DBAPIError as error:
                    if not error.connection_invalidated:
                        raise
                    # The server has restarted since the connection was pooled; a read may simply be repeated.
                    await held.connection.close()
                    held.connection = await self._engine.connect()
                    return await _rows(held.connection, statement, params)


async def _rows(connection: AsyncConnection, statement: Executable, params: dict[str, Any]) -> Sequence[AnyRow]:
    return (await connection.execute(statement, params)).all()
