"""A relay that drops startup parameters, as a connection pooler does that is told to ignore them."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy.engine import make_url

from tests.connections import listening

SSL_REQUEST = 80_877_103
CANCEL_REQUEST = 80_877_102
KEPT = (b"user", b"database")


@asynccontextmanager
async def startup_relay(database_url: str) -> AsyncIterator[str]:
    """The URL of the database through the relay."""
    async with listening(partial(_relay, database_url)) as port:
        url = make_url(database_url).set(host="127.0.0.1", port=port, query={})
        yield url.render_as_string(hide_password=False)


async def _relay(database_url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await _first_message(reader)
    while _code(head) == SSL_REQUEST:
        writer.write(b"N")
        head = await _first_message(reader)
    server_reader, server_writer = await connected(database_url)
    try:
        server_writer.write(head if _code(head) == CANCEL_REQUEST else _stripped(head))
        await asyncio.wait(
            [
                asyncio.ensure_future(_pass_on(reader, server_writer)),
                asyncio.ensure_future(_pass_on(server_reader, writer)),
            ],
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        server_writer.close()


async def connected(database_url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = make_url(database_url)
    host, port = url.host or url.query.get("host") or "localhost", url.port or 5432
    assert isinstance(host, str)
    if host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
    return await asyncio.open_connection(host, port)


async def _first_message(reader: asyncio.StreamReader) -> bytes:
    length = await reader.readexactly(4)
    return length + await reader.readexactly(struct.unpack("!i", length)[0] - 4)


def _code(message: bytes) -> int:
    return int(struct.unpack("!i", message[4:8])[0])


def _stripped(message: bytes) -> bytes:
    parts = message[8:].split(b"\0")
    given = dict(zip(parts[::2], parts[1::2], strict=False))
    kept = b"".join(name + b"\0" + given[name] + b"\0" for name in KEPT if name in given) + b"\0"
    return struct.pack("!i", len(kept) + 8) + message[4:8] + kept


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
