"""Servers of tests that close every connection they accept."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

# One turn of the event loop makes the transport of an accepted connection, the next calls the callback; one to spare.
TURNS_TO_ATTACH = 3

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Connections:
    """Runs `serve` for each connection and closes the connection when `serve` ends, fails or is canceled."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._tasks: set[asyncio.Future[None]] = set()
        self._is_open = True

    def __len__(self) -> int:
        return len(self._tasks)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Callback for `asyncio.start_server`; a plain function, so that no connection waits for its task unseen."""
        # A connection can arrive after its server was closed: the event loop had already accepted it.
        if not self._is_open:
            writer.close()
            return
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Not a `finally` of `serve`: a task that is canceled before its first step runs none.
        task.add_done_callback(lambda _: writer.close())

    async def close(self) -> None:
        self._is_open = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def reopen(self) -> None:
        self._is_open = True


async def stop(server: asyncio.Server) -> None:
    """Closes the server after the connections that its event loop has accepted reached their callback.

    `Server.close` alone is a trap in Python 3.11: a connection that was accepted in the preceding turn of the event
    loop then gets a transport that fails to attach to the server and that nothing closes.
    """
    loop = asyncio.get_running_loop()
    for socket in server.sockets:
        loop.remove_reader(socket.fileno())
    for _ in range(TURNS_TO_ATTACH):
        await asyncio.sleep(0)
    server.close()


@asynccontextmanager
async def listening(serve: Serve, *, certificates: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a loopback server that lives as long as the block."""
    connections = Connections(serve)
    server = await asyncio.start_server(connections.accept, "127.0.0.1", 0, ssl=certificates)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await stop(server)
        await connections.close()
        await server.wait_closed()


async def meet_closing(*_: object, **__: object) -> None:
    """Fails as a statement of asyncpg does between the server's last message and the end of the socket."""
    raise asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")
