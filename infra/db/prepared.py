"""Prepared statements of one connection."""

from collections.abc import Sequence
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

MOST_PREPARED = 256  # prepared statements per connection


class PreparedStatements:
    """Prepares each statement of a connection once, and keeps the MOST_PREPARED that were used last."""

    __slots__ = ("_connection", "_known")

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._known: dict[str, PreparedStatement[Any]] = {}

    def __len__(self) -> int:
        return len(self._known)

    async def take(self, text: str) -> "PreparedStatement[Any]":
        """The statement; pass it to `keep` when it was used.

        So a failed statement is prepared anew, and the dict stays in order of use.
        """
        known = self._known.pop(text, None)
        return await self._connection.prepare(text) if known is None else known

    def keep(self, text: str, prepared: "PreparedStatement[Any]") -> None:
        if len(self._known) >= MOST_PREPARED:
            del self._known[next(iter(self._known))]  # asyncpg deallocates it on the server
        self._known[text] = prepared

    def forget(self) -> None:
        """Drops all statements, for example because a migration has outdated one of them."""
        self._known.clear()

    async def run(self, text: str, arguments: Sequence[Any]) -> tuple[Sequence[Any], str]:
        """The rows of the statement, and the server's message on its end, such as `UPDATE 1`."""
        prepared = await self.take(text)
        rows = await prepared.fetch(*arguments)
        self.keep(text, prepared)
        return rows, prepared.get_statusmsg() or ""

    async def run_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> None:
        """Runs the statement with each of the arguments, in as few round trips as possible."""
        prepared = await self.take(text)
        await prepared.executemany(arguments)
        self.keep(text, prepared)
