"""Connections of write transactions: SQLAlchemy builds the statements and owns the pool, and asyncpg runs them.

SQLAlchemy's own execution costs more than everything else of a small write together.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import MappingProxyType
from typing import Any, Protocol

import asyncpg
from sqlalchemy import Executable, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from infra.db.pool import CONNECTION_FAILURES
from infra.db.prepared import PreparedStatements
from infra.db.quoting import quoted_json
from infra.db.statements import Row, WriteStatements
from infra.db.write_pool import FairPool

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
OUTDATED = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)

_SESSION = "session"  # key of SQLAlchemy's dict for each connection of a pool
_NO_VALUES: Mapping[str, Any] = MappingProxyType({})

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Connection(Protocol):
    """Connection in a transaction, as repositories need it; SQLAlchemy's AsyncConnection is one too."""

    async def execute(self, statement: Any, values: Any = None, /) -> Any:
        """Runs the statement, for a list of values with each of them. Returns the rows and their number."""
        ...

    async def scalars(self, statement: Any, values: Any = None, /) -> Any:
        """The first value of each row."""
        ...

    async def scalar(self, statement: Any, values: Any = None, /) -> Any:
        """The first value of the first row; None without one."""
        ...


class Rows:
    """The rows of a statement, and the number of rows that it has read or written."""

    __slots__ = ("_rows", "_status")

    def __init__(self, rows: Sequence[Row] = (), status: str = "") -> None:
        self._rows = rows
        self._status = status

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    @property
    def rowcount(self) -> int:
        """Number of rows, as the server counts them; -1 if it does not."""
        number = self._status.rpartition(" ")[2]
        return int(number) if number.isdecimal() else -1

    def all(self) -> Sequence[Row]:
        return self._rows

    def first(self) -> Row | None:
        return self._rows[0] if self._rows else None

    def one(self) -> Row:
        """The only row. Raises ValueError for another number of rows."""
        [row] = self._rows
        return row

    def scalars(self) -> list[Any]:
        """The first value of each row."""
        return [row[0] for row in self._rows]

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """The first value of the only row; None without a row."""
        return self.scalar_one() if self._rows else None


class WriteConnection:
    """A connection whose first statement begins a transaction, used by one task at a time."""

    __slots__ = ("_connection", "_notices", "_prepared", "_statements", "is_open")

    def __init__(self, session: "Session", statements: WriteStatements) -> None:
        self._connection = session.connection
        self._prepared = session.prepared
        self._notices = session.notices
        self._statements = statements
        self.is_open = False
        """Whether a transaction has begun, as far as the client knows, and has not ended."""

    async def execute(self, statement: Executable, values: Values = None, /) -> Rows:
        """Runs the statement, for a list of values with each of them. Returns the rows and their number."""
        if isinstance(values, Sequence):
            await self._execute_many(statement, values)
            return Rows()
        query = self._statements.query(statement, values or _NO_VALUES)
        rows, status = await self.send(query.text, query.arguments)
        return Rows(query.decode(rows), status)

    async def scalars(self, statement: Executable, values: Values = None, /) -> Sequence[Any]:
        """The first value of each row."""
        return (await self.execute(statement, values)).scalars()

    async def scalar(self, statement: Executable, values: Values = None, /) -> Any:
        """The first value of the first row; None without one."""
        row = (await self.execute(statement, values)).first()
        return None if row is None else row[0]

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Inserts rows with COPY. Values must have the driver's types."""
        await self._begin()
        await self._connection.copy_records_to_table(table, columns=columns, records=rows)

    async def run(self, text: str, *, seconds: float | None = None) -> str:
        """Runs statements without values in one message; `seconds` replaces the time limit of the connection."""
        await self._begin()
        return await self._connection.execute(text, timeout=seconds)

    async def call(self, function: str, *documents: Any, commits: bool = False) -> Sequence[str]:
        """Calls a function of the database with JSON documents, None for NULL; `commits` commits in the same message.

        Returns the details of the messages that the function raises under its name; none if they were lost on the way.
        """
        call = f"SELECT {function}({', '.join('NULL' if each is None else quoted_json(each) for each in documents)})"
        await self._begin()
        with self._notices.awaited(function) as details:
            await self._connection.execute(f"{call}; COMMIT" if commits else call)
        if commits:
            self.is_open = False
        return details

    async def commit(self) -> None:
        if self.is_open:
            await self._connection.execute("COMMIT")
            self.is_open = False

    async def rollback(self) -> None:
        if self.is_open:
            await self._connection.execute("ROLLBACK")
            self.is_open = False

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undoes what the block has written if a statement of it fails; the transaction can go on."""
        await self.run("SAVEPOINT part")
        try:
            yield
        except asyncpg.PostgresError:
            await self.run("ROLLBACK TO SAVEPOINT part")
            raise
        await self.run("RELEASE SAVEPOINT part")

    async def send(self, text: str, arguments: Sequence[Any]) -> tuple[Sequence[Row], str]:
        """Rows and status of one statement. All statements with values pass through here or through `send_many`."""
        await self._begin()
        return await self._prepared.run(text, arguments)

    async def send_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> None:
        await self._begin()
        await self._prepared.run_many(text, arguments)

    async def _execute_many(self, statement: Executable, values: Sequence[Mapping[str, Any]]) -> None:
        queries = [self._statements.query(statement, each) for each in values]
        if len({query.text for query in queries}) > 1:
            raise ValueError("All values of a statement must have the same names in the same order.")
        if len(queries) == 1:
            await self.send(queries[0].text, queries[0].arguments)
        elif queries:
            await self.send_many(queries[0].text, [query.arguments for query in queries])

    async def _begin(self) -> None:
        if not self.is_open:
            self.is_open = True  # before the message, whose answer a canceled task does not hear
            await self._connection.execute(BEGIN)


class Notices:
    """Messages that functions of the database raise beside their results."""

    __slots__ = ("_details", "_name")

    def __init__(self) -> None:
        self._name: str | None = None
        self._details: list[str] = []

    @contextmanager
    def awaited(self, name: str) -> Iterator[Sequence[str]]:
        """The details of messages of this name that arrive in the block."""
        self._name, self._details = name, []
        try:
            yield self._details
        finally:
            self._name = None

    def __call__(self, _: object, message: asyncpg.PostgresLogMessage) -> None:
        # asyncpg calls this before the statement that has raised the message returns.
        if message.message == self._name and message.detail is not None:
            self._details.append(message.detail)


class Session:
    """Connection to the server with all that is kept from one transaction to the next."""

    __slots__ = ("connection", "migrations", "notices", "prepared")

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self.connection = connection
        self.migrations = 0  # noticed when it was last used
        self.notices = Notices()
        self.prepared = PreparedStatements(connection)
        connection.add_log_listener(self.notices)


Opened = Callable[[Session, WriteStatements], WriteConnection]


class WriteConnections:
    """Lends the connections of an engine's pool, in the order of its queue, for one transaction each."""

    def __init__(self, engine: AsyncEngine, opened: Opened = WriteConnection) -> None:
        self._engine = engine
        self._opened = opened
        self._statements = WriteStatements(engine.dialect)
        self._migrations = 0  # noticed so far
        if not event.contains(engine.sync_engine, "checkout", _refuse_closed):
            event.listen(engine.sync_engine, "checkout", _refuse_closed)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[WriteConnection]:
        """A connection. What the block has not committed at its end is rolled back."""
        pool = self._engine.pool
        lent = pool.connect_at_once() if isinstance(pool, FairPool) else None
        if lent is None:
            lent = await self._engine.raw_connection()
        session = self._session_of(lent)
        connection = self._opened(session, self._statements)
        try:
            yield connection
        except OUTDATED:
            self._migrations += 1
            raise
        finally:
            if connection.is_open or session.connection.is_closed():
                # Not canceled with the request: the connection is returned in a known state, or closed.
                await asyncio.shield(asyncio.get_running_loop().create_task(_recover(lent, connection)))
            else:
                lent.close()

    def _session_of(self, lent: PoolProxiedConnection) -> Session:
        """The session of the connection, without statements that were prepared before the last migration."""
        session: Session | None = lent.info.get(_SESSION)
        if session is None:
            driver: Any = lent.driver_connection
            session = lent.info[_SESSION] = Session(driver)
        if session.migrations != self._migrations:
            session.migrations = self._migrations
            session.prepared.forget()
        return session


async def _recover(lent: PoolProxiedConnection, connection: WriteConnection) -> None:
    """Ends the transaction and returns the connection to the pool; closes it if that fails."""
    try:
        await connection.rollback()
    except CONNECTION_FAILURES as error:
        await greenlet_spawn(lent.invalidate, error)
    except BaseException:
        await greenlet_spawn(lent.invalidate)
        raise
    else:
        lent.close()


def _refuse_closed(connection: Any, _record: object, _lent: object) -> None:
    """Makes the pool open another connection in place of one that the server has closed while it was idle."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError("The server closed the connection.")
