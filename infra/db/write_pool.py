"""Connection pool for transactions, with a fair first-come, first-served queue."""

import asyncio
from contextlib import suppress
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet


class WaitingLine:
    """Admits `size` holders at once; up to `most_waiting` more wait in order, each at most `wait` seconds."""

    def __init__(self, size: int, *, most_waiting: int, wait: float) -> None:
        self._free = asyncio.Semaphore(size)
        self._most_waiting = most_waiting
        self._wait = wait
        self._waiting = 0

    @property
    def is_busy(self) -> bool:
        """Whether a caller would have to wait."""
        return self._free.locked()

    @property
    def waiting(self) -> int:
        """Number of waiting callers."""
        return self._waiting

    async def enter(self) -> None:
        """Waits for admission; `leave` ends it. Raises SQLAlchemy's TimeoutError, at once if the queue is full."""
        if not self._free.locked():
            await self._free.acquire()
            return
        if self._waiting >= self._most_waiting:
            raise PoolTimeout(f"The queue for a database connection is full ({self._waiting} waiting).")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait):
                await self._free.acquire()
        except TimeoutError as error:
            raise PoolTimeout(f"No database connection became free within {self._wait:g} seconds.") from error
        finally:
            self._waiting -= 1

    def enter_at_once(self) -> bool:
        """Admits the caller unless it would have to wait. Returns whether it is admitted."""
        if self._free.locked():
            return False
        with suppress(StopIteration):
            self._free.acquire().send(None)  # ends at once, as the semaphore is free
        return True

    def leave(self) -> None:
        self._free.release()


class _NotReady(Exception):
    """An idle connection has to be opened again."""


class FairPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool behind a fair queue; `timeout` is the maximum wait.

    SQLAlchemy's own queue gives a returned connection to the next caller, even a new one, and sends the caller woken
    for it back to the end. Callers also keep waiting there when a connection could not be opened.
    """

    # SQLAlchemy names the logger after the module of the class. Under this module's name, each command would print INFO
    # records about opened and closed pools.
    __module__ = "sqlalchemy.pool"

    # SQLAlchemy inspects the names of these arguments, and ignores keyword-only arguments.
    def __init__(
        self, creator: Any, pool_size: int = 10, most_waiting: int = 200, timeout: float = 10.0, **others: Any
    ) -> None:
        super().__init__(creator, pool_size=pool_size, timeout=timeout, **others)
        self.line = WaitingLine(pool_size, most_waiting=most_waiting, wait=timeout)

    def connect_at_once(self) -> PoolProxiedConnection | None:
        """An idle connection; None if the caller has to wait for one, or if it has to be opened.

        Waiting takes a greenlet, which costs as much as the rest of a checkout.
        """
        if self.line.is_busy or self._pool.empty():
            return None
        try:
            return self.connect()
        except _NotReady:
            return None

    def _do_get(self) -> ConnectionPoolEntry:
        if not self.line.enter_at_once():
            await_only(self.line.enter())
        try:
            return super()._do_get() if in_greenlet() else self._open_idle()
        except BaseException:
            self.line.leave()
            raise

    def _open_idle(self) -> ConnectionPoolEntry:
        """The next idle connection; raises _NotReady, and moves it to the end, if it has to be opened again."""
        record = self._pool.get_nowait()
        connection: Any = record.dbapi_connection
        if connection is None or connection.driver_connection.is_closed():
            self._pool.put_nowait(record)
            raise _NotReady
        return record

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        try:
            super()._do_return_conn(record)
        finally:
            self.line.leave()
