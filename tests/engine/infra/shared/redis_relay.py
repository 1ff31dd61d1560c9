"""A way to Redis that can be cut, frozen and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.connections import Connections, stop


class RedisRelay:
    """Passes bytes between a socket of its own, at `url`, and the real server."""

    def __init__(self, redis_url: str, folder: Path) -> None:
        parts = urlsplit(redis_url)
        self._address = parts
        self._path = folder / "relay"
        self._server: asyncio.Server | None = None
        self._connections = Connections(self._relay)
        self._is_open = asyncio.Event()
        database = parse_qs(parts.query).get("db", ["0"])[0]
        self.url = f"unix://{self._path}?db={database}"

    @property
    def connections(self) -> int:
        return len(self._connections)

    async def mend(self) -> None:
        self._is_open.set()
        self._connections.reopen()
        if self._server is None:
            self._server = await asyncio.start_unix_server(self._connections.accept, self._path)

    def freeze(self) -> None:
        """Keeps connections open and accepts new ones, but passes no bytes until `mend`."""
        self._is_open.clear()

    async def cut(self) -> None:
        """Ends all connections and refuses new ones."""
        if self._server is not None:
            await stop(self._server)
            self._path.unlink(missing_ok=True)
        self._server = None
        await self._connections.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await self._connect()
        there = asyncio.create_task(self._pass(reader, far_writer))
        back = asyncio.create_task(self._pass(far_reader, writer))
        try:
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.close()
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.scheme == "unix":
            return await asyncio.open_unix_connection(self._address.path)
        return await asyncio.open_connection(self._address.hostname, self._address.port or 6379)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._is_open.wait()
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def open_relay(redis_url: str, folder: Path) -> AsyncIterator[RedisRelay]:
    relay = RedisRelay(redis_url, folder)
    await relay.mend()
    try:
        yield relay
    finally:
        await relay.cut()
