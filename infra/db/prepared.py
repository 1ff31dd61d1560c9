"""Prepared statements of one connection."""

from collections.abc import Awaitable, Sequence
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
        return self.known(text) or await self._connection.prepare(text)

    def known(self, text: str) -> "PreparedStatement[Any] | None":
        """The statement, to be passed to `keep`; None for one that has to be prepared."""
        return self._known.pop(text, None)

    def keep(self, text: str, prepared: "PreparedStatement[Any]") -> None:
        if len(self._known) >= MOST_PREPARED:
            del self._known[next(iter(self._known))]  # asyncpg deallocates it on the server
        self._known[text] = prepared

    def send(
        self,
        prepared: "PreparedStatement[Any]",
        arguments: Sequence[Any],
        seconds: float | None,
        *,
        with_status: bool = False,
    ) -> Awaitable[Any]:
        """The rows of a statement that `known` has returned. Waiting for them takes `seconds` at most.

        `with_status` gives a tuple that begins with the rows and the server's message on the end of the statement.

        `PreparedStatement.fetch` passes three coroutines and two checks on its way to the protocol, which checks again:
        a fifth of the CPU time of a statement that finds little. Unlike it, the protocol does not call
        `reload_schema_state` when it raises OutdatedSchemaCacheError.
        """
        protocol = self._connection._protocol  # type: ignore[attr-defined]  # noqa: SLF001
        state = prepared._state  # type: ignore[attr-defined]  # noqa: SLF001
        rows: Awaitable[Any] = protocol.bind_execute(state, arguments, "", 0, with_status, seconds)
        return rows

    def forget(self) -> None:
        """Drops all statements, for example because a migration has outdated one of them."""
        self._known.clear()

    async def run(self, text: str, arguments: Sequence[Any]) -> tuple[Sequence[Any], str]:
        """The rows of the statement, and the server's message on its end, such as `UPDATE 1`."""
        prepared = self.known(text) or await self._connection.prepare(text)
        try:
            rows, status, _ = await self.send(prepared, arguments, None, with_status=True)
        except asyncpg.OutdatedSchemaCacheError:
            await self._connection.reload_schema_state()
            raise
        self.keep(text, prepared)
        return rows, status.decode() if status else ""

    async def run_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> None:
        """Runs the statement with each of the arguments, in as few round trips as possible."""
        prepared = await self.take(text)
        await prepared.executemany(arguments)
        self.keep(text, prepared)
