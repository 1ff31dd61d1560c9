"""Connections to PostgreSQL with timeouts, and the domain errors for database failures."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import asyncpg
import orjson
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.shared.errors import DomainError, InvalidInput, StorageFull, Unavailable
from infra.db.guards import GuardsDiffer, check_guards
from infra.db.pool import CONNECTION_FAILURES, DRIVER_FAILURES, ReadConnection, ReadPool, connect
from infra.db.pooler import BEGIN_READ_ONLY, TransactionReadPool, TransactionReads, pooled_arguments
from infra.db.statement_trace import ContextStatementTrace
from infra.db.statements import Statements
from infra.db.write_connection import OUTDATED
from infra.db.write_pool import FairPool
from infra.settings import Settings

GUARD_SECONDS = 3.0  # of the comparison at start

QUERY_CANCELED = "57014"
_LOCK_NOT_AVAILABLE = "55P03"
_DEADLOCK_DETECTED = "40P01"
_DATA_EXCEPTION = "22"
_DISK_FULL = "53100"
_AWAY = ("08", "57P", "53")  # SQLSTATE classes: connection, shutdown, out of resources

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """`write` opens transactions; `read` is read-only and commits each statement by itself."""

    write: AsyncEngine
    read: ReadPool

    async def require_guards(self) -> None:
        """Raises GuardsDiffer if a session of either kind lacks a guard.

        An unavailable database is no error here: each new connection compares its guards again.
        """
        await open_guarded(self.read)
        try:
            async with asyncio.timeout(GUARD_SECONDS), self.write.connect():
                pass
        except GuardsDiffer:
            raise
        except (DBAPIError, OSError) as error:
            _log_postponed(error)


async def open_guarded(pool: ReadPool) -> None:
    """Opens a connection of the pool. Raises GuardsDiffer if it lacks a guard; an unavailable database is no error."""
    try:
        async with asyncio.timeout(GUARD_SECONDS):
            pool.release(await pool.acquire())
    except GuardsDiffer:
        raise
    except (*CONNECTION_FAILURES, DomainError) as error:
        _log_postponed(error)


def _log_postponed(error: Exception) -> None:
    log.info("The guards of database sessions are compared later: %s", type(error).__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """Times in seconds; `pool_wait` is the maximum wait of a read for a connection, `write_wait` that of a write."""

    pool_size: int  # connections for reading
    write_pool_size: int
    pool_wait: float
    write_wait: float
    write_queue: int  # transactions that wait for a connection; further transactions are refused immediately
    account_queue: int  # reads of one account that wait for a connection; further reads are refused immediately
    statement_timeout: float
    lock_timeout: float
    is_pooled: bool
    """Whether a pooler is in between that may use another server session for each transaction."""


def engine_options(settings: Settings) -> EngineOptions:
    return EngineOptions(
        pool_size=settings.database_pool_size,
        write_pool_size=settings.database_write_pool_size,
        pool_wait=settings.database_pool_seconds,
        write_wait=settings.request_seconds,
        write_queue=settings.database_write_queue,
        account_queue=settings.database_account_queue,
        statement_timeout=settings.database_statement_seconds,
        lock_timeout=settings.database_lock_seconds,
        is_pooled=settings.database_pooler == "transaction",
    )


async def require_guards(settings: Settings) -> None:
    """Raises GuardsDiffer if database sessions with these settings, also those of the replica, lack a guard."""
    options = replace(engine_options(settings), pool_size=1, write_pool_size=1)
    async with open_engines(settings.database_url.get_secret_value(), options) as engines:
        await engines.require_guards()
    read_url = settings.database_read_url.get_secret_value()
    if read_url:
        async with aclosing(read_pool(create_async_engine(read_url), options)) as pool:
            await open_guarded(pool)


@asynccontextmanager
async def open_engines(
    url: str, options: EngineOptions, trace: ContextStatementTrace | None = None
) -> AsyncIterator[Engines]:
    """Engines for writing and reading; `trace` records the statements of traced requests."""
    write = create_async_engine(
        url,
        isolation_level="READ COMMITTED",
        poolclass=FairPool,
        pool_size=options.write_pool_size,
        max_overflow=0,
        pool_timeout=options.write_wait,
        most_waiting=options.write_queue,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args=_session(options, is_read_only=False),
    )
    guards, begin = _compared(options, is_read_only=False)

    @event.listens_for(write.sync_engine, "connect")
    def _(connection: Any, record: object) -> None:
        connection.run_async(partial(check_guards, asked=guards, begin=begin))

    read = read_pool(write, options, trace)
    if trace is not None:
        trace.watch(write)
    try:
        yield Engines(write=write, read=read)
    finally:
        await write.dispose()
        await read.aclose()


def read_pool(engine: AsyncEngine, options: EngineOptions, trace: ContextStatementTrace | None = None) -> ReadPool:
    """Read-only connections to the engine's database, outside SQLAlchemy."""
    _, address = engine.dialect.create_connect_args(make_url(engine.url))
    arguments = {**address, **_session(options, is_read_only=True)}
    kind = TransactionReads if options.is_pooled else ReadConnection
    wrapped = kind if trace is None else trace.reading(kind)
    pool = TransactionReadPool if options.is_pooled else ReadPool
    return pool(
        partial(connect, arguments, *_compared(options, is_read_only=True), wrapped),
        Statements(engine.dialect),
        size=options.pool_size,
        wait=options.pool_wait,
        patient_wait=options.write_wait,
        account_queue=options.account_queue,
    )


def _session(options: EngineOptions, *, is_read_only: bool) -> dict[str, Any]:
    """Arguments of `asyncpg.connect` besides the address."""
    limits = {
        "timeout": options.pool_wait + options.statement_timeout,
        # The server cancels slow statements. This timeout covers a server that does not respond at all.
        "command_timeout": options.statement_timeout + 1,
    }
    guards = _guards(options)
    if options.is_pooled:
        return {**limits, **pooled_arguments(guards)}
    access = {"default_transaction_read_only": _on(is_read_only)}
    return {**limits, "server_settings": {"application_name": "workgraph", **guards, **access}}


def _guards(options: EngineOptions) -> dict[str, str]:
    """Limits of each session that PostgreSQL enforces, as `pg_settings` shows them."""
    return {
        "statement_timeout": str(int(options.statement_timeout * 1000)),
        "lock_timeout": str(int(options.lock_timeout * 1000)),
        "idle_in_transaction_session_timeout": "30000",
        # Queries are short, so compiling them to machine code costs more than it saves.
        "jit": "off",
        # A parallel statement occupies several cores of the database at once, at the cost of all other requests.
        "max_parallel_workers_per_gather": "0",
    }


def _compared(options: EngineOptions, *, is_read_only: bool) -> tuple[dict[str, str], str]:
    """The guards to compare, and the text that begins a transaction with them; empty if the session has them."""
    guards = {**_guards(options), "transaction_read_only": _on(is_read_only)}
    if not options.is_pooled:
        return guards, ""
    return guards, BEGIN_READ_ONLY if is_read_only else "BEGIN"


def _on(value: bool) -> str:
    return "on" if value else "off"


@contextmanager
def database_errors() -> Iterator[None]:
    """Converts database failures that the request did not cause to Unavailable."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("Too many requests are waiting for the database. Retry the request.") from error
    except (TimeoutError, OSError) as error:
        raise Unavailable("The database does not respond. Retry the request.") from error
    except OUTDATED as error:
        raise Unavailable("The database has just been migrated. Retry the request.") from error
    except (DBAPIError, asyncpg.PostgresError) as error:
        state = sqlstate(error)
        meaning = meaning_of_state(state)
        if meaning is not None:
            raise meaning from error
        is_away = not state and isinstance(error, InterfaceError | OperationalError)
        if is_away or (isinstance(error, DBAPIError) and error.connection_invalidated):
            raise Unavailable("The database is not reachable. Retry the request.") from error
        raise
    except DRIVER_FAILURES as error:
        raise Unavailable("The database is not reachable. Retry the request.") from error


def meaning_of_state(state: str) -> DomainError | None:
    """The domain error for an SQLSTATE; None if only a bug can cause it."""
    if state == QUERY_CANCELED:
        return Unavailable("The database took too long. Request less, or retry the request.")
    if state in (_LOCK_NOT_AVAILABLE, _DEADLOCK_DETECTED):
        return Unavailable("Another request is changing the same object. Retry the request.")
    if state.startswith(_DATA_EXCEPTION):
        # A value that no check caught: out of the column's range, or text that PostgreSQL cannot store.
        return InvalidInput("A value is out of range or cannot be stored.")
    if state == _DISK_FULL:
        return StorageFull("The database has no space left. Retry later.")
    if state.startswith(_AWAY):
        return Unavailable("The database is not reachable. Retry the request.")
    return None


def sqlstate(error: DBAPIError | asyncpg.PostgresError) -> str:
    """The five-character SQLSTATE; empty if the server did not send one."""
    source = error.orig if isinstance(error, DBAPIError) else error
    return getattr(source, "sqlstate", None) or ""
