"""Connections through a pooler that may use another server session for each transaction, such as PgBouncer."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import asyncpg

from infra.db.pool import CONNECTION_FAILURES, ReadConnection, ReadPool, TimeLimitReached
from infra.db.statements import Row

BEGIN_READ_ONLY = "BEGIN READ ONLY"

log = logging.getLogger(__name__)


class PooledConnection(asyncpg.Connection):
    """A connection without named statements, which sets its guards in the message that begins a transaction.

    The server session of the next transaction may be another one: it lacks the statements prepared here, and may hold
    statements of other clients with equal names. Guards that outlive the transaction would reach other clients.
    """

    __slots__ = ()

    set_local: ClassVar[str] = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # asyncpg sets jit for the session while it looks up an unknown type; the guards turn it off anyway.
        self._server_caps = self._server_caps._replace(jit=False)  # type: ignore[has-type]

    async def _get_statement(self, query: str, timeout: float | None, **options: Any) -> Any:  # noqa: ASYNC109 - as in asyncpg
        # `prepare`, `fetch` and `copy_records_to_table` name their statements by this method. asyncpg sends the text of
        # an unnamed statement again with each execution, so a PreparedStatement can be used in later transactions.
        unnamed = {**options, "named": "", "use_cache": False}
        return await super()._get_statement(query, timeout, **unnamed)  # type: ignore[misc]

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109 - as in asyncpg
        if query.startswith("BEGIN"):
            query = f"{query.rstrip('; ')}; {self.set_local}"
        return await super().execute(query, *args, timeout=timeout)


def pooled_arguments(guards: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of `asyncpg.connect` for a connection that sets these guards in each transaction."""
    set_local = "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in guards.items())
    kind = type("PooledConnection", (PooledConnection,), {"__slots__": (), "set_local": set_local})
    return {"connection_class": kind, "statement_cache_size": 0}


class TransactionReads(ReadConnection):
    """A connection whose reads share a read-only transaction until `end`."""

    __slots__ = ()

    async def fetch(self, text: str, arguments: Sequence[Any], seconds: float | None = None) -> Sequence[Row]:
        if not self._connection.is_in_transaction():
            await self._connection.execute(BEGIN_READ_ONLY)
        try:
            return await super().fetch(text, arguments, seconds)
        except (asyncpg.PostgresError, TimeLimitReached):
            # Other fields of the request still read, and PostgreSQL refuses statements in a failed transaction.
            await self.end()
            raise

    async def end(self) -> None:
        """Ends the transaction, so that the pooler can give the server session to another client."""
        if self._connection.is_in_transaction():
            await self._connection.execute("COMMIT")


class TransactionReadPool(ReadPool):
    """A pool that ends the transaction of a released connection before another task gets the connection."""

    def release(self, connection: ReadConnection) -> None:
        self._start(self._end(connection))

    async def aclose(self) -> None:
        # Transactions first: each returns its connection to the idle ones, which are then closed. A task that has ended
        # is removed here, because awaiting it would not let its callback run.
        while self._closing:
            ending = tuple(self._closing)
            await asyncio.gather(*ending, return_exceptions=True)
            self._closing.difference_update(ending)
        await super().aclose()

    async def _end(self, connection: ReadConnection) -> None:
        assert isinstance(connection, TransactionReads)
        try:
            await connection.end()
        except CONNECTION_FAILURES as error:
            log.debug("Discarded a connection whose transaction could not be ended: %s", error)
            self.discard(connection)
        except BaseException:
            self.discard(connection)
            raise
        else:
            super().release(connection)
