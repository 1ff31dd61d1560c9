import asyncio
import gc
import warnings
from pathlib import Path

from tests.connections import Connections


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.readline())


async def test_connections_are_closed_though_their_tasks_never_ran(tmp_path: Path) -> None:
    connections = Connections(echo)
    server = await asyncio.start_unix_server(connections.accept, tmp_path / "socket")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        reader, writer = await asyncio.open_unix_connection(tmp_path / "socket")
        while not len(connections):  # noqa: ASYNC110  the server accepts in a later turn of the event loop
            await asyncio.sleep(0)
        server.close()
        await connections.close()
        assert await reader.read() == b""
        connections.accept(reader, writer)  # one that the event loop accepted before the server was closed
        assert not len(connections)
        assert writer.is_closing()
        await asyncio.sleep(0)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
