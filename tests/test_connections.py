import asyncio
import gc
import socket
import warnings
from pathlib import Path

import pytest

from tests.connections import Connections, stop

pytestmark = pytest.mark.usefixtures("small_heap")


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
        await stop(server)
        await connections.close()
        assert await reader.read() == b""
        connections.accept(reader, writer)  # one that the event loop accepted before the server was closed
        assert not len(connections)
        assert writer.is_closing()
        await asyncio.sleep(0)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


async def test_connections_are_closed_though_their_server_stopped_while_accepting(tmp_path: Path) -> None:
    connections = Connections(echo)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        for turns in range(5):
            server = await asyncio.start_unix_server(connections.accept, tmp_path / f"socket{turns}")
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(tmp_path / f"socket{turns}"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                await stop(server)
                await connections.close()
                connections.reopen()
        await asyncio.sleep(0)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
