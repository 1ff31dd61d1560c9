"""Search for secrets in everything that a server wrote."""

import base64
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote, quote_plus

import redis.asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.metadata import metadata
from infra.shared.logs import JsonFormatter, TextFormatter

CLIENTS = ("httpx", "httpcore")  # the browser's side, which is in the same process here
LEAST_LENGTH = 12  # of a secret: shorter ones would be found by chance


class Writing(NamedTuple):
    """Something that was written, where, and which secrets may be in it."""

    place: str
    text: str
    shown: frozenset[str] = frozenset()


class RecordKeeper(logging.Handler):
    """Keeps all records as both formats would write them."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.writings: list[Writing] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith(CLIENTS):
            for formatter in (TextFormatter(), JsonFormatter()):
                self.writings.append(Writing(f"log {record.name}", formatter.format(record)))


@contextmanager
def kept_records() -> Iterator[RecordKeeper]:
    """All log records made inside the block, at every level."""
    root, keeper = logging.getLogger(), RecordKeeper()
    level = root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    try:
        yield keeper
    finally:
        root.setLevel(level)
        root.removeHandler(keeper)


def leaks(secrets: Mapping[str, str], writings: Iterable[Writing]) -> list[tuple[str, str]]:
    """Name of the secret and place of every hit; `secrets` are the names by the secrets themselves."""
    wanted = [(name, secret, spellings(secret)) for secret, name in secrets.items()]
    return [
        (name, writing.place)
        for writing in writings
        for name, secret, spelled in wanted
        if secret not in writing.shown and any(each in writing.text for each in spelled)
    ]


def spellings(secret: str) -> set[str]:
    """Spellings of a secret: plain, in a URL, form, JSON or Python string, in base64, and a token's signature alone."""
    assert len(secret) >= LEAST_LENGTH, secret
    whole = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    encoded = {base64.b64encode(secret.encode()).decode().rstrip("=")}
    signature = {secret.rpartition(".")[2]} if secret.count(".") == 2 else set()
    return whole | encoded | signature


async def stored_writings(engine: AsyncEngine) -> list[Writing]:
    """All rows of all tables: events, security log, jobs and their checkpoints, idempotency keys, digests."""
    async with engine.connect() as connection:
        return [
            Writing(f"table {table.name}", repr(tuple(row)))
            for table in metadata.sorted_tables
            for row in await connection.execute(select(table))
        ]


async def redis_writings(url: str) -> list[Writing]:
    """All keys with what they hold."""
    client = redis.asyncio.from_url(url, decode_responses=True)
    readers = {
        "string": client.get,
        "hash": client.hgetall,
        "zset": lambda key: client.zrange(key, 0, -1),
        "list": lambda key: client.lrange(key, 0, -1),
        "set": client.smembers,
        "stream": client.xrange,
    }
    try:
        return [
            Writing("redis", f"{key} {await readers[await client.type(key)](key)}") async for key in client.scan_iter()
        ]
    finally:
        await client.aclose()
