"""Statements that transactions of this process send, through SQLAlchemy or through the driver."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from infra.db.write_connection import WriteConnection
from infra.db.write_pool import FairPool

Note = Callable[[str, Sequence[Any]], None]


@contextmanager
def each_written(note: Note, *, is_of_application_only: bool = False) -> Iterator[None]:
    """Calls `note` with text and arguments of each statement meanwhile; of many arguments, with the first.

    `is_of_application_only` leaves out engines that only tests have.
    """

    def of_sqlalchemy(connection: Any, _cursor: Any, text: str, parameters: Any, _context: Any, is_many: bool) -> None:
        if not is_of_application_only or isinstance(connection.engine.pool, FairPool):
            note(text, list(parameters[0] if is_many else parameters))

    send, send_many, call = WriteConnection.send, WriteConnection.send_many, WriteConnection.call

    async def noted(self: WriteConnection, text: str, arguments: Sequence[Any]) -> Any:
        note(text, list(arguments))
        return await send(self, text, arguments)

    async def noted_many(self: WriteConnection, text: str, arguments: Sequence[Sequence[Any]]) -> None:
        note(text, list(arguments[0]))
        await send_many(self, text, arguments)

    async def noted_call(self: WriteConnection, function: str, *documents: Any, commits: bool = False) -> Any:
        note(f"CALL {function}", list(documents))
        return await call(self, function, *documents, commits=commits)

    event.listen(Engine, "before_cursor_execute", of_sqlalchemy)
    WriteConnection.send = noted  # type: ignore[method-assign]  # to see every write, of any application
    WriteConnection.send_many = noted_many  # type: ignore[method-assign]
    WriteConnection.call = noted_call  # type: ignore[method-assign]
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", of_sqlalchemy)
        WriteConnection.send = send  # type: ignore[method-assign]
        WriteConnection.send_many = send_many  # type: ignore[method-assign]
        WriteConnection.call = call  # type: ignore[method-assign]
