import socket

import asyncpg
import pytest
import redis.asyncio

from tests.servers import driver_url


@pytest.mark.parametrize("round_", [1, 2])
async def test_every_test_begins_with_empty_tables(database: str, round_: int):
    connection = await asyncpg.connect(driver_url(database))
    try:
        assert await connection.fetchval("SELECT count(*) FROM account") == 0
        await connection.execute(
            "INSERT INTO account (id, name, is_placeholder, created_at, updated_at) "
            "VALUES ('usr_1', 'Ada', false, now(), now())"
        )
    finally:
        await connection.close()


@pytest.mark.parametrize("round_", [1, 2])
async def test_every_test_begins_with_an_empty_redis(redis_database: str, round_: int):
    client = redis.asyncio.from_url(redis_database)
    try:
        assert await client.incr("rounds") == 1
    finally:
        await client.aclose()


def test_other_hosts_cannot_be_reached():
    with pytest.raises(AssertionError, match=r"A test wants to reach 192\.0\.2\.1"), socket.socket() as client:
        client.connect(("192.0.2.1", 80))
    with pytest.raises(AssertionError, match=r"A test wants to reach example\.org"):
        socket.getaddrinfo("example.org", 443)
