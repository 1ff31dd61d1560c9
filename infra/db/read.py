"""Execution of every read of the application."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self

import asyncpg
from sqlalchemy import Executable, Select

from domain.shared.errors import DomainError, RateLimited, Unavailable
from domain.shared.uow import RowCounter
from infra.db.engine import meaning_of_state
from infra.db.pool import ReadConnection, ReadPool, TimeLimitReached
from infra.db.statements import Query, Row
from infra.db.usage import current_usage

AnyRow = Row
AnySelect = Select[*tuple[Any, ...]]

_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
_OUTDATED = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
# Errors that leave the connection usable.
_ANSWERS = (asyncpg.PostgresError, asyncpg.OutdatedSchemaCacheError, TimeLimitReached)

log = logging.getLogger(__name__)


class _Scope:
    """One connection, taken at the first read. A lock serializes reads of fields that run concurrently."""

    __slots__ = ("_current", "_pool", "_token", "connection", "is_over", "is_patient", "lock", "refusal", "rows_read")

    def __init__(self, pool: ReadPool, current: "ContextVar[_Scope | None]") -> None:
        self._pool = pool
        self._current = current
        self.connection: ReadConnection | None = None
        self.lock = asyncio.Lock()
        self.is_over = False
        self.is_patient = False
        self.refusal: RateLimited | None = None
        self.rows_read = 0

    async def __aenter__(self) -> Self:
        self._token: Token[_Scope | None] = self._current.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._current.reset(self._token)
        self.is_over = True
        connection, self.connection = self.connection, None
        if connection is None:
            return
        if self.lock.locked():
            # A field beside a failed one is still reading, and its result is not needed.
            self._pool.discard(connection)
        else:
            self._pool.release(connection)

    async def rows(self, query: Query, seconds: float | None = None) -> Sequence[AnyRow]:
        """Rows of the query. Reads are retried once after a restart of the server or a migration."""
        async with self.lock:
            try:
                rows = await self._rows_or_again(query, seconds)
                self.rows_read += len(rows)
                return rows
            finally:
                if self.is_over and self.connection is not None:
                    # The connection was taken while the scope was ending, so the scope did not release it.
                    connection, self.connection = self.connection, None
                    self._pool.release(connection)

    async def _rows_or_again(self, query: Query, seconds: float | None) -> Sequence[AnyRow]:
        try:
            return await self._rows(query, seconds)
        except _FAILURES as error:
            # Retry only if the connection was lost, or a migration outdated the prepared statement. A timeout would
            # repeat.
            is_lost = self.connection is None and not isinstance(error, TimeoutError)
            if not (is_lost or isinstance(error, _OUTDATED)) or self.is_over:
                raise
        return await self._rows(query, seconds)

    async def _rows(self, query: Query, seconds: float | None) -> Sequence[AnyRow]:
        connection = self.connection
        if connection is None:
            connection = self.connection = await self._acquire()
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s", query.text, extra={"facts": {"connection": connection.pid}})
        usage = current_usage()
        try:
            if usage is None:
                return await connection.fetch(query.text, query.arguments, seconds)
            with usage.statement():
                return await connection.fetch(query.text, query.arguments, seconds)
        except BaseException as error:
            is_usable = isinstance(error, _ANSWERS) and not connection.is_closed
            if not is_usable and self.connection is connection:
                self.connection = None
                self._pool.discard(connection)
            raise

    async def _acquire(self) -> ReadConnection:
        # A refused request would otherwise wait again for each of its fields.
        if self.refusal is not None:
            raise self.refusal
        usage = current_usage()
        account = None if usage is None else usage.account
        try:
            return await self._pool.acquire(account, is_patient=self.is_patient)
        except RateLimited as refusal:
            self.refusal = refusal
            raise


class ReadSession:
    """Runs read-only statements, each committed by itself, on one connection per scope."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool
        self._current: ContextVar[_Scope | None] = ContextVar("read_scope", default=None)

    def scope(self) -> AbstractAsyncContextManager[RowCounter]:
        """Shares one connection, taken at the first read, among all reads of the block, and counts the rows."""
        return _Scope(self._pool, self._current)

    def make_way(self) -> None:
        """Releases the read connection before the scope's request waits for a transaction.

        Later reads of the request, such as the answer to a committed write, wait for a connection as long as writes do.
        """
        scope = self._current.get()
        if scope is None or scope.is_over:
            return
        scope.is_patient = True
        if scope.connection is not None and not scope.lock.locked():
            connection, scope.connection = scope.connection, None
            self._pool.release(connection)

    async def fetch(self, statement: Executable, **params: Any) -> Sequence[AnyRow]:
        """All rows; raises Unavailable if the database is unreachable, busy or too slow, and RateLimited if
        the account of the request has too many reads."""
        return await self._fetch(statement, params, None)

    async def fetch_within(self, seconds: float, statement: Executable, **params: Any) -> Sequence[AnyRow] | None:
        """All rows, or None if the statement takes longer than `seconds`; the database then stops running it.

        Raises Unavailable if the database is unreachable or busy.
        """
        try:
            return await self._fetch(statement, params, seconds)
        except TimeLimitReached:
            return None

    async def _fetch(self, statement: Executable, params: dict[str, Any], seconds: float | None) -> Sequence[AnyRow]:
        query = self._pool.statements.query(statement, params)
        scope = self._current.get()
        try:
            if scope is None or scope.is_over:
                scope = _Scope(self._pool, self._current)
                async with scope:
                    return query.decode(await scope.rows(query, seconds))
            return query.decode(await scope.rows(query, seconds))
        except _FAILURES as error:
            meaning = _meaning(error)
            if meaning is None:
                raise
            raise meaning from error

    async def fetch_aside(self, statement: Executable, **params: Any) -> Sequence[AnyRow]:
        """Fetches rows that only help to find other rows; the request is not charged for them."""
        rows = await self.fetch(statement, **params)
        self.refund(len(rows))
        return rows

    def refund(self, rows: int) -> None:
        """Does not charge the request for that many of the rows that it has read."""
        scope = self._current.get()
        if scope is not None and not scope.is_over:
            scope.rows_read -= rows


def _meaning(error: Exception) -> DomainError | None:
    if isinstance(error, OSError):
        return Unavailable("The database does not respond. Retry the request.")
    state = getattr(error, "sqlstate", None)
    if state is None and isinstance(error, asyncpg.InterfaceError):
        return Unavailable("The database is not reachable. Retry the request.")
    return meaning_of_state(state or "")
