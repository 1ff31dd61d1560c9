"""Connections for reading: plain asyncpg, because SQLAlchemy's overhead exceeds the time of most statements."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import asyncpg
import orjson

from domain.shared.errors import Unavailable
from infra.db.guards import check_guards, refused_by_pooler
from infra.db.prepared import PreparedStatements
from infra.db.shares import Shares
from infra.db.statements import Row, Statements

CLOSE_SECONDS = 2.0
# asyncpg raises InternalClientError for a statement that meets a connection which the server is closing.
DRIVER_FAILURES = (asyncpg.InterfaceError, asyncpg.InternalClientError)
CONNECTION_FAILURES = (TimeoutError, OSError, asyncpg.PostgresError, *DRIVER_FAILURES)

Connect = Callable[[], Awaitable["ReadConnection"]]


class TimeLimitReached(Exception):
    """A statement took longer than its own time limit. It is canceled, and its connection can be used again."""


class ReadConnection:
    """One connection, used by one task at a time. It prepares each statement once, and autocommits."""

    __slots__ = ("_connection", "_prepared", "account")

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self.account: str | None = None  # the account whose share the connection is taken from
        self._connection = connection
        self._prepared = PreparedStatements(connection)

    @property
    def is_closed(self) -> bool:
        return self._connection.is_closed()

    @property
    def pid(self) -> int:
        """Process ID of the server's backend."""
        return self._connection.get_server_pid()

    async def fetch(self, text: str, arguments: Sequence[Any], seconds: float | None = None) -> Sequence[Row]:
        """All rows; raises TimeLimitReached if the statement takes longer than `seconds`."""
        prepared = self._prepared.known(text) or await self._connection.prepare(text)
        try:
            rows: Sequence[Row] = await self._prepared.send(prepared, arguments, seconds)
        except TimeoutError as error:
            if seconds is None:
                raise
            raise TimeLimitReached from error
        except asyncpg.OutdatedSchemaCacheError:
            await self._connection.reload_schema_state()
            raise
        self._prepared.keep(text, prepared)
        return rows

    async def close(self) -> None:
        """Closes the connection after pending cancellations, or terminates it after CLOSE_SECONDS."""
        try:
            await self._connection.close(timeout=CLOSE_SECONDS)
        except CONNECTION_FAILURES:
            self._connection.terminate()


async def connect(
    arguments: Mapping[str, Any],
    guards: Mapping[str, str],
    begin: str,
    wrapped: Callable[["asyncpg.Connection[Any]"], ReadConnection] = ReadConnection,
) -> ReadConnection:
    """A new connection with these arguments of `asyncpg.connect`. Raises GuardsDiffer unless `guards` are in force."""
    try:
        connection = await asyncpg.connect(**arguments)
        await check_guards(connection, guards, begin=begin)
    except asyncpg.PostgresError as error:
        refusal = refused_by_pooler(error)
        if refusal is None:
            raise
        raise refusal from error
    try:
        # SQLAlchemy's types pass JSON as text.
        await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=str, decoder=orjson.loads)
    except BaseException:  # including cancellations
        connection.terminate()
        raise
    return wrapped(connection)


class ReadPool:
    """At most `size` connections, most recently used first, and at most a third of them for one account."""

    def __init__(
        self,
        connect: Connect,
        statements: Statements,
        *,
        size: int,
        wait: float,
        patient_wait: float,
        account_queue: int,
    ) -> None:
        self.statements = statements
        self._shares = Shares(size, most_waiting=account_queue)
        self._connect = connect
        self._wait = wait
        self._patient_wait = patient_wait
        self._size = size
        self._free = asyncio.Semaphore(size)
        self._idle: list[ReadConnection] = []
        self._in_use = 0
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def in_use(self) -> int:
        return self._in_use

    async def acquire(self, account: str | None = None, *, is_patient: bool = False) -> ReadConnection:
        """A connection, in the order of requests. Pass it to `release` or `discard`.

        Raises Unavailable after `wait` seconds without one, or after `patient_wait` if `is_patient`. Raises
        RateLimited if the account holds its share of the connections as long, or at once if its queue is full.
        """
        wait = self._patient_wait if is_patient else self._wait
        if account is None:
            return await self._take(wait)
        await self._shares.enter(account, wait=wait, is_patient=is_patient)
        try:
            connection = await self._take(wait)
        except BaseException:
            self._shares.leave(account)
            raise
        connection.account = account
        return connection

    async def _take(self, wait: float) -> ReadConnection:
        if self._free.locked():
            try:
                async with asyncio.timeout(wait):
                    await self._free.acquire()
            except TimeoutError as error:
                raise Unavailable("Too many requests are waiting for the database. Retry the request.") from error
        else:
            await self._free.acquire()
        try:
            connection = self._open_idle() or await self._connect()
        except BaseException:
            self._free.release()
            raise
        self._in_use += 1
        return connection

    def release(self, connection: ReadConnection) -> None:
        self._in_use -= 1
        if not connection.is_closed:
            self._idle.append(connection)
        self._give_back(connection)

    def discard(self, connection: ReadConnection) -> None:
        """Closes a connection whose state is unknown."""
        self._in_use -= 1
        self._start(self._close(connection))

    async def aclose(self) -> None:
        idle, self._idle = self._idle, []
        await asyncio.gather(*self._closing, *(connection.close() for connection in idle))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _open_idle(self) -> ReadConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed:
                return connection
        return None

    async def _close(self, connection: ReadConnection) -> None:
        try:
            await connection.close()
        finally:
            self._give_back(connection)

    def _give_back(self, connection: ReadConnection) -> None:
        account, connection.account = connection.account, None
        self._free.release()
        if account is not None:
            self._shares.leave(account)
