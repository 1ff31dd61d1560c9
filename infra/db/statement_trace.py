"""Trace of the statements that a developer's request sends. Production uses plain connections."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.shared.statement_trace import SentStatement
from infra.db.pool import ReadConnection
from infra.db.pooler import TransactionReads
from infra.db.statements import Row
from infra.db.write_connection import Opened, Rows, WriteConnection

_SINCE = "traced_since"


class ContextStatementTrace:
    """Trace that a context variable limits to the tasks of one request."""

    def __init__(self) -> None:
        self._current: ContextVar[list[SentStatement] | None] = ContextVar("sent_statements", default=None)

    @contextmanager
    def __call__(self) -> Iterator[Sequence[SentStatement]]:
        sent: list[SentStatement] = []
        token = self._current.set(sent)
        try:
            yield sent
        finally:
            self._current.reset(token)

    def reading(self, kind: type[ReadConnection]) -> Callable[["asyncpg.Connection[Any]"], ReadConnection]:
        """Makes connections of this kind whose statements are traced."""
        traced = _TracedTransaction if issubclass(kind, TransactionReads) else _TracedConnection
        return partial(traced, current=self._current)

    def writing(self) -> Opened:
        """Makes connections of write transactions whose statements are traced."""
        return partial(_TracedWrites, current=self._current)

    def watch(self, engine: AsyncEngine) -> None:
        """Also traces the statements that SQLAlchemy sends over the engine."""
        event.listen(engine.sync_engine, "before_cursor_execute", self._before)
        event.listen(engine.sync_engine, "after_cursor_execute", self._after)

    def _before(self, connection: Any, *_: Any) -> None:
        if self._current.get() is not None:
            connection.info[_SINCE] = time.perf_counter()

    def _after(self, connection: Any, cursor: Any, text: str, *_: Any) -> None:
        sent, since = self._current.get(), connection.info.pop(_SINCE, None)
        if sent is not None and since is not None:
            sent.append(_sent(text, since, rows=cursor.rowcount, is_write=True))


class _TracedConnection(ReadConnection):
    __slots__ = ("_current",)

    def __init__(
        self, connection: "asyncpg.Connection[Any]", current: "ContextVar[list[SentStatement] | None]"
    ) -> None:
        super().__init__(connection)
        self._current = current

    async def fetch(self, text: str, arguments: Sequence[Any], seconds: float | None = None) -> Sequence[Row]:
        sent = self._current.get()
        if sent is None:
            return await super().fetch(text, arguments, seconds)
        since = time.perf_counter()
        rows: Sequence[Row] = ()
        try:
            rows = await super().fetch(text, arguments, seconds)
        finally:
            sent.append(_sent(text, since, rows=len(rows), is_write=False, arguments=arguments))
        return rows


class _TracedTransaction(_TracedConnection, TransactionReads):
    __slots__ = ()


class _TracedWrites(WriteConnection):
    __slots__ = ("_current",)

    def __init__(self, *given: Any, current: "ContextVar[list[SentStatement] | None]") -> None:
        super().__init__(*given)
        self._current = current

    async def send(self, text: str, arguments: Sequence[Any]) -> tuple[Sequence[Row], str]:
        sent, since = self._current.get(), time.perf_counter()
        rows, status = await super().send(text, arguments)
        if sent is not None:
            sent.append(_sent(text, since, rows=Rows(rows, status).rowcount, is_write=True))
        return rows, status

    async def call(self, function: str, *documents: Any, commits: bool = False) -> Sequence[str]:
        sent, since = self._current.get(), time.perf_counter()
        details = await super().call(function, *documents, commits=commits)
        if sent is not None:
            places = ", ".join(f"${number}" for number, _ in enumerate(documents, 1))
            sent.append(_sent(f"SELECT {function}({places})", since, rows=1, is_write=True))
        return details

    async def send_many(self, text: str, arguments: Sequence[Sequence[Any]]) -> None:
        sent, since = self._current.get(), time.perf_counter()
        await super().send_many(text, arguments)
        if sent is not None:
            sent.append(_sent(text, since, rows=len(arguments), is_write=True))


def _sent(text: str, since: float, *, rows: int, is_write: bool, arguments: Sequence[Any] = ()) -> SentStatement:
    milliseconds = (time.perf_counter() - since) * 1000
    return SentStatement(text=text, milliseconds=milliseconds, rows=rows, is_write=is_write, arguments=arguments)
