"""Execution of every read of the application."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Protocol, Self

import asyncpg
import orjson
from sqlalchemy import Executable, Select

from domain.shared.errors import DomainError, RateLimited, Unavailable
from domain.shared.uow import RowCounter
from infra.db.engine import meaning_of_state
from infra.db.pool import DRIVER_FAILURES, ReadConnection, ReadPool, TimeLimitReached
from infra.db.statements import Query, Row
from infra.db.usage import current_usage

AnyRow = Row
AnySelect = Select[*tuple[Any, ...]]

_FAILURES = (asyncpg.PostgresError, *DRIVER_FAILURES, OSError)
_OUTDATED = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
# Errors that leave the connection usable.
_ANSWERS = (asyncpg.PostgresError, asyncpg.OutdatedSchemaCacheError, TimeLimitReached)
# SQLSTATE classes of failures that the statement has on every server: its values, or its time.
_OWN_FAULTS = ("22", "57")

log = logging.getLogger(__name__)


class _Scope:
    """One connection, taken at the first read. A lock serializes reads of fields that run concurrently."""

    __slots__ = (
        "_current",
        "_pool",
        "_primary",
        "_token",
        "connection",
        "is_over",
        "is_patient",
        "lock",
        "refusal",
        "replica",
        "rows_read",
    )

    def __init__(
        self, primary: ReadPool, current: "ContextVar[_Scope | None]", replica: "ReplicaPool | None" = None
    ) -> None:
        self._primary = primary
        self._pool = primary  # the pool of the connection
        self.replica = replica  # None from the moment when the scope must read what was committed last
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

    def release(self) -> None:
        """Gives the connection back to its pool; a later read takes another one."""
        connection, self.connection = self.connection, None
        if connection is not None:
            self._pool.release(connection)

    async def rows(self, query: Query, seconds: float | None = None) -> Sequence[AnyRow]:
        """Rows of the query. Reads are retried once after a restart of the server or a migration."""
        async with self.lock:
            try:
                try:
                    rows = await self._rows(query, seconds)
                except _FAILURES as error:
                    if not self._may_repeat(error):
                        raise
                    rows = await self._rows(query, seconds)
                self.rows_read += len(rows)
                return rows
            finally:
                if self.is_over and self.connection is not None:
                    # The connection was taken while the scope was ending, so the scope did not release it.
                    self.release()

    def _may_repeat(self, error: Exception) -> bool:
        """Whether the connection was lost, or a migration outdated the prepared statement. A timeout would repeat."""
        is_lost = self.connection is None and not isinstance(error, TimeoutError)
        return (is_lost or isinstance(error, _OUTDATED) or self._leave_replica(error)) and not self.is_over

    async def _rows(self, query: Query, seconds: float | None) -> Sequence[AnyRow]:
        connection = self.connection
        if connection is not None and self.replica is None and self._pool is not self._primary:
            self.release()
            connection = None
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
            replica = self.replica
            if replica is not None and account is not None and await replica.may_serve(account):
                return await self._acquire_of_replica(replica, account)
            self.replica, self._pool = None, self._primary
            return await self._pool.acquire(account, is_patient=self.is_patient)
        except RateLimited as refusal:
            self.refusal = refusal
            raise

    async def _acquire_of_replica(self, replica: "ReplicaPool", account: str) -> ReadConnection:
        self._pool = replica.pool
        try:
            return await self._pool.acquire(account, is_patient=self.is_patient)
        except _FAILURES as error:
            replica.leave_out(error)
            self.replica, self._pool = None, self._primary
            return await self._pool.acquire(account, is_patient=self.is_patient)

    def _leave_replica(self, error: Exception) -> bool:
        """Whether the scope read from the replica, failed there, and should repeat the read on the primary.

        Replay cancels reads that are in its way, and a migration reaches the replica later than the new code.
        """
        is_own = isinstance(error, TimeoutError) or getattr(error, "sqlstate", "")[:2] in _OWN_FAULTS
        is_repeated = self._pool is not self._primary and not is_own
        if is_repeated:
            self.replica = None
        return is_repeated


class ReplicaPool(Protocol):
    """Connections to a replica, and whether they may be used."""

    pool: ReadPool

    async def may_serve(self, account: str) -> bool:
        """Whether the reads of a request of this account may use the replica."""
        ...

    def leave_out(self, error: Exception) -> None:
        """Stops using the replica until it answers again."""
        ...


class ReadSession:
    """Runs read-only statements, each committed by itself, on one connection per scope.

    Scopes of requests read from the replica, if there is one and it may serve the account of the request.
    """

    def __init__(self, pool: ReadPool, replica: ReplicaPool | None = None) -> None:
        self._pool = pool
        self._replica = replica
        self._current: ContextVar[_Scope | None] = ContextVar("read_scope", default=None)

    @property
    def on_primary(self) -> "ReadSession":
        """A session of the same scopes, whose reads and all later ones of their scope use the primary."""
        return self if self._replica is None else _PrimarySession(self._pool, self._current)

    def scope(self, *, is_current: bool = False) -> AbstractAsyncContextManager[RowCounter]:
        """Shares one connection, taken at the first read, among all reads of the block, and counts the rows.

        With `is_current` they see all that was committed, and use no replica.
        """
        return _Scope(self._pool, self._current, None if is_current else self._replica)

    def make_way(self) -> None:
        """Releases the read connection before the scope's request waits for a transaction.

        Later reads of the request, such as the answer to a committed write, wait for a connection as long as writes do.
        """
        scope = self._current.get()
        if scope is None or scope.is_over:
            return
        scope.is_patient = True
        scope.replica = None
        scope.refusal = None
        if scope.connection is not None and not scope.lock.locked():
            scope.release()

    def fetch(self, statement: Executable, **params: Any) -> Coroutine[Any, Any, Sequence[AnyRow]]:
        """All rows; raises Unavailable if the database is unreachable, busy or too slow, and RateLimited if
        the account of the request has too many reads."""
        return self._run(self._pool.statements.query(statement, params), None)

    async def fetch_within(self, seconds: float, statement: Executable, **params: Any) -> Sequence[AnyRow] | None:
        """All rows, or None if the statement takes longer than `seconds`; the database then stops running it.

        Raises Unavailable if the database is unreachable or busy.
        """
        try:
            return await self._run(self._pool.statements.query(statement, params), seconds)
        except TimeLimitReached:
            return None

    async def cost(self, statement: Executable, **params: Any) -> float:
        """PostgreSQL's estimate of the work for the statement, which is not run; the request is not charged."""
        query = self._pool.statements.query(statement, params)
        explained = Query(f"EXPLAIN (FORMAT JSON) {query.text}", query.arguments, list)
        [[plan]] = await self._run(explained, None)
        self.refund(1)
        return float(orjson.loads(plan)[0]["Plan"]["Total Cost"])

    async def _run(self, query: Query, seconds: float | None) -> Sequence[AnyRow]:
        scope = self._current.get()
        try:
            if scope is None or scope.is_over:
                scope = _Scope(self._pool, self._current, self._replica)
                async with scope:
                    return query.decode(await scope.rows(query, seconds))
            return query.decode(await scope.rows(query, seconds))
        except _FAILURES as error:
            meaning = _meaning(error)
            if meaning is None:
                raise
            raise meaning from error

    async def fetch_cheap(
        self, statement: Executable, *, points: Callable[[int], int], **params: Any
    ) -> Sequence[AnyRow]:
        """Fetches rows that are charged together, at the price for their number."""
        rows = await self.fetch(statement, **params)
        self.refund(len(rows) - points(len(rows)))
        return rows

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


class _PrimarySession(ReadSession):
    """Reads of the primary in the scopes of another session, which they keep on the primary from then on."""

    def __init__(self, pool: ReadPool, current: "ContextVar[_Scope | None]") -> None:
        super().__init__(pool)
        self._current = current

    async def _run(self, query: Query, seconds: float | None) -> Sequence[AnyRow]:
        scope = self._current.get()
        if scope is not None:
            scope.replica = None
        return await super()._run(query, seconds)


def _meaning(error: Exception) -> DomainError | None:
    if isinstance(error, OSError):
        return Unavailable("The database does not respond. Retry the request.")
    state = getattr(error, "sqlstate", None)
    if state is None and isinstance(error, DRIVER_FAILURES):
        return Unavailable("The database is not reachable. Retry the request.")
    return meaning_of_state(state or "")
